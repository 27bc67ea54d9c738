"""Stage files of DVC 0.x and 1.x (``x.dvc``), as DVC 3 must have them. Pure.

DVC 3 refuses a project in which one such file has a command, or an output the key ``metric``; and
the checksum that DVC 0.x gave to data sources is to it one that has changed.
"""

import posixpath
import re
from collections.abc import Mapping
from typing import Any

from nbsnake.errors import PipelineError, Where
from nbsnake.model.quote import verbatim


def _keys(words: str) -> frozenset[str]:
    return frozenset(words.split())


# What DVC 3.67 accepts in a file without a command: dvc.schema, dvc.output, dvc.dependency.
_TOP = _keys("always_changed deps desc frozen locked md5 meta outs wdir")
_OUT = _keys(
    "cache checksum cloud desc etag files fs_config hash isexec labels md5 meta nfiles path "
    "persist push remote size type version_id"
)
_DEP = _keys(
    "checksum cloud db etag files fs_config hash isexec md5 nfiles path persist repo size "
    "version_id"
)
# What a stage with a command may say so that dvc.yaml can say the same.
_STAGE = _keys("always_changed cmd deps desc frozen locked md5 meta outs wdir")
_STAGE_OUT = _keys("cache desc isexec md5 metric nfiles path persist plot size")
_STAGE_DEP = _keys("isexec md5 nfiles path size")


def check_stage(path: str, fields: Mapping[str, Any]) -> None:
    """Raise :class:`PipelineError` unless the file has the form that all its versions share."""
    for key in ("deps", "outs"):
        entries = fields.get(key) or []
        is_list = isinstance(entries, list) and all(isinstance(each, dict) for each in entries)
        if not is_list or not all(isinstance(each.get("path", ""), str) for each in entries):
            raise PipelineError(f"{key!r} is not a list of files", where=Where(path))
    for key in ("cmd", "wdir"):
        if not isinstance(fields.get(key) or "", str):
            raise PipelineError(f"{key!r} is not a string", where=Where(path))


def meaningless_keys(fields: Mapping[str, Any]) -> list[tuple[str | int, ...]]:
    """The places, in a file without a command, of keys that say nothing and disturb DVC 3."""
    places: list[tuple[str | int, ...]] = [("cmd",)] if "cmd" in fields else []
    if "md5" in fields and not fields.get("deps"):
        places.append(("md5",))
    for number, out in enumerate(fields.get("outs") or []):
        places += [("outs", number, key) for key in ("metric", "plot") if out.get(key, 1) in _NO]
        places += [("outs", number, "tags")] * (out.get("tags", 1) in ({}, None))
    return places


_NO = (False, None)


def unknown_keys(fields: Mapping[str, Any]) -> list[str]:
    """The keys, in a file without a command, that mean something, but that DVC 3 refuses."""
    gone = {place[-1] for place in meaningless_keys(fields)}
    return sorted(_beyond(fields, _TOP, _OUT, _DEP) - gone)


def _beyond(
    fields: Mapping[str, Any], top: frozenset[str], out: frozenset[str], dep: frozenset[str]
) -> set[str]:
    outs = {key for each in fields.get("outs") or [] for key in each}
    deps = {key for each in fields.get("deps") or [] for key in each}
    return (fields.keys() - top) | (outs - out) | (deps - dep)


def stage_name(path: str) -> str:
    """The name in dvc.yaml for the stage of a file; ``a/b.dvc`` becomes ``a_b``."""
    return re.sub(r"[^\w-]+", "_", path.removesuffix(".dvc")).strip("_") or "stage"


def pipeline_stage(path: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """What the file says, as a stage of the dvc.yaml in the project's root.

    Raises :class:`ValueError`, with the reason, for what has no safe equal there.
    """
    gone = {"tags"} if all(not out.get("tags") for out in fields.get("outs") or []) else set()
    if unknown := sorted(_beyond(fields, _STAGE, _STAGE_OUT, _STAGE_DEP) - gone):
        raise ValueError(f"{unknown[0]!r} in it has no equal in dvc.yaml")
    wdir = posixpath.normpath(posixpath.join(posixpath.dirname(path), fields.get("wdir") or "."))
    outs = fields.get("outs") or []
    if any("path" not in each or "://" in each["path"] for each in [*outs, *_deps(fields)]):
        raise ValueError("it names a file that is not in a folder")
    if any(not isinstance(out.get(key, False), bool | None) for out in outs for key in _FLAGS):
        raise ValueError("it says how to read a metric, which dvc.yaml cannot")
    stage = {
        "desc": verbatim(str(fields.get("desc") or "")),
        "cmd": verbatim(fields["cmd"]),
        "wdir": "" if wdir == "." else verbatim(wdir),
        "deps": [verbatim(each["path"]) for each in _deps(fields)],
        "outs": [_out(each) for each in outs if not each.get("metric") and not each.get("plot")],
        "metrics": [_out(each) for each in outs if each.get("metric")],
        "plots": [_out(each) for each in outs if each.get("plot") and not each.get("metric")],
        "frozen": bool(fields.get("frozen") or fields.get("locked")),
        "always_changed": bool(fields.get("always_changed")),
        "meta": fields.get("meta"),
    }
    return {key: value for key, value in stage.items() if value}


_FLAGS = ("metric", "plot", "persist", "cache")


def _deps(fields: Mapping[str, Any]) -> list[dict[str, Any]]:
    return fields.get("deps") or []


def _out(out: Mapping[str, Any]) -> Any:
    flags: dict[str, Any] = {} if out.get("cache", True) else {"cache": False}
    flags |= {"persist": True} if out.get("persist") else {}
    flags |= {"desc": verbatim(str(out["desc"]))} if out.get("desc") else {}
    return {verbatim(out["path"]): flags} if flags else verbatim(out["path"])
