"""The steps of a project in which nbsnake wrote all stages: their templates filled in without DVC.

nbsnake knows the few templates that it writes. What DVC could take for something else, or for a
fault, is not certain here, and then DVC itself is asked.
"""

import os
import posixpath
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from nbsnake.dvc.order import order_of_dvc
from nbsnake.dvc.resolved import Resolved, planned
from nbsnake.dvc.scan import check_git_files, find_files
from nbsnake.errors import NbsnakeError
from nbsnake.job.content import is_md5
from nbsnake.job.ignore import hides_any
from nbsnake.job.inside import fault
from nbsnake.job.plan import Plan, PlannedOut, PlannedStep, Tracked
from nbsnake.model.paramtype import has_value_at, value_at
from nbsnake.model.variants import scalar_text
from nbsnake.names import DVC_FILE, LOCK_FILE, PARAMS_FILE, full_name, upwards
from nbsnake.programs import git_call
from nbsnake.render.stage import OWNER, is_ours
from nbsnake.render.stage_reader import Stage, unpacked_section
from nbsnake.settings.settings import read_yaml

_BODY = {"desc", "cmd", "deps", "params", "outs", "metrics", "plots", "meta"}
_OUTS = ("outs", "metrics", "plots")  # in DVC's order
_SHOWN = {"stages", "metrics", "plots"}  # sections of dvc.yaml that no stage depends on
_DVC_FILE_KEYS = {"outs", "desc", "meta"}
_TRACKED_KEYS = {"md5", "size", "hash", "nfiles", "isexec", "path"}
_TEMPLATE = re.compile(r"(?<!\\)\$\{(.*?)}")  # dvc.parsing.interpolate.KEYCRE
_KEY = re.compile(r"[\w-]+(\.[\w-]+)*")  # of a parameter, and no pattern


class NotCertainError(Exception):
    """What DVC makes of the project is not known here for certain; says what is not."""


def own_steps(
    document: Mapping[str, Any],
    templates: Mapping[str, Stage],
    config: Mapping[str, Any],
    read: Callable[[str], Mapping[str, Any]],
    settings: Plan,
) -> dict[str, PlannedStep]:
    """The steps in the order of dvc.yaml; ``read`` gives what a file of parameters holds.

    Raises :class:`NotCertainError`, and :class:`PipelineError` as :func:`planned` does.
    """
    if settings.parsing or {*document} - _SHOWN or "item" in config or "key" in config:
        raise NotCertainError("settings, or sections of dvc.yaml")
    if "${" in repr({name: document.get(name) for name in ("metrics", "plots")}):
        raise NotCertainError("templates beside the stages")
    found = {}
    for name, stage in (document.get("stages") or {}).items():
        _check_keys(name, stage)
        for key in templates[name].rows:
            resolved = resolve(templates[name], key, config)
            found[resolved.name] = planned(resolved, templates, config, _picker(read))
    return found


def _check_keys(name: str, stage: Any) -> None:
    if not is_ours(stage):
        raise NotCertainError(f"the hand-written stage {name}")
    own = {*stage} - {"matrix"}
    if own != {"foreach", "do"} and own - _BODY:
        raise NotCertainError(f"keys of {name}")
    if {*stage.get("do", stage)} - _BODY - {"matrix"} or "cmd" not in stage.get("do", stage):
        raise NotCertainError(f"keys of {name}")


def _picker(
    read: Callable[[str], Mapping[str, Any]],
) -> Callable[[str, tuple[str, ...]], dict[str, Any]]:
    def pick(file: str, keys: tuple[str, ...]) -> dict[str, Any]:
        held = read(file)
        return {key: value_at(held, key) for key in keys if has_value_at(held, key)}

    return pick


