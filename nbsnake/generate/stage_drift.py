"""Which stages of dvc.yaml are others than those that the notebooks give now."""

from collections.abc import Mapping
from typing import Any

from nbsnake.plain_yaml import load_yaml
from nbsnake.render.stage import OWNER, is_ours

# What a result rests on. Which variants there are is not among it, as those of before stay right.
DECIDING = ("cmd", "deps", "params", "outs", "metrics", "plots")


def changed_stages(old: str, new: str) -> dict[str, str]:
    """The stages of ``new`` whose results would be others than those of ``old``.

    Both are texts of dvc.yaml. Gives the notebook of each stage, by the stage's name.
    """
    before, now = _bodies(old), _bodies(new)
    return {
        name: body["meta"][OWNER]
        for name, body in now.items()
        if name in before and _deciding(before[name]) != _deciding(body)
    }


def _bodies(text: str) -> dict[str, Mapping[str, Any]]:
    document = load_yaml(text)
    stages = document.get("stages") if isinstance(document, dict) else None
    found = stages.items() if isinstance(stages, dict) else ()
    return {name: stage.get("do") or stage for name, stage in found if is_ours(stage)}


def _deciding(body: Mapping[str, Any]) -> list[Any]:
    return [body.get(key) for key in DECIDING]
