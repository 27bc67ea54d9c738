"""Pipes to which nobody writes: whoever opens one waits for ever, and is seen doing so."""

import contextlib
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

OFTEN = 0.05  # seconds between two looks


@contextlib.contextmanager
def watched_pipes(top: Path) -> Iterator[list[str]]:
    """The pipes below a folder that somebody opens meanwhile; it is let go, and reads nothing.

    Where nobody has a pipe open, opening it to write fails at once (fifo(7)). So a command that
    waits is seen whatever the speed of the machine, and the test goes on.
    """
    pipes, opened, over = _pipes(top), list[str](), threading.Event()

    def look() -> None:
        while not over.wait(OFTEN):
            opened.extend(pipe for pipe in pipes if _is_opened(pipe))

    watch = threading.Thread(target=look)
    watch.start()
    try:
        yield opened
    finally:
        over.set()
        watch.join()


def _pipes(top: Path) -> list[str]:
    names = (os.path.join(folder, name) for folder, _, names in os.walk(top) for name in names)
    return [name for name in names if _is_pipe(name)]


def _is_pipe(name: str) -> bool:
    return os.path.lexists(name) and stat.S_ISFIFO(os.lstat(name).st_mode)


def _is_opened(pipe: str) -> bool:
    """Whether somebody has the pipe open to read from it, or to write to it."""
    if not _is_pipe(pipe):
        return False
    for flags in (os.O_WRONLY, os.O_RDONLY):
        try:
            end = os.open(pipe, flags | os.O_NONBLOCK)
        except OSError:  # nobody reads, or the command has removed it
            continue
        with os.fdopen(end, "rb" if flags == os.O_RDONLY else "wb", buffering=0) as file:
            is_pipe = stat.S_ISFIFO(os.fstat(end).st_mode)  # and no file that took its place
            if is_pipe and (flags == os.O_WRONLY or file.read(1) != b""):  # b"": nobody writes
                return True
    return False