def resolve(template: Stage, key: str, config: Mapping[str, Any]) -> Resolved:
    """A stage, or the variant ``key`` of it, as DVC resolves it; ``config`` is params.yaml.

    Raises :class:`NotCertainError`.
    """
    body, filled = template.body, _filler(template, key)
    if _TEMPLATE.search(repr((body["meta"], body.get("desc")))):
        raise NotCertainError(f"templates in what describes {template.name}")
    section = unpacked_section(body["cmd"])
    tail = f"${{{section}}}" if section else ""
    cmd = filled(body["cmd"].removesuffix(tail))
    deps = tuple(map(filled, body.get("deps") or ()))
    outs = tuple(_outs(body, filled))
    params = _params(body, filled)
    for path in (*deps, *params, *(out.path for out in outs)):
        if not _is_plain(path):
            raise NotCertainError(f"the path {path!r}")
    return Resolved(
        name=full_name(template.name, key),
        notebook=_unescaped(body["meta"][OWNER]),
        cmd=cmd + (_unescaped(_as_options(config.get(section))) if section else ""),
        deps=deps,
        outs=outs,
        params=params,
        run_cache=_is_remembered(body, bool(deps or params), outs),
    )


def _is_plain(path: str) -> bool:
    """Whether a path inside the project is one for DVC, too, in these words."""
    is_inside = not path.startswith(("/", "~", "../")) and path not in ("", ".", "..")
    return is_inside and ":" not in path and posixpath.normpath(path) == path


def _filler(template: Stage, key: str) -> Callable[[str], str]:
    """What fills in a text for one variant, as dvc.parsing.interpolate.str_interpolate does."""
    row = template.rows[key]
    for value in (key, *row, *row.values()):
        parts = value.values() if isinstance(value, Mapping) else (value,)
        if any(type(each) not in (str, int, float) or "${" in str(each) for each in parts):
            raise NotCertainError(f"the variant {key!r} of {template.name}")

    def value_of(match: re.Match[str]) -> str:
        inner, is_variant = match[1], bool(row)
        if inner == "key" and is_variant:
            return key
        if is_variant and inner.startswith("item.") and has_value_at(row, inner[5:]):
            value = value_at(row, inner[5:])
            if not isinstance(value, Mapping) and match[0] != match.string:
                return scalar_text(value)
            if isinstance(value, str):
                return value
        raise NotCertainError(f"the template {match[0]}")

    return lambda text: _unescaped(_TEMPLATE.sub(value_of, text))


def _unescaped(text: str) -> str:
    return text.replace("\\${", "${")


def _outs(body: Mapping[str, Any], filled: Callable[[str], str]) -> Iterator[PlannedOut]:
    for entry in (each for kind in _OUTS for each in body.get(kind) or ()):
        path, flags = next(iter(entry.items())) if isinstance(entry, dict) else (entry, {})
        is_known = not isinstance(entry, dict) or len(entry) == 1
        if not is_known or {*flags} - {"cache", "persist"} or {*map(type, flags.values())} - {bool}:
            raise NotCertainError(f"flags of {path}")
        yield PlannedOut(filled(path), flags.get("cache", True), flags.get("persist", False))


