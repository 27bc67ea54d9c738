"""Memos: what was found about files before, good as long as nothing that it rests on changes.

By content, and nbsnake itself by its own files. Standard library only, for unchanged projects
need nothing else.
"""

import json
import os
import stat
from collections.abc import Iterator
from functools import cache
from typing import Any

import nbsnake
from nbsnake.job.hashing import sha256_of_bytes, sha256_of_open
from nbsnake.job.own import note_own, read_own
from nbsnake.job.regular import MOST, open_without_waiting


class Memo:
    """Entries by name in a JSON file; those of another version of nbsnake, or made with other
    ``settings``, are dropped.

    ``path`` is None where nothing is kept.
    """

    def __init__(self, path: str | None, settings: object) -> None:
        self._path = path
        self._reader = fingerprint(settings)
        self._read = self._entries()
        self.entries = dict(self._read)

    def save(self) -> None:
        """Write the entries if they changed."""
        if self._path and self.entries != self._read:
            memo = {"reader": self._reader, "entries": self.entries}
            note_own(self._path, json.dumps(memo).encode())

    def _entries(self) -> dict[str, Any]:
        memo = read_memo(self._path) if self._path else {}
        entries = memo.get("entries") if memo.get("reader") == self._reader else None
        return entries if isinstance(entries, dict) else {}


def read_memo(path: str) -> dict[str, Any]:
    """The JSON object in a file; {} where there is none."""
    memo = read_own(path)
    return memo if isinstance(memo, dict) else {}


def content_of(path: str) -> str:
    """The sha256 of a file's content, with an x if it is executable; "" if there is no file.

    For a folder, that of the names in it, without Python's cache. A device or pipe counts as no
    file, for it may never end.
    """
    try:
        status = os.stat(path)
        mode = status.st_mode
        if stat.S_ISDIR(mode):
            names = "/".join(sorted({*os.listdir(path)} - {"__pycache__"}))
            return sha256_of_bytes(names.encode(errors="replace"))
        if not stat.S_ISREG(mode):
            return ""
        if status.st_size > MOST:
            return f"{status.st_size} bytes"  # no reader takes it
        with open(path, "rb", opener=open_without_waiting) as file:
            digest = sha256_of_open(file)
            return f"{digest}{'x' if mode & 0o100 else ''}"
    except (OSError, ValueError):  # ValueError for a path that no file can have
        return ""


def is_current(contents: dict[str, str]) -> bool:
    """Whether all these files still have the content that was noted."""
    return all(content_of(path) == content for path, content in contents.items())


def fingerprint(settings: object) -> str:
    """A hash of nbsnake's own code and of the settings with which it runs."""
    from nbsnake.model.plain import to_plain  # slow, and not needed where nothing changed

    text = json.dumps([own_files(), to_plain(settings)], default=str)
    return sha256_of_bytes(text.encode())


@cache
def own_files() -> list[str]:
    """Name, size and time of each file of nbsnake; the version stays the same during edits."""
    top = os.path.dirname(nbsnake.__file__)
    rules = os.path.join(os.path.dirname(top), "rules")
    files = [each for each in _files_below(top) if each.name.endswith((".py", ".smk"))]
    files += _files_below(rules) if os.path.isdir(rules) else ()
    return sorted(f"{file.name} {(at := file.stat()).st_size} {at.st_mtime_ns}" for file in files)


def _files_below(folder: str) -> Iterator["os.DirEntry[str]"]:
    """The files in a folder and in those below it, in time that each command takes."""
    for entry in os.scandir(folder):
        if not entry.is_dir():
            yield entry
        elif entry.name != "__pycache__":
            yield from _files_below(entry.path)
