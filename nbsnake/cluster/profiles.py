"""Snakemake profiles: settings, each with the reason for it, and the file that holds them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from nbsnake.errors import PipelineError, Where
from nbsnake.job.regular import read_regular
from nbsnake.model.paramtype import Value
from nbsnake.names import GROUPED

FILE = "profile.yaml"
PER_GROUP = 50  # steps that become one job
WIDTH = 92  # of comments
ALWAYS_REASON = "a step that fails stops only what needs it, and what was half done is done again"


class Setting(NamedTuple):
    """An option of Snakemake as profiles have it, and why it has its value, "" for no words."""

    key: str
    value: Value
    why: str = ""


def common_settings() -> list[Setting]:
    """What holds on every cluster."""
    return [
        Setting("scheduler", "greedy"),
        Setting("keep-going", True, ALWAYS_REASON),
        Setting("rerun-incomplete", True),
        Setting("show-failed-logs", True),
        Setting(
            "latency-wait",
            60,
            "seconds in which a file that a node wrote must be seen here, by a shared file system",
        ),
        Setting("max-jobs-per-timespan", "10/1s", "spares the controller"),
    ]


def group_settings(groups: Iterable[str], cores: int) -> list[Setting]:
    """How steps with ``:group:`` become jobs; ``cores`` is how many may run side by side."""
    names = sorted(set(groups))
    if not names:
        return []
    components: dict[str, Value] = dict.fromkeys(names, PER_GROUP)
    return [
        Setting("group-components", components, f"{PER_GROUP} steps of a group become one job"),
        Setting("resources", {GROUPED: cores}, f"of which {cores} run side by side"),
        Setting("set-resource-scopes", [f"{GROUPED}=local"]),
    ]


def render_profile(settings: Iterable[Setting], command: str, folder: str) -> str:
    """The file as YAML 1.1, by the library with which Snakemake reads it; reasons are comments."""
    lines = [
        f"# Written by `nbsnake {command}`, and yours from then on. It is used with:",
        f"#   snakemake --workflow-profile {folder}",
    ]
    for setting in settings:
        lines += [f"# {line}" for line in _wrapped(setting.why)]
        lines.append(_dumped(setting.key, setting.value))
    return "\n".join(lines) + "\n"


def _dumped(key: str, value: Value) -> str:
    text: str = yaml.safe_dump({key: value}, sort_keys=False, allow_unicode=True, width=10_000)
    return text.rstrip("\n")


def read_profile(folder: str) -> dict[str, Any]:
    """The settings in a folder's profile; {} where there is none.

    Raises :class:`PipelineError` for one that Snakemake could not read.
    """
    path = Path(folder, FILE)
    try:
        found = yaml.safe_load(read_regular(str(path))) or {}
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        fault = " ".join(str(error).split())
        raise PipelineError(f"cannot be read as YAML: {fault}", where=Where(str(path))) from None
    if not isinstance(found, dict):
        raise PipelineError("is not a mapping of settings", where=Where(str(path)))
    return found


def _wrapped(text: str) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= WIDTH:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def per_rule(values: Mapping[str, Mapping[str, Value]]) -> dict[str, Value]:
    """Settings by rule, without the rules that have none."""
    return {rule: {**each} for rule, each in values.items() if each}
