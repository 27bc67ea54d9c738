"""What is asked of DVC itself: the plan, its lock, its .gitignore."""

import contextlib
import json
import os
import subprocess
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

from dvc.config import Config
from dvc.exceptions import DvcException
from dvc.lock import make_lock
from dvc.repo import Repo
from dvc.repo.reproduce import get_active_graph, plan_repro
from dvc.stage.utils import split_params_deps

from nbsnake.atomic import write_atomically
from nbsnake.cache import Cache
from nbsnake.errors import NbsnakeError, PipelineError, StaleError, ToolError, Where, raise_all
from nbsnake.model import PARAMS_FILE, upwards
from nbsnake.paramtype import has_value_at, value_at
from nbsnake.places import place_of
from nbsnake.plan import (
    PLAN_FILE,
    Plan,
    PlannedOut,
    PlannedStep,
    plan_to_dict,
    read_current_plan,
    source_digests,
)
from nbsnake.project import read_params, read_values, read_yaml
from nbsnake.render.stage import DVC_FILE, OWNER
from nbsnake.schema import read_schema, schema_faults
from nbsnake.stages import (
    Stage,
    fan_in_paths,
    lists_in_file,
    overlay_files,
    read_stages,
    rule_argv,
    unpacked_section,
)
from nbsnake.values import by_param
from nbsnake.variants import base_name

TEMPORARY = ".dvc/tmp"


def current_plan() -> Plan:
    """The plan for the files as they are now; DVC is asked only if one of them has changed.

    Raises :class:`NbsnakeError` when DVC cannot read the project.
    """
    plan = read_current_plan()
    if plan is None:
        plan, sources = _make_plan()
        data = json.dumps(plan_to_dict(plan, source_digests(sources))).encode()
        write_atomically(PLAN_FILE, data)
    return plan


def _make_plan() -> tuple[Plan, list[str]]:
    """The plan, and the files that it depends on."""
    config = read_params()
    schema = read_schema() or {}
    raise_all(schema_faults(schema, config, PARAMS_FILE))
    templates = read_stages(read_yaml(DVC_FILE), config)
    for file in overlay_files(templates):
        raise_all(schema_faults(schema, read_values(file), file))
    params_files = {PARAMS_FILE}
    steps = {}
    read = cache(read_values)
    try:
        with Repo(".") as repo:
            order = plan_repro(get_active_graph(repo.index.graph), list(repo.index.stages))
            names = [stage.name for stage in order if not stage.is_data_source]
            for stage in order:
                if template := templates.get(base_name(getattr(stage, "name", ""))):
                    steps[stage.name] = _planned(stage, template, templates, read)
                    _check_params(steps[stage.name], template, config)
                    params_files.update(steps[stage.name].params)
            _check_outputs(steps.values())
            held = Cache(_relative(repo.cache.legacy.path), tuple(repo.cache.local.cache_types))
    except DvcException as error:
        raise _explained(error) from None
    configs = [str(path) for path in Config(".dvc", validate=False).files.values()]
    sources = [DVC_FILE, *sorted(params_files), *map(_relative, configs)]
    return Plan(steps, tuple(names), config, held), sources


def _params(stage: Any, template: Stage, read: Callable[[str], Any]) -> dict[str, dict[str, Any]]:
    """The values that a stage takes, by file and key; ``read`` gives what a file holds.

    DVC reads the file anew for each stage, and so is asked only for keys that an author wrote.
    """
    found = {}
    for dep in sorted(split_params_deps(stage)[0], key=_file_order):
        if dep.def_path != PARAMS_FILE and not os.path.exists(dep.def_path):
            raise StaleError(
                f"{dep.def_path} is gone, from which {stage.name} takes values",
                hint="bring it back, or run: nbsnake generate",
            )
        values = dep.read_params() if template.is_authored else _picked(dep, read)
        if missing := sorted(set(dep.params) - set(values)):
            raise PipelineError(
                f"{', '.join(missing)} missing, which {stage.meta[OWNER]} takes from here",
                where=Where(dep.def_path),
                hint="set it, or run: nbsnake generate",
            )
        found[dep.def_path] = {key: values[key] for key in sorted(dep.params or values)}
    return found


def _file_order(dep: Any) -> tuple[bool, str]:
    return dep.def_path != PARAMS_FILE, dep.def_path


def _picked(dep: Any, read: Callable[[str], Any]) -> dict[str, Any]:
    held = read(dep.def_path)
    return {key: value_at(held, key) for key in dep.params if has_value_at(held, key)}


