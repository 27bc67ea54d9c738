"""Sections of params.yaml whose step is gone: values that a renamed notebook would lose."""

from collections.abc import Mapping
from typing import Any

from nbsnake.errors import NbsnakeError, PipelineError
from nbsnake.model.pipeline import Pipeline
from nbsnake.model.step import Step
from nbsnake.names import DVC_FILE, PARAMS_FILE
from nbsnake.places import place_of
from nbsnake.render.stage import is_ours
from nbsnake.settings.settings import read_yaml


def orphan_faults(pipeline: Pipeline, params: Mapping[str, Any]) -> list[NbsnakeError]:
    """A fault for each section of a former step, where a new step may be the same one renamed.

    A former step is a generated stage of dvc.yaml without a notebook. With its section, tuned
    values would be replaced by the literals of the notebook, without a word.
    """
    names = {step.name for step in pipeline.steps}
    lists = {axis.key.partition(".")[0] for step in pipeline.steps for axis in step.axes}
    loose = [name for name, value in params.items() if isinstance(value, dict)]
    loose = [name for name in loose if name not in names | lists]
    if not loose:
        return []
    generated = _generated_stages()
    new = [
        step
        for step in pipeline.steps
        if step.name not in generated and step.name not in params and step.config
    ]
    former = [name for name in loose if name in generated] if new else []
    return [_fault(name, _likeliest(params[name], new)) for name in former]


def _generated_stages() -> set[str]:
    stages = read_yaml(DVC_FILE).get("stages")
    if not isinstance(stages, dict):
        return set()
    return {name for name, stage in stages.items() if is_ours(stage)}


def _likeliest(section: Mapping[str, Any], new: list[Step]) -> Step:
    """The new step that has most of the section's parameters."""
    return max(new, key=lambda step: len(section.keys() & {arg.name for arg in step.arguments}))


def _fault(name: str, step: Step) -> NbsnakeError:
    return PipelineError(
        f"no step is called {name!r} any more; was its notebook renamed to {step.notebook}?",
        where=place_of(PARAMS_FILE, (name,)),
        hint=f"rename the section to '{step.name}:' to keep its values, or remove it",
    )
