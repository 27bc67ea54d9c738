"""The form of a stage's entry in dvc.lock.

Standard library only: this runs inside every job.
"""

from collections.abc import Iterator
from typing import Any

from nbsnake.job.content import is_md5
from nbsnake.job.shape import is_count, is_texts

_COUNTS = ("size", "nfiles")


def entry_fault(entry: Any) -> tuple[tuple[str | int, ...], str]:
    """The keys that lead to the first part of an entry that DVC would not write there, and what it
    is; ((), "") for none."""
    return next(_faults(entry), ((), ""))


def _faults(entry: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if type(entry) is not dict:
        yield (), "is not a mapping"
        return
    cmd, params = entry.get("cmd", ""), entry.get("params", {})
    if type(cmd) is not str and not is_texts(cmd):
        yield ("cmd",), "is neither text nor a list of texts"
    if type(params) is not dict or not {*map(type, params.values())} <= {dict}:
        yield ("params",), "is not a mapping of files to values"
    for section in ("deps", "outs"):
        files = entry.get(section, [])
        if type(files) is not list:
            yield (section,), "is not a list of files"
            continue
        for place, file in enumerate(files):
            if type(file) is not dict:
                yield (section, place), "is not a mapping"
            elif key := _wrong_key(file):
                yield (section, place, key), f"cannot be {file.get(key)!r:.60}"


def _wrong_key(file: dict[str, Any]) -> str:
    """The key of a file whose value is wrong, "" for none."""
    if type(file.get("path")) is not str:
        return "path"
    if "md5" in file and not is_md5(file["md5"]):
        return "md5"
    for key in _COUNTS:
        if key in file and not is_count(file[key]):
            return key
    return "isexec" if type(file.get("isexec", False)) is not bool else ""