def _planned(
    stage: Any, template: Stage, templates: dict[str, Stage], read: Callable[[str], Any]
) -> PlannedStep:
    key = stage.name.partition("@")[2]
    deps = split_params_deps(stage)[1]
    params = _params(stage, template, read)
    if len(stage.cmd.splitlines()) != 1:
        raise PipelineError(
            f"a value below {stage.name!r} holds a line break",
            where=Where(PARAMS_FILE),
            hint="run: nbsnake generate",
        )
    values = {name: value for each in params.values() for name, value in each.items()}
    told = by_param(values, template.keys)
    lists = fan_in_paths(template, key, templates)
    in_file = lists_in_file(template, lists)
    unlogged = any(not out.use_cache and not (out.is_metric or out.is_plot) for out in stage.outs)
    return PlannedStep(
        name=stage.name,
        notebook=stage.meta[OWNER],
        cmd=stage.cmd,
        argv=rule_argv(template, key, told, in_file),
        deps=tuple(sorted(dep.def_path for dep in deps)),
        outs=tuple(PlannedOut(out.def_path, out.use_cache, out.persist) for out in stage.outs),
        params=params,
        # DVC's own rules of which runs it remembers: dvc.stage.cache._can_hash, Stage.run
        run_cache=bool(deps) and not unlogged and not any(out.persist for out in stage.outs),
        axes=template.axes(key),
        lists=in_file,
        keys=template.keys,
    )


def _check_outputs(steps: Iterable[PlannedStep]) -> None:
    """What DVC would refuse to track is refused before a job has overwritten it."""
    faults: list[NbsnakeError] = []
    root = os.path.realpath(".")
    tracked = _tracked_by_git()
    for step in steps:
        for out in step.outs:
            folder = os.path.realpath(os.path.dirname(out.path))
            if os.path.commonpath([root, folder]) != root:
                faults.append(
                    PipelineError(
                        f"a link leads the output {out.path} out of the project",
                        where=Where(step.notebook),
                        hint="write it below a folder of the project",
                    )
                )
            elif out.cache and out.path in tracked:
                faults.append(_tracked_fault(step.notebook, [out.path]))
    raise_all(faults)


def _tracked_by_git() -> set[str]:
    """The files that git tracks, and the folders that these are in; none without git."""
    try:
        told = subprocess.run(["git", "ls-files", "-z"], capture_output=True, check=False).stdout
    except OSError:
        return set()
    return {up for name in os.fsdecode(told).split("\0") for up in upwards(name)}


def _tracked_fault(file: str, paths: list[str]) -> PipelineError:
    return PipelineError(
        f"git tracks {', '.join(paths)}, which DVC is to track",
        where=Where(file),
        hint=f"run: git rm -r --cached {' '.join(paths)}",
    )


def _check_params(step: PlannedStep, template: Stage, config: dict[str, Any]) -> None:
    """DVC passes all that stands in a section, so nothing else may stand there."""
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


def _explained(error: DvcException) -> NbsnakeError:
    message = " ".join(str(error).split())
    if "Could not find" in message or "is not supported" in message:
        return StaleError(
            f"dvc.yaml and {PARAMS_FILE} do not fit: {message}",
            hint="set the value there, or run: nbsnake generate",
        )
    return ToolError(f"DVC cannot read the project: {message}", hint="see: dvc status -v")


def _relative(path: str) -> str:
    """The path from the root where it lies inside, so that it holds on every node."""
    relative = os.path.relpath(path)
    return os.path.abspath(path) if relative.startswith("..") else relative


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Hold DVC's lock on the project; wait for as long as another program holds it."""
    os.makedirs(TEMPORARY, exist_ok=True)
    lock = make_lock(os.path.join(TEMPORARY, "lock"), tmp_dir=TEMPORARY, wait=True)
    with lock:
        yield


def ignore(paths: Iterable[str]) -> None:
    """Let git ignore these outputs, by the lines that DVC itself would add.

    Raises :class:`PipelineError` for outputs that git tracks already.
    """
    unknown = [path for path in paths if not _has_line(path)]
    if not unknown:
        return
    with Repo(".") as repo:
        tracked = [path for path in unknown if repo.scm.is_tracked(os.path.abspath(path))]
        if tracked:
            raise _tracked_fault(DVC_FILE, tracked)
        with repo.scm_context(quiet=True) as context:
            for path in unknown:
                context.ignore(os.path.abspath(path))


def _has_line(path: str) -> bool:
    folder, name = os.path.split(path)
    try:
        with open(os.path.join(folder, ".gitignore"), encoding="utf-8") as file:
            return f"/{name}" in file.read().splitlines()
    except FileNotFoundError:
        return False
