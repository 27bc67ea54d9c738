"""Measure what the runner adds to the scripts of the digits example: CPU and memory.

Part of ``make bench-more``. Each script runs as a stage runs it, and by the runner, which records
the notebook of the run; both in turn. The least of all rounds counts, for other work on the machine
only adds to it. The outputs are compared, too.
"""

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from nbsnake.job.executed import EVENTS, RUNNER
from nbsnake.job.plan import PlannedStep, read_plan

EXAMPLE = Path(__file__).parents[2] / "examples/digits"
ORDER = ("load", "pixels", "edges", "svm", "forest", "evaluate")


class Cost(NamedTuple):
    """Seconds of CPU (user and system), and MiB of memory at most."""

    cpu: float
    memory: float


def main() -> None:
    """Print one Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(f"\n{platform.python_implementation()} {platform.python_version()},", end=" ")
    print(f"the least of {rounds} rounds, one thread\n")
    print("| step | CPU | with the runner | goal | memory | with the runner | goal | outputs |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for step in steps_of(Path(folder, "digits")):
            print(row(step, rounds), flush=True)


def steps_of(root: Path) -> list[PlannedStep]:
    """The steps of a copy of the example, in an order in which they can run, from there."""
    shutil.copytree(EXAMPLE, root)
    os.chdir(root)
    for words in (["nbsnake", "init"], ["nbsnake", "generate"], ["nbsnake", "run", "-j", "2"]):
        subprocess.run(words, check=True, capture_output=True)
    plan = read_plan()
    assert plan
    for out in (path for name in ORDER for path in plan.steps[name].out_paths):
        os.unlink(out)  # it may be a link to the cache
    return [plan.steps[name] for name in ORDER]


def row(step: PlannedStep, rounds: int) -> str:
    """One step, both ways."""
    plain, recorded = list[Cost](), list[Cost]()
    contents = set[str]()
    for _ in range(rounds):
        plain.append(cost([sys.executable, *step.argv[1:]]))
        contents.add(content(step))
        recorded.append(cost([sys.executable, RUNNER, *step.argv[1:]]))
        contents.add(content(step))
    cpu, memory = (least(plain, name) for name in Cost._fields)
    goals = f"{cpu * 1.1 + 0.03:.2f} s", f"{memory * 1.1 + 20:.0f} MiB"
    found = f"{least(recorded, 'cpu'):.2f} s", f"{least(recorded, 'memory'):.0f} MiB"
    same = "the same bytes" if len(contents) == 1 else "differ"
    return (
        f"| {step.name} | {cpu:.2f} s | {found[0]} | {goals[0]} "
        f"| {memory:.0f} MiB | {found[1]} | {goals[1]} | {same} |"
    )


def least(costs: list[Cost], name: str) -> float:
    return min(getattr(each, name) for each in costs)


def content(step: PlannedStep) -> str:
    """A digest of all that the step wrote."""
    data = b"".join(Path(path).read_bytes() for path in step.out_paths)
    return hashlib.sha256(data).hexdigest()


def cost(words: list[str]) -> Cost:
    """What a program takes; raises where it fails."""
    one_thread = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
    env = {**os.environ, **one_thread, EVENTS: os.path.abspath("events")}
    Path("events").unlink(missing_ok=True)
    with subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"failed: {words}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


if __name__ == "__main__":
    main()