def _params(body: Mapping[str, Any], filled: Callable[[str], str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for entry in body.get("params") or ():
        files = entry if isinstance(entry, dict) else {PARAMS_FILE: [entry]}
        for file, keys in files.items():
            named = [filled(key) for key in keys]
            if not named or not all(map(_KEY.fullmatch, named)):
                raise NotCertainError(f"keys of {file}")
            found.setdefault(filled(file), []).extend(named)
    if not all(file.endswith((".yaml", ".yml")) for file in found):
        raise NotCertainError("a file of parameters that is not YAML")
    return {file: tuple(dict.fromkeys(keys)) for file, keys in found.items()}


def _is_remembered(body: Mapping[str, Any], reads: bool, outs: tuple[PlannedOut, ...]) -> bool:
    """DVC's own rules of which runs it remembers: dvc.stage.cache._can_hash, Stage.run."""
    kept = [*_outs({"outs": body.get("outs")}, str)]
    return (
        reads
        and bool(outs)
        and all(each.cache for each in kept)
        and not any(each.persist for each in outs)
    )


def _as_options(section: Any) -> str:
    """A section of params.yaml in a command: dvc.parsing.interpolate.to_str of a mapping."""
    if not isinstance(section, dict):
        raise NotCertainError("a section of params.yaml that is no mapping")
    words: list[str] = []
    for name, value in section.items():
        if type(name) is not str or "." in name or isinstance(value, dict):
            raise NotCertainError("a mapping in a section of params.yaml")
        if isinstance(value, bool):
            words += [f"--{name}"] if value else []
        elif isinstance(value, list):
            items = [_item(each) for each in value]
            words += [" ".join((f"--{name}", *items))] if items else []
        else:
            words.append(f"--{name} {shlex.quote(value) if isinstance(value, str) else value}")
    return " ".join(words)


def _item(value: Any) -> str:
    if isinstance(value, list | dict):
        raise NotCertainError("a list in a list")
    return shlex.quote(value) if isinstance(value, str) else str(value)


def with_order(steps: Mapping[str, PlannedStep], settings: Plan) -> Plan:
    """The settings with the steps in the order in which DVC runs them, and what they read by DVC.

    Raises :class:`NotCertainError` where DVC may refuse the project.
    """
    tracked = {each.file: each for each in _find_tracked(no_scm=settings.no_scm)}
    outs = {out.path: step.name for step in steps.values() for out in step.outs}
    owners = {**outs, **{each.path: each.file for each in tracked.values()}}
    if len(owners) < sum(len(step.outs) for step in steps.values()) + len(tracked):
        raise NotCertainError("two outputs of one path")
    if any(map(fault, outs)) or outs.keys() & {file for s in steps.values() for file in s.params}:
        raise NotCertainError("outputs in places of their own")
    try:
        order = order_of_dvc(
            {name: step.deps for name, step in steps.items()},
            owners,
            files=(DVC_FILE, *tracked),
        )
    except ValueError as error:
        raise NotCertainError(str(error)) from None
    return settings._replace(
        steps={name: steps[name] for name in order if name in steps},
        tracked=tuple(tracked[name] for name in order if name in tracked),
    )


def _find_tracked(*, no_scm: bool) -> Iterator[Tracked]:
    """What the ``.dvc`` files of the project track."""
    files = [*find_files()]
    try:
        check_git_files(files)
    except OSError as error:
        raise NotCertainError(str(error)) from None
    names = {path: posixpath.basename(path) for path in files}
    if any(name == DVC_FILE and path != DVC_FILE for path, name in names.items()):
        raise NotCertainError("another dvc.yaml")
    found = sorted(path for path, name in names.items() if name.endswith(".dvc"))
    if any(
        os.path.isdir(f"{up}/.dvc") for file in found for up in upwards(posixpath.dirname(file))
    ):
        raise NotCertainError("a project inside the project")
    read = [DVC_FILE, LOCK_FILE, *found]
    if hides_any(".", read) or (not no_scm and _is_any_ignored(read)):
        raise NotCertainError("a file of DVC that is ignored")
    yield from map(_tracked_by, found)


def _is_any_ignored(paths: list[str]) -> bool:
    """Whether git would ignore one of the paths, or cannot be asked."""
    call = git_call("check-ignore", "--no-index", "--quiet", "-z", "--stdin")
    done = subprocess.run(call, input=os.fsencode("\0".join(paths)), capture_output=True)
    return done.returncode != 1


def _tracked_by(file: str) -> Tracked:
    """What `dvc add` left in a ``.dvc`` file, if it is nothing but that."""
    try:
        fields = read_yaml(file)
    except (NbsnakeError, OSError):
        raise NotCertainError(file) from None
    outs = fields.get("outs")
    out = outs[0] if isinstance(outs, list) and len(outs) == 1 else None
    if not isinstance(out, dict) or {*fields} - _DVC_FILE_KEYS or {*out} - _TRACKED_KEYS:
        raise NotCertainError(file)
    name, md5 = str(out.get("path")), str(out.get("md5"))
    if out.get("hash") != "md5" or not is_md5(md5) or not _is_plain(name):
        raise NotCertainError(file)
    return Tracked(file, posixpath.join(posixpath.dirname(file), name), md5)
