"""Reading and copying that takes long: how far it is, for who wants to show it.

Standard library only: this runs inside every job, where nobody watches and nothing is counted.
"""

import contextlib
import time
from collections.abc import Iterator
from io import BufferedReader
from typing import Protocol

AFTER = 2.0  # seconds of work before anything is shown


class Work:
    """One piece of work on ``total`` bytes, of which ``done`` are done; ``title`` for people."""

    def __init__(self, title: str, total: int) -> None:
        self.title = title
        self.total = total
        self.done = 0
        self.shows_at = time.monotonic() + AFTER


class Watcher(Protocol):
    """What shows work that takes long."""

    def show(self, work: Work) -> None:
        """Called again and again while the work goes on."""

    def end(self) -> None:
        """Called when it has ended."""


_watcher: Watcher | None = None
_work: Work | None = None


@contextlib.contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Let ``watcher`` show what this process does."""
    global _watcher  # one terminal for each process
    _watcher = watcher
    try:
        yield
    finally:
        _watcher = None


@contextlib.contextmanager
def working(title: str, total: int, *, known: bool = True) -> Iterator[None]:
    """Count what is done inside; a part of larger work counts for that.

    ``known`` is whether the larger work's total has these bytes.
    """
    global _work  # the largest work of the process
    if _watcher is None or _work is not None:
        if _work is not None and not known:
            _work.total += total
        yield
        return
    _work = Work(title, total)
    try:
        yield
    finally:
        _work = None
        _watcher.end()


def advance(count: int) -> None:
    """Note that so many bytes more are done."""
    if _work is not None and _watcher is not None:
        _work.done += count
        if time.monotonic() > _work.shows_at:
            _watcher.show(_work)


def is_watched() -> bool:
    """Whether counting is of use."""
    return _watcher is not None


class Counted:
    """A file whose bytes count as work when they are read."""

    def __init__(self, file: BufferedReader) -> None:
        self._file = file

    def readable(self) -> bool:
        """As :func:`hashlib.file_digest` asks."""
        return True

    def readinto(self, buffer: bytearray) -> int:
        """Fill the buffer, and return how many bytes were read."""
        count = self._file.readinto(buffer)
        advance(count)
        return count
