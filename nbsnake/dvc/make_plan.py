"""Making the plan: what DVC makes of dvc.yaml, its templates and the parameter files."""

import contextlib
import json
import os
import posixpath
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import dpath
from dvc.config import Config
from dvc.exceptions import DvcException
from dvc.repo.reproduce import get_active_graph, plan_repro
from dvc.stage import PipelineStage
from dvc.stage.utils import split_params_deps
from dvc.utils.serialize import load_path
from dvc_objects.fs.utils import umask

from nbsnake.dvc.failures import dvc_failures, one_line
from nbsnake.dvc.gitignore import tracked_by_git, untrack
from nbsnake.dvc.lockfile import read_lock
from nbsnake.dvc.open import open_repo
from nbsnake.errors import NbsnakeError, PipelineError, StaleError, Where, raise_all
from nbsnake.job.cache import Cache
from nbsnake.job.inside import fault
from nbsnake.job.plan import Plan, PlannedOut, PlannedStep, Tracked
from nbsnake.job.regular import read_regular
from nbsnake.model.paramtype import has_value_at, value_at
from nbsnake.model.variants import base_name
from nbsnake.names import ALL_RULE, DVC_FILE, PARAMS_FILE, upwards
from nbsnake.places import place_of
from nbsnake.render.stage import OWNER
from nbsnake.render.stage_reader import (
    Stage,
    fan_in_paths,
    lists_in_file,
    overlay_files,
    read_stages,
    rule_argv,
    unpacked_section,
)
from nbsnake.render.values import by_param
from nbsnake.settings.schema import read_schema, schema_faults
from nbsnake.settings.settings import (
    SETTINGS_FILE,
    read_params,
    read_settings,
    read_values,
    read_yaml,
)
from nbsnake.yaml_limits import check_size, limited_time


def make_plan() -> tuple[Plan, list[str]]:
    """The plan, and the files that it depends on.

    Raises :class:`NbsnakeError` when DVC cannot read the project.
    """
    read_lock()  # which reports a fault in it better than DVC does
    config = read_params()
    schema = read_schema() or {}
    raise_all(schema_faults(schema, config, PARAMS_FILE))
    templates = read_stages(read_yaml(DVC_FILE), config)
    for file in overlay_files(templates):
        raise_all(schema_faults(schema, read_values(file), file))
    with dvc_failures("read the project", hint="see: dvc status -v"), open_repo() as repo:
        try:
            plan = _plan(repo, templates, config)
        except DvcException as error:
            if stale := _staleness(error):
                raise stale from None
            raise
    _check_outputs(plan.steps.values())
    _check_inputs(plan.steps)
    return plan, sorted({*_sources(plan)})


def _plan(repo: Any, templates: dict[str, Stage], config: dict[str, Any]) -> Plan:
    """The stages that `dvc repro` would run, in its order."""
    wanted = [stage for stage in repo.index.stages if _relative(stage.path) == DVC_FILE]
    order = plan_repro(get_active_graph(repo.index.graph), wanted) if wanted else []
    settings = read_settings()
    read, load = cache(read_values), cache(lambda path: _load(repo, path))
    made = {out.fs_path for stage in order for out in stage.outs}
    left = {
        stage.addressing: why
        for stage in order
        if base_name(stage.addressing) not in templates
        and (why := _reason_to_leave(stage, made, load))
    }
    steps = {}
    for stage in order:
        if stage.is_data_source or stage.addressing in left:
            continue
        if template := templates.get(base_name(stage.name)):
            steps[stage.name] = _planned(stage, template, templates, read)
            _check_params(steps[stage.name], template, config)
        else:
            steps[stage.name] = _planned_as_written(stage, load)
    cached = repo.cache.local
    return Plan(
        steps=steps,
        params=config,
        cache=Cache(
            _relative(repo.cache.legacy.path), tuple(cached.cache_types), *_cache_modes(repo)
        ),
        left=left,
        tracked=tuple(_tracked_by_dvc(order)),
        beyond=_beyond(repo),
        root=os.getcwd(),
        state=repo.site_cache_dir,
        left_outs={
            _relative(out.fs_path): stage.addressing
            for stage in order
            if stage.addressing in left
            for out in stage.outs
            if out.protocol == "local"
        },
        autostage=bool(repo.config["core"].get("autostage")),
        no_scm=bool(repo.config["core"].get("no_scm")),
        hardlink_lock=bool(repo.config["core"].get("hardlink_lock")),
        unrecorded=settings.unrecorded,
        strict=settings.strict,
    )


