"""Files as a commit has them, read from git; nothing is checked out."""

import hashlib
import re
import subprocess
from collections.abc import Iterable, Mapping

from nbsnake.programs import git_call

_OBJECT = re.compile(rb"[0-9a-f]{40,64} (blob|tree|commit|tag) (\d+)")


def file_at(rev: str, path: str) -> bytes:
    """The content of a file at a revision, b"" where it is not there."""
    return git_output("cat-file", "blob", f"{rev}:./{path}")


def text_at(rev: str, path: str) -> str:
    """As :func:`file_at`, as text."""
    return file_at(rev, path).decode(errors="replace")


def files_in(rev: str, folder: str) -> list[str]:
    """The names of what a folder holds at a revision."""
    listed = git_output("ls-tree", "-z", "--name-only", f"{rev}:./{folder}")
    return [name for name in listed.decode(errors="replace").split("\0") if name]


def md5s_at(rev: str, paths: Iterable[str]) -> Mapping[str, str]:
    """The md5 of each file that the revision has, by one call of git."""
    asked = [path for path in dict.fromkeys(paths) if "\n" not in path]
    lines = "".join(f"{rev}:./{path}\n" for path in asked)
    answer = git_output("cat-file", "--batch", given=lines.encode("utf-8", "surrogateescape"))
    found = {}
    for path in asked:
        head, _, rest = answer.partition(b"\n")
        if match := _OBJECT.fullmatch(head):  # else git names the path, and that it is missing
            size = int(match[2])
            if match[1] == b"blob":
                found[path] = hashlib.md5(rest[:size], usedforsecurity=False).hexdigest()
            rest = rest[size + 1 :]
        answer = rest
    return found


def commit_of(rev: str) -> str:
    """The full name of the commit that a revision is, "" where git does not know it."""
    found = git_output("rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}")
    return found.decode(errors="replace").strip()


def git_output(*words: str, given: bytes = b"") -> bytes:
    """What git prints; b"" where it fails, or is not there."""
    try:
        done = subprocess.run(git_call(*words), input=given, capture_output=True)
    except OSError:
        return b""
    return done.stdout if done.returncode == 0 else b""
