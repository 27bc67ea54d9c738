"""What a process has started, and to end it."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable

KILL_AFTER = 15.0  # seconds that a process has to end


class Tree:
    """The processes below one, by their ids, as they are now."""

    def __init__(self, root: int) -> None:
        self._children: dict[int, list[int]] = {}
        for pid, parent in _parents().items():
            self._children.setdefault(parent, []).append(pid)
        self.root = root

    def below(self) -> list[int]:
        """All that the root has started, each before what it has started itself."""
        return self._with_all_below(self._children.get(self.root, ()))

    def left_of(self, earlier: "Tree") -> list[int]:
        """What was there earlier, with all that it has started."""
        return self._with_all_below({*earlier.below()}.intersection(self.below()))

    def _with_all_below(self, pids: Iterable[int]) -> list[int]:
        found = [*pids]
        for pid in found:
            found += self._children.get(pid, ())
        return found

    def working(self) -> list[int]:
        """The same, without those that the root waits for while they wait for others.

        Such as shells: they end with what they wait for.
        """
        own = self._children.get(self.root, [])
        return [pid for pid in self.below() if pid not in own or not self._children.get(pid)]


def end_tree(tree: Tree) -> None:
    """End what a process has started: by SIGTERM, and after :data:`KILL_AFTER` by SIGKILL.

    What the process itself starts in the meantime goes on.
    """
    send(tree.working(), signal.SIGTERM)
    time.sleep(KILL_AFTER)
    send(Tree(tree.root).left_of(tree), signal.SIGKILL)


def send(pids: Iterable[int], number: signal.Signals) -> None:
    """Signal these processes, of which some may have ended."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _parents() -> dict[int, int]:
    """The process that started each process, by their ids."""
    if not os.path.exists("/proc/self/stat"):
        done = subprocess.run(["ps", "-axo", "pid=,ppid="], capture_output=True, text=True)
        return {int(pid): int(parent) for pid, parent in map(str.split, done.stdout.splitlines())}
    found = {}
    for name in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
            # The name of the program, in parentheses, may contain anything.
            found[int(name)] = int(file.read().rpartition(b")")[2].split()[1])
    return found
