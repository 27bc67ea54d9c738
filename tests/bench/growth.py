"""How costs grow with the number of steps and of variants: part of ``make bench``.

Each figure is one whole process: seconds of CPU and of wall time (its children included), and the
most memory that one of its processes had. The results of all steps are seeded by the jobs' own code
in one process (jobs.py); the run of the changed steps is a real one.
"""

import argparse
import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import sweep
import sync
from bench import ENVIRONMENT, call
from costs import attempt

STEPS = (100, 1000, 10_000)
VARIANTS = (500, 5000)
TITLE = (
    "CPU, wall time and memory (the most of one process) of one round; the jobs that a run of a "
    "tenth runs are real, the results before it are seeded. Growth that is more than that of the "
    "steps is named."
)
CHANGED = 10  # one of so many steps
SLACK = 1.1  # times the growth of the steps, from where on a cost grows faster than they do
PATIENCE = 1800.0  # seconds in which a run must end its first job


class Point(NamedTuple):
    """What one work cost at one size; seconds, and MiB of memory (None where it is not known)."""

    work: str
    size: int
    cpu: float
    wall: float
    memory: float | None


def main() -> None:
    """Print the table of what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, nargs="*", default=STEPS)
    parser.add_argument("--variants", type=int, nargs="*", default=VARIANTS)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sync.set_site_cache(Path(folder))
        found = measure(Path(folder), args.steps, args.variants)
    print("\n".join(lines(found)))


def measure(
    folder: Path, steps: Sequence[int], variants: Sequence[int]
) -> dict[str, list[dict[str, Any]]]:
    """All points, by what grows, as JSON holds them."""
    points: dict[str, list[dict[str, Any]]] = {"steps": [], "variants": []}
    for key, sizes, works in (("steps", steps, of_steps), ("variants", variants, of_variants)):
        for size in sizes:
            for point in works(folder / f"{key}{size}", size):
                print(*point, file=sys.stderr, flush=True)
                points[key].append(point._asdict())
            shutil.rmtree(folder / f"{key}{size}")
    return points


def of_steps(root: Path, steps: int) -> Iterator[Point]:
    """Chains of ten steps; one chain of ten reads the file that changes."""
    sync.write_notebooks(root, steps, source_of)
    call(root, "nbsnake", "init")
    yield cost(root, steps, "first generate", "nbsnake", "generate")
    yield cost(root, steps, "generate, nothing changed", "nbsnake", "generate")
    sync.make_results(root)
    yield cost(root, steps, "sync after all have run", "nbsnake", "sync")
    yield cost(root, steps, "sync, nothing changed", "nbsnake", "sync")
    yield cost(root, steps, "status", "nbsnake", "status")
    yield cost(root, steps, "run, nothing to do", "nbsnake", "run", "-j", "2")
    snakemake = ("snakemake", "--cores", "2", "--quiet")
    yield cost(root, steps, "plain snakemake, nothing to do", *snakemake)
    yield cost(root, steps, "report", "nbsnake", "report", "--output", "report.html")
    (root / "data/changing.txt").write_text("changed\n")
    yield cost(root, steps, "status, a tenth stale", "nbsnake", "status")
    yield cost(root, steps, "dry run of a tenth", "nbsnake", "run", "--dry-run")
    yield restarted(root, steps)
    (root / "data/changing.txt").write_text("changed again\n")
    yield cost(root, steps, "run of a tenth", "nbsnake", "run", "-j", "2")


def source_of(chain: int) -> str:
    """The file that a chain of steps begins with."""
    return "data/raw.txt" if chain % CHANGED else "data/changing.txt"


def of_variants(root: Path, variants: int) -> Iterator[Point]:
    """A sweep of one notebook."""
    sweep.make_project(root, variants)
    sync.make_results(root)
    yield cost(root, variants, "sync of a sweep", "nbsnake", "sync")
    yield cost(root, variants, "status of a sweep", "nbsnake", "status")
    yield cost(root, variants, "compare", "nbsnake", "compare")


def cost(root: Path, size: int, work: str, *words: str) -> Point:
    """Run a command once. Ends this process, with what was printed, where it fails."""
    found, code, printed = attempt(root, *words)
    if code:
        sys.exit(f"{' '.join(words)} failed:\n{printed}")
    return Point(work, size, found.cpu, found.wall, found.memory)


def restarted(root: Path, steps: int) -> Point:
    """The time from the start of a run to the end of its first job, after one that was killed."""
    with started(root) as killed:
        to_first_job(root, killed)
        os.killpg(killed.pid, signal.SIGKILL)
    begin = time.perf_counter()
    with started(root) as again:
        to_first_job(root, again)
        wall = time.perf_counter() - begin
        cpu = cpu_of(again.pid)
        os.killpg(again.pid, signal.SIGKILL)  # Snakemake may wait for ever in its handler of others
    return Point("restart after kill -9, to the first job's end", steps, cpu, wall, None)


def started(root: Path) -> subprocess.Popen[bytes]:
    """A run in a group of processes of its own."""
    return subprocess.Popen(
        ("nbsnake", "run", "-j", "2"),
        cwd=root,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def to_first_job(root: Path, run: subprocess.Popen[bytes]) -> None:
    """Wait until a receipt is written, which is the last thing that a job does."""
    receipts = root / ".nbsnake/receipts"
    before, end = receipts.stat().st_mtime_ns, time.monotonic() + PATIENCE
    while receipts.stat().st_mtime_ns == before:
        if run.poll() is not None or time.monotonic() > end:
            sys.exit("a run ended without a job")
        time.sleep(0.005)


def cpu_of(group: int) -> float:
    """Seconds of CPU of a group of processes and of their children that have ended."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has just ended
            fields = path.read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15])) if int(fields[2]) == group else 0
    return ticks / os.sysconf("SC_CLK_TCK")


def lines(found: dict[str, list[dict[str, Any]]]) -> Iterable[str]:
    """Tables as Markdown: one row for each work, one column for each size."""
    for key, all_points in found.items():
        points = [Point(**each) for each in all_points]
        sizes = sorted({point.size for point in points})
        if not sizes:
            continue
        titles = [f"{size:,} {key}" for size in sizes]
        yield f"| what | {' | '.join(titles)} | growth of CPU |"
        yield f"|---|{'---|' * len(sizes)}---|"
        for work in dict.fromkeys(point.work for point in points):
            yield _line(work, sizes, [point for point in points if point.work == work])
        yield ""


def _line(work: str, sizes: list[int], points: list[Point]) -> str:
    texts = {each.size: f"{each.cpu:.2f} s, {each.wall:.2f} s{_memory(each)}" for each in points}
    cells = [texts.get(size, "") for size in sizes]
    growth = [
        f"{ratio:.1f}x{'' if ratio <= SLACK * after.size / before.size else ', too much'}"
        for before, after in itertools.pairwise(points)
        for ratio in [after.cpu / before.cpu]
    ]
    return f"| {work} | {' | '.join(cells)} | {', '.join(growth)} |"


def _memory(point: Point) -> str:
    return "" if point.memory is None else f", {point.memory:.0f} MiB"


if __name__ == "__main__":
    main()