def _sources(plan: Plan) -> Iterator[str]:
    """The files from which the plan was made, and those that would make it another one."""
    yield from (DVC_FILE, PARAMS_FILE, SETTINGS_FILE)
    yield from (_relative(path) for path in Config(".dvc", validate=False).files.values())
    yield from (each.file for each in plan.tracked)
    makers = plan.makers()
    for step in plan.steps.values():
        yield from (os.path.normpath(os.path.join(step.wdir, file)) for file in step.params)
        for path in step.deps:
            if path not in makers and not os.path.isabs(path) and not path.startswith("workflow/"):
                yield from (f"{up}.dvc" for up in upwards(path))


def _cache_modes(repo: Any) -> tuple[int, int, int]:
    """The permissions of files of the workspace, of folders of the cache, and of its entries."""
    local = repo.cache.local
    shared: int = local._file_mode  # noqa: SLF001  (DVC offers it nowhere else)
    own = shared if local.cache_types[0] == "copy" else 0o666 & ~umask
    return own, local._dir_mode, shared  # noqa: SLF001


def _beyond(repo: Any) -> str:
    """Why only DVC can lock results here; "" where nbsnake can."""
    for name, remote in repo.config["remote"].items():
        if remote.get("version_aware") or remote.get("worktree"):
            return f"the remote {name!r} keeps versions of files"
    return ""


def _tracked_by_dvc(order: Iterable[Any]) -> Iterator[Tracked]:
    for stage in order:
        if stage.is_data_source and not stage.is_partial_import:
            for out in stage.outs:
                if out.protocol == "local" and out.hash_info:
                    yield Tracked(
                        _relative(stage.path), _relative(out.fs_path), out.hash_info.value
                    )


def _reason_to_leave(stage: Any, made: Collection[str], load: Callable[[str], Any]) -> str:
    """Why only DVC can run a stage; "" for one that nbsnake can run too.

    ``made`` are the paths that stages write, ``load`` gives what a parameter file holds.
    """
    if stage.is_data_source:
        return ""
    if not isinstance(stage, PipelineStage) or _relative(stage.path) != DVC_FILE:
        return f"it is in {_relative(stage.path)}"
    if stage.name == ALL_RULE:
        return "the Snakefile has a rule of that name"
    params, deps = split_params_deps(stage)
    for each in (*deps, *stage.outs):
        if not f"{stage.addressing}{each.def_path}".isprintable():
            return "its name, or one of its paths, has characters that are not printed"
        if each.protocol != "local":
            return f"{each.def_path} is on no disk of this machine"
        if each in stage.outs and (why := fault(_relative(each.fs_path))):
            return f"its output {each.def_path} {why}"
        if {"{", "}"} & {*each.def_path}:
            return f"Snakemake reads the braces of {each.def_path} as a wildcard"
    for dep in params:
        if dep.fs_path in made:
            return f"it takes parameters from {_relative(dep.fs_path)}, which a stage writes"
        try:
            json.dumps(_values(dep, load))
        except TypeError:
            return f"{_relative(dep.fs_path)} has values that are neither numbers nor strings"
    return ""


def _load(repo: Any, path: str) -> Any:
    """What a parameter file contains, of any format that DVC knows."""
    with limited_time(read_regular(path).decode(errors="replace")):
        found = load_path(path, repo.fs)
    check_size(found)
    return found


def _values(dep: Any, load: Callable[[str], Any]) -> dict[str, Any]:
    """The values that a dependency names, as DVC finds them; all of a file without names.

    DVC reads the file again for each stage.
    """
    held = load(dep.fs_path) if os.path.isfile(dep.fs_path) else {}
    if not dep.params:
        return dict(held)
    found = {}
    for key in dep.params:
        if has_value_at(held, key):
            found[key] = value_at(held, key)
        else:  # a list's item, or a pattern
            with contextlib.suppress(KeyError):
                found[key] = dpath.get(held, key, separator=".")
    return found


