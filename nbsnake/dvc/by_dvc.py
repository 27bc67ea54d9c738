"""The plan by DVC: what it makes of dvc.yaml, of the parameter files, and of its settings."""

import contextlib
import json
import os
import posixpath
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import dpath
from dvc.exceptions import DvcException
from dvc.repo.reproduce import get_active_graph, plan_repro
from dvc.stage import PipelineStage
from dvc.stage.utils import split_params_deps
from dvc.utils.serialize import load_path
from dvc_objects.fs.utils import umask

from nbsnake.dvc.failures import dvc_failures, one_line
from nbsnake.dvc.open import open_repo
from nbsnake.dvc.reading import read_config
from nbsnake.dvc.resolved import Resolved, file_order, planned
from nbsnake.errors import PipelineError, StaleError, Where
from nbsnake.job.cache import Cache
from nbsnake.job.inside import fault
from nbsnake.job.plan import Plan, PlannedOut, PlannedStep, Tracked
from nbsnake.job.regular import read_regular
from nbsnake.model.paramtype import has_value_at, value_at
from nbsnake.names import ALL_RULE, DVC_FILE, PARAMS_FILE, base_name
from nbsnake.render.stage import OWNER
from nbsnake.render.stage_reader import Stage
from nbsnake.settings.settings import read_values
from nbsnake.yaml_limits import check_size, limited_time


def plan_by_dvc(templates: Mapping[str, Stage], config: Mapping[str, Any]) -> Plan:
    """All stages that `dvc repro` would run, in its order; ``templates`` are the generated ones.

    Raises :class:`NbsnakeError` when DVC cannot read the project.
    """
    with dvc_failures("read the project", hint="see: dvc status -v"), open_repo() as repo:
        try:
            return _plan(repo, templates, config)
        except DvcException as error:
            if stale := _staleness(error):
                raise stale from None
            raise


def settings_by_dvc() -> Plan:
    """A plan without steps, with what DVC's settings say; no stage is read.

    Raises :class:`NbsnakeError` when DVC cannot read them.
    """
    with dvc_failures("read the project", hint="see: dvc status -v"), open_repo() as repo:
        return _without_steps(repo)


def config_files() -> list[str]:
    """The files of DVC's settings, also those that are absent."""
    return [_relative(path) for path in read_config().files.values()]


def _without_steps(repo: Any) -> Plan:
    core, cached = repo.config["core"], repo.cache.local
    folder = _relative(repo.cache.legacy.path)
    return Plan(
        steps={},
        params={},
        cache=Cache(folder, tuple(cached.cache_types), *_cache_modes(repo)),
        beyond=_beyond(repo),
        root=os.getcwd(),
        state=repo.site_cache_dir,
        autostage=bool(core.get("autostage")),
        no_scm=bool(core.get("no_scm")),
        hardlink_lock=bool(core.get("hardlink_lock")),
        parsing=bool(repo.config.get("parsing")),
    )


def _plan(repo: Any, templates: Mapping[str, Stage], config: Mapping[str, Any]) -> Plan:
    wanted = [stage for stage in repo.index.stages if _relative(stage.path) == DVC_FILE]
    order = plan_repro(get_active_graph(repo.index.graph), wanted) if wanted else []
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
            pick = _picker(load if template.is_authored else read)
            steps[stage.name] = planned(resolved(stage), templates, config, pick)
        else:
            steps[stage.name] = _planned_as_written(stage, load)
    return _without_steps(repo)._replace(
        steps=steps,
        left=left,
        tracked=tuple(_tracked_by_dvc(order)),
        left_outs={
            _relative(out.fs_path): stage.addressing
            for stage in order
            if stage.addressing in left
            for out in stage.outs
            if out.protocol == "local"
        },
    )


def resolved(stage: Any) -> Resolved:
    """A generated stage as DVC has it."""
    params, deps = split_params_deps(stage)
    return Resolved(
        name=stage.name,
        notebook=stage.meta[OWNER],
        cmd=stage.cmd,
        deps=tuple(dep.def_path for dep in deps),
        outs=tuple(PlannedOut(out.def_path, out.use_cache, out.persist) for out in stage.outs),
        params={posixpath.normpath(dep.def_path): tuple(dep.params) for dep in params},
        run_cache=_is_remembered(stage),
    )


def _picker(read: Callable[[str], Any]) -> Callable[[str, Collection[str]], dict[str, Any]]:
    return lambda file, keys: _pick(read(file), keys)


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
    return _pick(load(dep.fs_path) if os.path.isfile(dep.fs_path) else {}, dep.params)


def _pick(held: Any, keys: Collection[str]) -> dict[str, Any]:
    if not keys:
        return dict(held)
    found = {}
    for key in keys:
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
    for dep in sorted(params, key=lambda dep: file_order(dep.def_path)):
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
        whole=tuple(posixpath.normpath(dep.def_path) for dep in params if not dep.params),
    )


def _is_remembered(stage: Any) -> bool:
    """DVC's own rules of which runs it remembers: dvc.stage.cache._can_hash, Stage.run."""
    unlogged = any(not out.use_cache and not (out.is_metric or out.is_plot) for out in stage.outs)
    goes = all(not out.persist and out.is_in_repo for out in stage.outs)
    changes = stage.always_changed or stage.is_callback
    return bool(stage.deps and stage.outs) and goes and not unlogged and not changes


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
