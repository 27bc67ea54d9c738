"""Making the plan of a project: by its own stages where it has no others, by DVC where it has."""

import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from nbsnake.dvc.gitignore import tracked_by_git, untrack
from nbsnake.dvc.lockfile import read_lock
from nbsnake.dvc.own_stages import NotCertainError, own_steps, with_order
from nbsnake.errors import NbsnakeError, PipelineError, Where, raise_all
from nbsnake.job.content import source_digests
from nbsnake.job.inside import fault
from nbsnake.job.plan import Plan, PlannedStep, read_old_plan
from nbsnake.names import DVC_FILE, PARAMS_FILE, upwards
from nbsnake.render.stage_reader import Stage, overlay_files, read_stages
from nbsnake.settings.schema import read_schema, schema_faults
from nbsnake.settings.settings import (
    SETTINGS_FILE,
    read_params,
    read_settings,
    read_values,
    read_yaml,
)


def make_plan() -> tuple[Plan, list[str]]:
    """The plan, and the files that it depends on.

    Raises :class:`NbsnakeError` when it or DVC cannot read the project.
    """
    read_lock()  # which reports a fault in it better than DVC does
    config = read_params()
    schema = read_schema() or {}
    raise_all(schema_faults(schema, config, PARAMS_FILE))
    document = read_yaml(DVC_FILE)
    templates = read_stages(document, config)
    for file in overlay_files(templates):
        raise_all(schema_faults(schema, read_values(file), file))
    plan, files = _resolved(document, templates, config)
    settings = read_settings()
    plan = plan._replace(
        params=config, unrecorded=settings.unrecorded, strict=settings.strict, root=os.getcwd()
    )
    _check_outputs(plan.steps.values())
    _check_inputs(plan.steps)
    return plan, sorted({*files, *_sources(plan)})


def _resolved(
    document: Mapping[str, Any], templates: Mapping[str, Stage], config: Mapping[str, Any]
) -> tuple[Plan, list[str]]:
    """The plan with its steps, and the files of DVC's settings."""
    try:
        settings, files = _settings()
        steps = own_steps(document, templates, config, cache(read_values), settings)
        return with_order(steps, settings), files
    except NotCertainError:
        from nbsnake.dvc.by_dvc import config_files, plan_by_dvc  # slow, and seldom needed

        return plan_by_dvc(templates, config), config_files()


def _settings() -> tuple[Plan, list[str]]:
    """A plan with what DVC's settings say, and their files; DVC is asked only if they changed."""
    old = read_old_plan()
    if old and old[0].root == os.getcwd():
        files = {*old[1]} - {*_sources(old[0])}
        if source_digests([*files]) == {path: old[1][path] for path in files}:
            return old[0]._replace(steps={}, left={}, left_outs={}, tracked=()), sorted(files)
    from nbsnake.dvc.by_dvc import config_files, settings_by_dvc  # slow, and seldom needed

    return settings_by_dvc(), config_files()


def _sources(plan: Plan) -> Iterator[str]:
    """The project's files from which the plan was made, or that would make it another one."""
    yield from (DVC_FILE, PARAMS_FILE, SETTINGS_FILE)
    yield from (each.file for each in plan.tracked)
    makers = plan.makers()
    for step in plan.steps.values():
        yield from (os.path.normpath(os.path.join(step.wdir, file)) for file in step.params)
        for path in step.deps:
            if path not in makers and not os.path.isabs(path) and not path.startswith("workflow/"):
                yield from (f"{up}.dvc" for up in upwards(path))


def _check_outputs(steps: Iterable[PlannedStep]) -> None:
    """What DVC would refuse to track is refused before a job has overwritten it."""
    faults: list[NbsnakeError] = []
    tracked = {up for name in tracked_by_git() for up in upwards(name)}
    for step in (step for step in steps if step.notebook):
        for out in step.outs:
            if why := fault(out.path):
                faults.append(
                    PipelineError(
                        f"the output {out.path} {why}",
                        where=Where(step.notebook),
                        hint="write it below a folder of the project",
                    )
                )
            elif out.cache and out.path in tracked:
                faults.append(
                    PipelineError(
                        f"git tracks {out.path}, which DVC is to track",
                        where=Where(step.notebook),
                        hint=f"run: {untrack(out.path)}",
                    )
                )
    raise_all(faults)


def _check_inputs(steps: Mapping[str, PlannedStep]) -> None:
    """A rule of a notebook's step cannot wait for a part of what a hand-written stage writes."""
    written = {
        out.path: step
        for step in steps.values()
        for out in step.outs
        if not (step.notebook or step.frozen)
    }
    faults: list[NbsnakeError] = [
        PipelineError(
            f"{path} is inside {up}, which is one output of the stage {written[up].name!r}",
            where=Where(step.notebook),
            hint=f"name the folder: ':dvc-in: {up}'",
        )
        for step in steps.values()
        if step.notebook
        for path in step.deps
        for up in upwards(path)
        if up != path and up in written
    ]
    raise_all(faults)
