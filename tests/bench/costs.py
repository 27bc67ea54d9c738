"""What whole processes cost in CPU and wall time, rivals in turn, and on which machine."""

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from bench import ENVIRONMENT

KIB = 1024  # in a MiB
PACKAGES = ("nbsnake", "snakemake", "dvc")


class Cost(NamedTuple):
    """Seconds of CPU (user and system, of a process and its children), and of wall time.

    ``memory`` is the most that one of the processes had, in MiB; 0 where it was not measured.
    """

    cpu: float
    wall: float
    memory: float = 0.0


Work = Callable[[], Cost]


class Row(NamedTuple):
    """One line of the table: what each way of a work cost in each round; ours comes first.

    ``unit`` is ``cpu`` or ``wall``, by which they are compared. ``goals`` are the most that ours
    may cost, in parts of each rival's or, without a rival, in seconds; None for no goal.
    """

    name: str
    title: str
    unit: str
    goals: tuple[float | None, ...]
    costs: dict[str, list[Cost]]

    def medians(self, unit: str) -> dict[str, float]:
        """Seconds of each way."""
        return {
            name: statistics.median(getattr(each, unit) for each in costs)
            for name, costs in self.costs.items()
        }

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON holds it, each round included."""
        ours, *rivals = self.medians(self.unit).values()
        values = [ours / each for each in rivals] or [ours]
        pairs = zip(values, self.goals, strict=True)
        return {
            **self._asdict(),
            "costs": {name: [each._asdict() for each in all_] for name, all_ in self.costs.items()},
            "cpu": self.medians("cpu"),
            "wall": self.medians("wall"),
            "values": values,
            "met": [None if goal is None else value <= goal for value, goal in pairs],
        }


def command(root: Path, *words: str, env: Mapping[str, str] | None = None) -> Cost:
    """Run a command in a folder. Ends this process, with what was printed, where it fails."""
    cost, code, printed = attempt(root, *words, env=env)
    if code:
        sys.exit(f"{' '.join(words)} failed:\n{printed}")
    return cost


def attempt(root: Path, *words: str, env: Mapping[str, str] | None = None) -> tuple[Cost, int, str]:
    """Run a command that may fail: its cost, its exit code and what it printed."""
    start = time.perf_counter()
    with subprocess.Popen(
        words,
        cwd=root,
        env=ENVIRONMENT | dict(env or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        assert process.stdout
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    cost = Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / KIB)
    return cost, process.returncode, printed.decode(errors="replace")


def together(*costs: Cost) -> Cost:
    """The cost of several works, one after another."""
    return Cost(
        sum(each.cpu for each in costs),
        sum(each.wall for each in costs),
        max(each.memory for each in costs),
    )


def in_turn(
    works: Mapping[str, Work], rounds: int, prepare: Callable[[], None] = lambda: None
) -> dict[str, list[Cost]]:
    """Each round takes all works one after another, so that a busy machine slows them alike.

    Before each, ``prepare`` is called, which is not measured.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            prepare()
            costs[name].append(work())
    return costs


def machine() -> dict[str, Any]:
    """What the figures depend on besides the code."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": {name: _version(name) for name in PACKAGES},
        "load": round(os.getloadavg()[0], 1),
    }


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
