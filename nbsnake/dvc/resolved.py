"""A generated stage with its templates filled in, and the planned step that it is."""

import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from nbsnake.errors import PipelineError, StaleError, Where
from nbsnake.job.plan import PlannedOut, PlannedStep
from nbsnake.names import PARAMS_FILE
from nbsnake.places import place_of
from nbsnake.render.stage_reader import (
    Stage,
    fan_in_paths,
    lists_in_file,
    rule_argv,
    unpacked_section,
)
from nbsnake.render.values import by_param

Pick = Callable[[str, tuple[str, ...]], dict[str, Any]]  # by file and keys, all keys for none


class Resolved(NamedTuple):
    """A generated stage, or a variant of it, as dvc.yaml means it today.

    ``params`` maps parameter files to the keys that the stage takes from them, none for all.
    ``run_cache`` is whether DVC remembers its runs.
    """

    name: str
    notebook: str
    cmd: str
    deps: tuple[str, ...]
    outs: tuple[PlannedOut, ...]
    params: dict[str, tuple[str, ...]]
    run_cache: bool


def planned(
    stage: Resolved, templates: Mapping[str, Stage], config: Mapping[str, Any], pick: Pick
) -> PlannedStep:
    """The step that a stage is; ``pick`` gives the values of parameter files, those that are there.

    Raises :class:`PipelineError` and :class:`StaleError` where values do not fit the stage.
    """
    name, _, key = stage.name.partition("@")
    template = templates[name]
    params = _values(stage, pick)
    given = {name: value for each in params.values() for name, value in each.items()}
    _check_words(stage, given, template)
    lists = lists_in_file(template, fan_in_paths(template, key, templates))
    step = PlannedStep(
        name=stage.name,
        notebook=stage.notebook,
        cmd=stage.cmd,
        argv=rule_argv(template, key, by_param(given, template.keys), lists),
        deps=tuple(sorted(stage.deps)),
        outs=stage.outs,
        params=params,
        run_cache=stage.run_cache,
        axes=template.axes(key),
        lists=lists,
        keys=template.keys,
        whole=tuple(file for file, keys in stage.params.items() if not keys),
    )
    _check_params(step, template, config)
    return step


def file_order(path: str) -> tuple[bool, str]:
    """params.yaml comes first, as in dvc.lock."""
    return path != PARAMS_FILE, path


def _values(stage: Resolved, pick: Pick) -> dict[str, dict[str, Any]]:
    """The values that a stage takes, by file and key."""
    found = {}
    for file in sorted(stage.params, key=file_order):
        if file != PARAMS_FILE and not os.path.exists(file):
            raise StaleError(
                f"{file} is gone, from which {stage.name} takes values",
                hint="bring it back, or run: nbsnake generate",
            )
        values = pick(file, stage.params[file])
        if missing := sorted({*stage.params[file]} - {*values}):
            raise PipelineError(
                f"{', '.join(missing)} missing, which {stage.notebook} takes from here",
                where=Where(file),
                hint="set it, or run: nbsnake generate",
            )
        found[file] = {key: values[key] for key in sorted(values)}
    return found


def _check_words(stage: Resolved, values: Mapping[str, Any], template: Stage) -> None:
    """A command that was generated for other values cannot hold every new one."""
    if len(stage.cmd.splitlines()) != 1:
        fault = "has a line break"
    elif "--" in values.values() and unpacked_section(template.body["cmd"]):
        fault = "is '--', which a command line cannot hold"
    else:
        return
    raise PipelineError(
        f"a value below {stage.name!r} {fault}",
        where=Where(PARAMS_FILE),
        hint="run: nbsnake generate",
    )


def _check_params(step: PlannedStep, template: Stage, config: Mapping[str, Any]) -> None:
    """DVC passes all entries of a section, so there may be no others."""
    section = unpacked_section(template.body["cmd"])
    given = config.get(section)
    known = {key.rpartition(".")[2] for key in step.params.get(PARAMS_FILE, {})}
    unknown = sorted(set(given) - known) if isinstance(given, dict) else []
    if unknown:
        raise PipelineError(
            f"{section}.{unknown[0]} is not what dvc.yaml takes from here",
            where=place_of(PARAMS_FILE, (section, unknown[0])),
            hint=f"remove it, or declare it in {step.notebook} and run: nbsnake generate",
        )
