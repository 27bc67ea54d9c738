"""The memory of a program with all that it started.

Standard library only: this runs inside every job. ``getrusage`` knows the largest process alone,
which says little of a pool of workers. On Linux, the whole tree is looked at now and then:
``/proc/PID/task/TID/children`` names the processes, and ``Pss`` of ``smaps_rollup`` counts a page
that several of them share once (proc(5)). That is also how cgroups count, but for what the kernel
keeps of files. A tree of one process costs no more than a look at its threads.
"""

import contextlib
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator

FIRST, LAST = 0.25, 1.0  # seconds from one look to the next, which grow from one to the other
FREE, PART = 0.5, 50  # seconds that looks may take in all, and then this part of the time
PAGE = resource.getpagesize()
_seen = 0  # bytes: the most that a look has found, as getrusage has for all children


def most_memory() -> int:
    """The most memory, in bytes, that a child had with all that it started at the same time."""
    unit = 1 if sys.platform == "darwin" else 1024
    return max(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit, _seen)


@contextlib.contextmanager
def memory_watched(pid: int) -> Iterator[None]:
    """Look at the memory of a child while it is waited for. In the main thread only."""
    if not os.path.exists(f"/proc/{pid}/task/{pid}/children"):  # not Linux, or without the list
        yield
        return
    watch = _Watch(pid)
    before = signal.signal(signal.SIGALRM, watch.look)
    signal.setitimer(signal.ITIMER_REAL, watch.pause)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_IGN)  # also one that is on its way
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)  # programs inherit what is ignored


class _Watch:
    """Looks at a process, each of which sets the time of the next one."""

    def __init__(self, pid: int) -> None:
        self._pid, self.pause = pid, FIRST
        self._started, self._taken = time.monotonic(), 0.0

    def look(self, *_: object) -> None:
        global _seen
        started = time.monotonic()
        _seen = max(_seen, _memory_above(self._pid, _seen))
        ended = time.monotonic()
        self._taken += ended - started
        self.pause = min(2 * self.pause, LAST)
        owed = PART * (self._taken - FREE) - (ended - self._started)
        signal.setitimer(signal.ITIMER_REAL, max(self.pause, owed))


def _memory_above(pid: int, known: int) -> int:
    """The memory of several processes, 0 for a single one, and where it is no more than known.

    What is resident, shared pages counted for each process, is cheap to read and is no less.
    """
    tree = _tree(pid)
    if len(tree) < 2 or sum(map(_resident, tree)) <= known:
        return 0
    return sum(map(_proportional, tree))


def _tree(root: int) -> list[int]:
    """The process and its living descendants."""
    found = [root]
    for pid in found:
        with contextlib.suppress(OSError):  # it has ended
            for thread in os.listdir(f"/proc/{pid}/task"):
                children = _read(f"/proc/{pid}/task/{thread}/children")
                found += map(int, children.split())
    return found


def _resident(pid: int) -> int:
    words = _read(f"/proc/{pid}/statm").split()
    return int(words[1]) * PAGE if words else 0


def _proportional(pid: int) -> int:
    """Each page counted in part, by how many processes have it; 0 where that may not be read."""
    for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _read(path: str) -> bytes:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except OSError:
        return b""
