"""What git is asked: where HEAD is, which commits wrote dvc.lock, what it was then."""

import contextlib
import os
import re
import subprocess
from typing import IO, NamedTuple, cast

from nbsnake.dvc.lockblocks import Blocks, blocks_of
from nbsnake.errors import ToolError
from nbsnake.job.regular import read_regular
from nbsnake.names import LOCK_FILE
from nbsnake.programs import git_call

NO_REPOSITORY = "not a git repository"
# Heads of what is going on, and which commit of each is merged; git's `revision.c` lists them.
PENDING = {"MERGE_HEAD": "", "CHERRY_PICK_HEAD": "", "REBASE_HEAD": "", "REVERT_HEAD": "^"}
SQUASH = "SQUASH_MSG"
KEPT = 8  # versions of dvc.lock in memory: those of one merge, and of the next
# Messages by which git names a commit that it has merged into one with a single parent.
_NAMED = (
    (re.compile(r"^This reverts commit ([0-9a-f]{40,64})", re.MULTILINE), "^"),
    (re.compile(r"^\(cherry picked from commit ([0-9a-f]{40,64})\)", re.MULTILINE), ""),
    (re.compile(r"^Squashed commit of the following:\s+commit ([0-9a-f]{40,64})$", re.M), ""),
)


class Place(NamedTuple):
    """Where the work tree is in the history: the commit of HEAD, and git's own folders.

    ``shallow`` are the commits whose parents a shallow clone does not have.
    """

    head: str
    folder: str
    shallow: frozenset[str]


class Commit(NamedTuple):
    """A commit that changed dvc.lock, and the commits whose versions of it git merged there."""

    name: str
    parents: tuple[str, ...]
    merged: tuple[str, ...]

    @property
    def title(self) -> str:
        """How a message calls it."""
        return f"{'merge' if len(self.parents) > 1 else 'commit'} {self.name[:7]}"


def ask(*words: str) -> str:
    """What git prints. Raises :class:`ToolError` where it fails."""
    done = _call(*words)
    if done.returncode:
        raise _failure(done.stderr)
    return done.stdout


def find_place() -> Place | None:
    """The place; None outside of a repository, and in one without a commit.

    Raises :class:`ToolError` where git does not read the repository.
    """
    try:
        done = _call("rev-parse", "--git-dir", "--git-common-dir", "HEAD")
    except FileNotFoundError:
        return None
    lines = done.stdout.splitlines()
    if done.returncode:
        if lines or NO_REPOSITORY in done.stderr:
            return None
        raise _failure(done.stderr)
    folder, common, head = lines
    return Place(head, folder, frozenset(_read(common, "shallow").split()))


def pending(place: Place) -> list[str]:
    """The commits that are being merged into HEAD; none where nothing is going on."""
    heads = [
        f"{head}{up}" for name, up in PENDING.items() for head in _read(place.folder, name).split()
    ]
    return [*heads, *_named_in(_read(place.folder, SQUASH))]


def commits_of_lock() -> list[Commit]:
    """The commits of HEAD's history that changed dvc.lock, the newest first.

    Where a merge took all of it from one parent, only that parent's history counts.
    """
    quiet = ("-c", "log.showSignature=false", "-c", "log.follow=false")
    listed = ask(*quiet, "log", "--format=%x1e%H%x1f%P%x1f%B", "--", LOCK_FILE)
    return [_commit(*record.split("\x1f", 2)) for record in listed.split("\x1e")[1:]]


def _commit(name: str, parents: str, message: str) -> Commit:
    known = tuple(parents.split())
    others = known[1:] or (_named_in(message) if known else ())
    return Commit(name, known, (*known[:1], *others) if others else ())


def _named_in(message: str) -> tuple[str, ...]:
    found = (f"{match[1]}{up}" for regex, up in _NAMED for match in regex.finditer(message))
    return tuple(found)


class Versions:
    """dvc.lock at any commit, by one process of git for all of them."""

    def __enter__(self) -> "Versions":
        pipe = subprocess.PIPE
        self._git = subprocess.Popen(git_call("cat-file", "--batch"), stdin=pipe, stdout=pipe)
        self._asked = cast("IO[bytes]", self._git.stdin)
        self._answers = cast("IO[bytes]", self._git.stdout)
        self._blocks: dict[str, Blocks] = {}
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._asked.close()
        self._answers.close()
        self._git.wait()

    def at(self, commit: str) -> Blocks:
        """The blocks of dvc.lock at a commit; none where it or the commit is not there."""
        name, data = self._object(f"{commit}:./{LOCK_FILE}")
        if name not in self._blocks:
            if len(self._blocks) == KEPT:
                del self._blocks[next(iter(self._blocks))]
            text = data.decode(errors="replace").replace("\r\n", "\n")
            self._blocks[name] = blocks_of(text)
        return self._blocks[name]

    def is_merge(self, commit: str) -> bool:
        """Whether a commit has several parents, there or not."""
        header = self._object(commit)[1].partition(b"\n\n")[0]
        return header.count(b"\nparent ") > 1

    def _object(self, name: str) -> tuple[str, bytes]:
        """The name and the content of an object; both empty where there is none.

        Raises :class:`ToolError` where git ends.
        """
        with contextlib.suppress(BrokenPipeError):
            self._asked.write(f"{name}\n".encode())
            self._asked.flush()
        line = self._answers.readline()
        if not line:
            raise _failure(f"it cannot give {name}")
        answer = line.split()
        if len(answer) != 3 or not answer[2].isdigit():
            return "", b""
        data = self._answers.read(int(answer[2]))
        self._answers.read(1)  # a line break
        return answer[0].decode(), data


def _call(*words: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "LC_ALL": "C"}  # its messages are read
    return subprocess.run(
        git_call(*words), capture_output=True, encoding="utf-8", errors="surrogateescape", env=env
    )


def _failure(text: str) -> ToolError:
    line = text.strip().partition("\n")[0].removeprefix("fatal: ")
    return ToolError(f"git cannot read this repository: {line}", hint="see: git status")


def _read(folder: str, name: str) -> str:
    try:
        return read_regular(os.path.join(folder, name)).decode(errors="replace")
    except OSError:
        return ""
