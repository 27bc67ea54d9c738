"""Versions of the project's Python files: which of them are the same program.

What a version does is noted when it is seen; one that is no longer there is looked up in git.
"""

import json
import os
import re
import subprocess
from collections.abc import Collection, Iterator

from nbsnake.job.hashing import md5_of_bytes
from nbsnake.job.own import note_own, read_own
from nbsnake.job.regular import read_regular
from nbsnake.job.shape import parse
from nbsnake.programs import git_call
from nbsnake.python.behavior import Program

FILE = ".nbsnake/programs.json"
FORMAT = 2
SEARCHED = 100  # commits that changed a file, back from today's
_BLOB = re.compile(r"\b[0-9a-f]{40,64}\b")


class Versions:
    """What the versions of files do, by md5; :meth:`save` keeps what is new."""

    def __init__(self) -> None:
        self._programs = _read()
        self._searched: set[str] = set()
        self._changed = False

    def are_same(
        self, path: str, then: str, now: str, passed: Collection[str] = frozenset()
    ) -> bool:
        """Whether the file with the md5 ``now`` does what it did as ``then``.

        ``passed`` are the options that its command gives, so that their defaults do not count.
        """
        before, after = self._program(path, then), self._program(path, now)
        return before is not None and after is not None and before.does(after, passed)

    def note(self, data: bytes) -> str:
        """Remember what a version does; its md5."""
        md5 = md5_of_bytes(data)
        if md5 not in self._programs:
            from nbsnake.python.program import program_of  # slow, and for new versions only

            if program := program_of(data):
                self._programs[md5] = program
                self._changed = True
        return md5

    def note_file(self, path: str, md5: str) -> None:
        """Remember what the file does, unless its version ``md5`` is known."""
        if md5 not in self._programs:
            try:
                self.note(read_regular(path))
            except OSError:  # it has no version now
                return

    def save(self) -> None:
        """Write what is new."""
        if self._changed:
            fields = {"format": FORMAT, "programs": self._programs}
            note_own(FILE, json.dumps(fields).encode())
            self._changed = False

    def _program(self, path: str, md5: str) -> Program | None:
        self.note_file(path, md5)
        if md5 not in self._programs and path not in self._searched:
            self._searched.add(path)
            for data in versions_in_git(path):
                if self.note(data) == md5:
                    break
        return self._programs.get(md5)


def _read() -> dict[str, Program]:
    fields = read_own(FILE) or {}
    try:
        programs = fields["programs"] if fields["format"] == FORMAT else {}
        return {
            str(md5): Program(parse(str, code), parse(dict[str, str], defaults))
            for md5, (code, defaults) in programs.items()
        }
    except (KeyError, TypeError, AttributeError, ValueError):
        return {}


def find_version(path: str, md5: str) -> bytes | None:
    """The file as it was with this md5, by git; None where git does not have it."""
    for data in versions_in_git(path):
        if md5_of_bytes(data) == md5:
            return data
    return None


def versions_in_git(path: str) -> Iterator[bytes]:
    """What the file was, the newest first; nothing without git."""
    log = ["log", f"-n{SEARCHED}", "--format=", "--raw", "--no-abbrev", "--", path]
    blobs = dict.fromkeys(each for each in _BLOB.findall(os.fsdecode(_git(log))) if each.strip("0"))
    found = _git(["cat-file", "--batch"], "".join(f"{blob}\n" for blob in blobs).encode())
    while found:
        head, _, rest = found.partition(b"\n")
        size = head.split()[-1]
        if not size.isdigit():  # a blob that a partial clone does not have
            found = rest
            continue
        yield rest[: int(size)]
        found = rest[int(size) + 1 :]


def _git(words: list[str], given: bytes = b"") -> bytes:
    try:
        return subprocess.run(git_call(*words), input=given, capture_output=True).stdout
    except OSError:
        return b""