def _planned_as_written(stage: Any, load: Callable[[str], Any]) -> PlannedStep:
    """A hand-written stage, which runs as DVC runs it."""
    params, deps = split_params_deps(stage)
    outs = tuple(
        PlannedOut(_relative(out.fs_path), out.use_cache, out.persist) for out in stage.outs
    )
    names = {_relative(each.fs_path): each.def_path for each in (*deps, *stage.outs)}
    values = {}
    for dep in sorted(params, key=_file_order):
        found = _values(dep, load)
        if missing := sorted({*dep.params} - {*found}):
            raise PipelineError(
                f"{', '.join(missing)} missing, which the stage {stage.name!r} takes from here",
                where=Where(_relative(dep.fs_path)),
                hint=f"set it, or fix {DVC_FILE}",
            )
        # DVC writes the path without a leading ./ to dvc.lock
        values[posixpath.normpath(dep.def_path)] = {key: found[key] for key in sorted(found)}
    return PlannedStep(
        name=stage.name,
        notebook="",
        cmd=stage.cmd,
        argv=(),
        deps=tuple(sorted(_relative(dep.fs_path) for dep in deps)),
        outs=outs,
        params=values,
        run_cache=_is_remembered(stage),
        axes={},
        lists={},
        keys={},
        wdir=_relative(stage.wdir),
        names={path: name for path, name in names.items() if name != path},
        frozen=stage.frozen,
        always=bool(stage.always_changed or stage.is_callback),
        whole=_whole_files(params),
    )


def _is_remembered(stage: Any) -> bool:
    """DVC's own rules of which runs it remembers: dvc.stage.cache._can_hash, Stage.run."""
    unlogged = any(not out.use_cache and not (out.is_metric or out.is_plot) for out in stage.outs)
    goes = all(not out.persist and out.is_in_repo for out in stage.outs)
    changes = stage.always_changed or stage.is_callback
    return bool(stage.deps and stage.outs) and goes and not unlogged and not changes


def _params(stage: Any, template: Stage, read: Callable[[str], Any]) -> dict[str, dict[str, Any]]:
    """The values that a stage takes, by file and key; ``read`` gives what a file holds.

    DVC reads the file again for each stage, and so is asked only for keys that an author wrote.
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


def _whole_files(params: Iterable[Any]) -> tuple[str, ...]:
    """The parameter files of which a stage names no keys, as dvc.lock calls them."""
    return tuple(posixpath.normpath(dep.def_path) for dep in params if not dep.params)


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
    values = {name: value for each in params.values() for name, value in each.items()}
    _check_words(stage, values, template)
    own = by_param(values, template.keys)
    lists = fan_in_paths(template, key, templates)
    in_file = lists_in_file(template, lists)
    return PlannedStep(
        name=stage.name,
        notebook=stage.meta[OWNER],
        cmd=stage.cmd,
        argv=rule_argv(template, key, own, in_file),
        deps=tuple(sorted(dep.def_path for dep in deps)),
        outs=tuple(PlannedOut(out.def_path, out.use_cache, out.persist) for out in stage.outs),
        params=params,
        run_cache=_is_remembered(stage),
        axes=template.axes(key),
        lists=in_file,
        keys=template.keys,
        whole=_whole_files(split_params_deps(stage)[0]),
    )


def _check_words(stage: Any, values: dict[str, Any], template: Stage) -> None:
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


def _check_params(step: PlannedStep, template: Stage, config: dict[str, Any]) -> None:
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


def _staleness(error: DvcException) -> StaleError | None:
    """What DVC's error says of generated stages, None for another error."""
    message = one_line(error)
    if "Could not find" in message or "is not supported" in message:
        return StaleError(
            f"dvc.yaml and {PARAMS_FILE} do not fit: {message}",
            hint="set the value there, or run: nbsnake generate",
        )
    return None


def _relative(path: str) -> str:
    """The path from the root where it lies inside, so that it holds on every node."""
    relative = os.path.relpath(path)
    return os.path.abspath(path) if relative.startswith("..") else relative
