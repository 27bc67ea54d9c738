"""nbsnake's reading of dvc.yaml and dvc.lock, compared with DVC's."""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from dvc.dvcfile import Lockfile
from dvc.repo import Repo
from dvc.stage import PipelineStage
from dvc.stage.serialize import to_single_stage_lockfile
from dvc.stage.utils import split_params_deps
from dvc.utils.serialize import dump_yaml

from nbsnake.dvc.lockfile import read_lock
from nbsnake.dvc.make_plan import make_plan
from nbsnake.errors import NbsnakeError
from nbsnake.job.plan import PlannedStep

Fields = dict[str, Any]


class Reading(NamedTuple):
    """What was read, by the name of the stage, or why it cannot be. ``left`` was not read."""

    stages: dict[str, Fields]
    error: str = ""
    left: tuple[str, ...] = ()


def compare_plans(pipelines: Iterable[Any]) -> list[str]:
    """How nbsnake's plan differs from DVC's resolution, for each content of dvc.yaml.

    For None, it is what the project has.
    """
    found = []
    for pipeline in pipelines:
        if pipeline is not None:
            dump_yaml("dvc.yaml", pipeline)
        found += [f"plan: {each}" for each in _differences(_planned(), _resolved())]
    return found


def compare_locks(texts: Iterable[str]) -> list[str]:
    """How nbsnake's reading of dvc.lock differs from DVC's, for each of its texts."""
    found = []
    for text in texts:
        Path("dvc.lock").write_text(text, encoding="utf-8")
        found += [f"lock: {each}" for each in _differences(_read_by_nbsnake(), _read_by_dvc())]
    return found


def _differences(ours: Reading, theirs: Reading) -> Iterator[str]:
    if bool(ours.error) != bool(theirs.error):
        yield f"nbsnake: {ours.error or 'accepts it'}; DVC: {theirs.error or 'accepts it'}"
    if ours.error or theirs.error:
        return
    for name in sorted({*ours.stages, *theirs.stages} - {*ours.left}):
        a, b = (each.stages.get(name, {}) for each in (ours, theirs))
        for key in sorted({*a, *b}):
            # The order of parameters counts, too
            if json.dumps(a.get(key), default=str) != json.dumps(b.get(key), default=str):
                yield f"{name}: {key}: nbsnake {a.get(key)!r}, DVC {b.get(key)!r}"


def _resolved() -> Reading:
    try:
        with Repo() as repo:
            repo.check_graph(repo.index.stages)
            stages = [each for each in repo.index.stages if _is_of_root(each)]
            return Reading({each.name: _resolved_stage(each) for each in stages})
    except Exception as error:
        return Reading({}, f"{type(error).__name__}: {error}")


def _is_of_root(stage: Any) -> bool:
    return isinstance(stage, PipelineStage) and stage.path_in_repo == "dvc.yaml"


def _resolved_stage(stage: Any) -> Fields:
    params, deps = split_params_deps(stage)
    for each in params:
        each.fill_values(each.read_params())
    entry = to_single_stage_lockfile(stage)
    return {
        "cmd": stage.cmd,
        "deps": sorted(each.def_path for each in deps),
        "params": entry.get("params", {}),
        "outs": sorted((each.def_path, each.use_cache, each.persist) for each in stage.outs),
        "wdir": os.path.relpath(stage.wdir),
        "frozen": bool(stage.frozen),
        "runs each time": bool(stage.always_changed or stage.is_callback),
        "locked": [[each["path"] for each in entry.get(name, ())] for name in ("deps", "outs")],
    }


def _planned() -> Reading:
    try:
        plan, _ = make_plan()
    except NbsnakeError as error:
        return Reading({}, str(error))
    stages = {name: _planned_step(step) for name, step in plan.steps.items()}
    return Reading(stages, left=tuple(plan.left))


def _planned_step(step: PlannedStep) -> Fields:
    entry = step.lock_entry(dict.fromkeys((*step.deps, *step.out_paths)))
    called = {path: step.names.get(path, path) for path in (*step.deps, *step.out_paths)}
    return {
        "cmd": step.cmd,
        "deps": sorted(called[path] for path in step.deps),
        "params": step.params,
        "outs": sorted((called[each.path], each.cache, each.persist) for each in step.outs),
        "wdir": step.wdir,
        "frozen": step.frozen,
        "runs each time": step.always,
        "locked": [[each["path"] for each in entry.get(name, ())] for name in ("deps", "outs")],
    }


def _read_by_nbsnake() -> Reading:
    try:
        return Reading(read_lock())
    except NbsnakeError as error:
        return Reading({}, str(error))


def _read_by_dvc() -> Reading:
    try:
        with Repo() as repo:
            return Reading(Lockfile(repo, "dvc.lock").load().get("stages") or {})
    except Exception as error:
        return Reading({}, f"{type(error).__name__}: {error}")
