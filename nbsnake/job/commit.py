"""The commit of HEAD, read from git's files: a job starts no program for it.

Standard library only: this runs inside every job. The files are those of git's own
"repository layout": ``HEAD`` names a branch or a commit, ``packed-refs`` lists branches that have
no file. Repositories that store branches otherwise (reftable) give "".
"""

import contextlib
import os
import re

from nbsnake.job.regular import open_regular

_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_REF = re.compile(r"ref: (refs/[\w./+@-]+)")
LONGEST = 1 << 20  # bytes of a file that is read


def head_commit(start: str = ".") -> str:
    """The commit of HEAD in the repository that ``start`` is in, "" where it is not known."""
    with contextlib.suppress(OSError, ValueError):
        if folder := _git_folder(os.path.abspath(start)):
            return _resolved(folder, _read(os.path.join(folder, "HEAD")))
    return ""


def _git_folder(folder: str) -> str:
    while not os.path.exists(git := os.path.join(folder, ".git")):
        if folder == (folder := os.path.dirname(folder)):
            return ""
    if os.path.isdir(git):
        return git
    return os.path.join(os.path.dirname(git), _read(git).removeprefix("gitdir: "))


def _resolved(folder: str, head: str) -> str:
    match = _REF.fullmatch(head)
    if match is None or ".." in match[1]:
        return head if _COMMIT.fullmatch(head) else ""
    shared = os.path.join(folder, "commondir")  # of a work tree of its own
    common = os.path.join(folder, _read(shared)) if os.path.exists(shared) else folder
    path = os.path.join(common, match[1])
    if os.path.exists(path):
        found = _read(path)
        return found if _COMMIT.fullmatch(found) else ""
    packed = _read(os.path.join(common, "packed-refs")).splitlines()
    return next((line.split(" ")[0] for line in packed if line.endswith(f" {match[1]}")), "")


def _read(path: str) -> str:
    with open_regular(path) as file:
        return file.read(LONGEST).decode().strip()
