"""Working out many things by copies of this process, each a part of them.

Only what JSON can say comes back. What a copy does not give, because it failed or was killed, its
caller works out itself.
"""

import contextlib
import json
import os
import signal
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from nbsnake.job.threads import allotted_cores

LEAST = 50  # names that are worth a copy
MOST = 8  # processes


class Ahead:
    """What copies of this process make of the later ones of the names, from now on.

    ``work`` gives for a name what JSON can say. The first names are left to the caller, who has
    time to work on them meanwhile.
    """

    def __init__(self, work: Callable[[str], Any], names: Sequence[str]) -> None:
        length = -(-len(names) // processes(len(names))) or 1
        self.names = frozenset(names[length:])
        self._copies = [
            _start(work, names[at : at + length]) for at in range(length, len(names), length)
        ]

    def found(self) -> dict[str, Any]:
        """What the work gave, by name; waits for it, and is empty from the second call on."""
        found: dict[str, Any] = {}
        while self._copies:
            pid, reader = self._copies.pop()
            with open(reader, "rb") as answer:
                data = answer.read()
            os.waitpid(pid, 0)
            with contextlib.suppress(ValueError):  # it was ended
                found |= json.loads(data)
        self.names = frozenset()
        return found

    def close(self) -> None:
        """End the copies whose work nobody asked for."""
        for pid, reader in self._copies:
            os.close(reader)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        self._copies = []


def processes(count: int) -> int:
    """How many processes are worth their start for so many names: 1 for none but this one.

    A process with threads is not copied, for a copy could wait for ever for what they hold.
    """
    return max(1, min(_cores(), count // LEAST, MOST)) if _has_one_thread() else 1


def _cores() -> int:
    allotted = allotted_cores()
    return int(allotted) if allotted else len(os.sched_getaffinity(0))


def _has_one_thread() -> bool:
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:  # it is not known
        return False


def _start(work: Callable[[str], Any], names: Sequence[str]) -> tuple[int, int]:
    """Start a copy; its process, and where it writes."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the copy uses no other thread's locks
        pid = os.fork()
    if pid == 0:
        _answer(work, names, writer)
    os.close(writer)
    return pid, reader


def _answer(work: Callable[[str], Any], names: Sequence[str], writer: int) -> None:
    """Write what the work gives, and end this process, whatever happens."""
    with contextlib.suppress(BaseException), open(writer, "wb") as out:
        out.write(json.dumps({name: work(name) for name in names}).encode())
    os._exit(0)
