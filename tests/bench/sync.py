"""Measure sync, status and hashing against DVC on the same project: part of ``make bench-more``.

The pipelines are notebooks in chains of ten small steps. Figures are seconds of CPU (user and
system, of the program and its children) unless they say otherwise, and medians of rounds that all
rivals take in turn.
"""

import argparse
import hashlib
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench import ENVIRONMENT, call, write_notebook_file

CHAIN = 10
GIB = 1 << 30
FILES = 10_000
MANY = 1000  # steps; with more, one round must do
CODE = """\
with open(source) as file:
    text = file.read()
with open(result, "w") as file:
    file.write(text + "{name}\\n")
"""
# The generated rules with all of nbsnake's work at parse time taken out.
BARE_COMMON = """\
from snakemake.io import ancient


def content(rule):
    return lambda wildcards: {"sources": {}}


def source(path):
    return lambda wildcards: ancient(path)


def param(name):
    return lambda wildcards: "1"
"""


class Cost(NamedTuple):
    """What a command took: seconds of CPU, bytes written."""

    cpu: float
    written: int


def main() -> None:
    """Run all measurements and print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, nargs="+", default=[100, 1000, 5000])
    parser.add_argument("--only", choices=["steps", "large"], help="one half of it")
    args = parser.parse_args()
    print(f"\n{platform.python_implementation()} {platform.python_version()},", end=" ")
    print(f"{os.cpu_count()} cores, medians of {args.rounds} rounds, seconds of CPU\n")
    print("| what | nbsnake | rival | ratio | goal |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        set_site_cache(Path(folder))
        if args.only != "steps":
            bench_hashing(Path(folder))
            bench_large(Path(folder) / "file", args.rounds, folder=False)
            bench_large(Path(folder) / "folder", args.rounds, folder=True)
        if args.only != "large":
            for steps in args.steps:
                rounds = args.rounds if steps <= MANY else 1
                bench_steps(Path(folder) / str(steps), steps, rounds)


def set_site_cache(folder: Path) -> None:
    """DVC's own memory of files lies where it can be forgotten."""
    ENVIRONMENT["DVC_SITE_CACHE_DIR"] = str(folder / "site")


def cost(root: Path, *command: str) -> Cost:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    call(root, *command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu, (after.ru_oublock - before.ru_oublock) * 512)


def compare(
    title: str,
    ours: Callable[[], Cost],
    theirs: dict[str, Callable[[], Cost]],
    rounds: int,
    goal: str,
    prepare: Callable[[], None] = lambda: None,
) -> dict[str, list[Cost]]:
    """One row for each rival."""
    costs: dict[str, list[Cost]] = {name: [] for name in ("nbsnake", *theirs)}
    for _ in range(rounds):
        for name, run in {"nbsnake": ours, **theirs}.items():
            prepare()
            costs[name].append(run())
    mine = median(each.cpu for each in costs["nbsnake"])
    for name in theirs:
        rival = median(each.cpu for each in costs[name])
        print(f"| {title} | {mine:.2f} | {name}: {rival:.2f} | {mine / rival:.2f}x | {goal} |")
    sys.stdout.flush()
    return costs


def bench_steps(root: Path, steps: int, rounds: int) -> None:
    make_project(root, steps)
    make_results(root)
    commit = {"`dvc commit -f`": lambda: cost(root, "dvc", "commit", "--force", "--quiet")}
    compare(
        f"sync after a run of {steps} steps",
        lambda: cost(root, "nbsnake", "sync"),
        commit,
        rounds,
        "0.20x",
        prepare=lambda: forget_lock(root),
    )
    call(root, "nbsnake", "sync")
    compare(
        f"sync, nothing changed in {steps}",
        lambda: cost(root, "nbsnake", "sync"),
        commit,
        rounds,
        "0.10x",
    )
    compare(
        f"sync, one of {steps} changed",
        lambda: cost(root, "nbsnake", "sync"),
        {**commit, "`dvc commit -f STEP`": lambda: commit_one(root, steps)},
        rounds,
        "0.10x",
        prepare=lambda: change_one(root, steps),
    )
    call(root, "snakemake", "--cores", "2", "--quiet")
    compare(
        f"`status` of {steps} steps",
        lambda: cost(root, "nbsnake", "status"),
        {"`dvc status`": lambda: cost(root, "dvc", "status", "--quiet")},
        rounds,
        "0.5x",
    )
    bare = without_nbsnake(root)
    compare(
        f"`snakemake`, nothing to be done in {steps}",
        lambda: cost(root, "snakemake", "--cores", "2", "--quiet"),
        {
            "the same Snakefile without nbsnake": lambda: cost(
                bare, "snakemake", "--cores", "2", "--quiet"
            )
        },
        rounds,
        "1.15x",
    )
    shutil.rmtree(root)
    shutil.rmtree(bare)


def make_project(root: Path, steps: int) -> None:
    """Chains of ten steps, generated."""
    write_notebooks(root, steps)
    call(root, "nbsnake", "init")
    call(root, "nbsnake", "generate")


def write_notebooks(
    root: Path, steps: int, source_of: Callable[[int], str] = lambda _: "data/raw.txt"
) -> None:
    """Chains of ten steps, each of which adds a line to what the one before wrote.

    ``source_of`` gives the file that the first step of a chain reads, by the chain's number.
    """
    (root / "notebooks").mkdir(parents=True)
    (root / "data").mkdir()
    for number in range(steps):
        source = source_of(number // CHAIN)
        (root / source).write_text("raw\n")
        before = f"data/{name_of(number - 1)}.txt" if number % CHAIN else source
        name = name_of(number)
        head = [
            f'"""Step {name}.\n',
            ":param source: what is read",
            ":param result: what is written",
            *([":param int weight: a number"] if number == steps - 1 else []),
            f":dvc-in source: {before}",
            f":dvc-out result: data/{name}.txt",
            '"""',
            f'source = "../{before}"',
            f'result = "../data/{name}.txt"',
            *(["weight = 1"] if number == steps - 1 else []),
        ]
        write_notebook_file(root, name, ["\n".join(head), CODE.format(name=name)])


def make_results(root: Path) -> None:
    """What the jobs of all steps leave, written by the jobs' own code in one process."""
    call(root, "nbsnake", "status")  # makes the plan
    call(root, sys.executable, str(Path(__file__).with_name("jobs.py")))


def name_of(number: int) -> str:
    return f"step{number:04}"


def forget_lock(root: Path) -> None:
    """As after a run whose sync never came: the objects and receipts are there."""
    for path in ("dvc.lock", "data/.gitignore", ".nbsnake/lock.jsonl"):
        (root / path).unlink(missing_ok=True)
    shutil.rmtree(Path(ENVIRONMENT["DVC_SITE_CACHE_DIR"]), ignore_errors=True)


def change_one(root: Path, steps: int) -> None:
    """Run the last step of the last chain again, with another value."""
    params = root / "params.yaml"
    last = name_of(steps - 1)
    head, _, tail = params.read_text().partition(f"{last}:\n  weight: ")
    value, _, rest = tail.partition("\n")
    params.write_text(f"{head}{last}:\n  weight: {int(value) + 1}\n{rest}")
    call(root, "nbsnake", "status")  # rebuilds the plan
    call(root, "nbsnake", "exec", last, "--", *argv_of(root, last))


def argv_of(root: Path, name: str) -> list[str]:
    """The words of the command of a step, by the plan."""
    plan = json.loads((root / ".nbsnake/plan.json").read_text())["plan"]
    return next(step["argv"] for step in plan["steps"] if step["name"] == name)


def commit_one(root: Path, steps: int) -> Cost:
    return cost(root, "dvc", "commit", "--force", "--quiet", name_of(steps - 1))


def without_nbsnake(root: Path) -> Path:
    """A copy of the project whose rules ask nbsnake nothing."""
    bare = root.with_name(f"{root.name}-bare")
    shutil.copytree(root, bare, symlinks=True)
    (bare / "workflow/rules/common.smk").write_text(BARE_COMMON)
    (bare / "workflow/rules/sync.smk").write_text("")
    outs = json.dumps([f"data/{path.stem}.txt" for path in (root / "notebooks").iterdir()])
    snakefile = bare / "workflow/Snakefile"
    snakefile.write_text(snakefile.read_text().replace("nbsnake.targets()", outs))
    call(bare, "snakemake", "--cores", "2", "--quiet", "--touch", "--forceall")
    return bare


def bench_large(root: Path, rounds: int, *, folder: bool) -> None:
    """One large output: what the job's digest and object and the sync cost, and DVC's commit."""
    make_large(root, folder=folder)
    what = f"a folder of {FILES} files" if folder else "one output of 1 GiB"
    argv = argv_of(root, "big")

    def ours() -> Cost:
        costs = [cost(root, "nbsnake", "exec", "big", "--", *argv), cost(root, "nbsnake", "sync")]
        return Cost(sum(each.cpu for each in costs), sum(each.written for each in costs))

    def theirs() -> Cost:
        call(root, *argv)
        return cost(root, "dvc", "commit", "--force", "--quiet")

    costs = compare(
        f"exec and sync of {what}",
        ours,
        {"`dvc commit -f`": theirs},
        rounds,
        "0.35x",
        prepare=lambda: forget_large(root),
    )
    written = {name: median(each.written for each in these) for name, these in costs.items()}
    size = 1 if folder else GIB
    if not folder:
        mine, rival = written["nbsnake"] / size, written["`dvc commit -f`"] / size
        print(f"| bytes written, of its size | {mine:.2f} | `dvc commit -f`: {rival:.2f} | | 1 |")
    shutil.rmtree(root)


def make_large(root: Path, *, folder: bool, mib: int = GIB >> 20) -> None:
    """A project with one step, of which the result lies ready to be moved into its place."""
    (root / "notebooks").mkdir(parents=True)
    slash = "/" * folder
    head = f'"""Big.\n\n:param out: it\n:dvc-out out: data/out{slash}\n"""\nout = "../data/out"'
    write_notebook_file(root, "big", [head, 'import os\n\nos.replace("made", out)\n'])
    call(root, "nbsnake", "init")
    call(root, "nbsnake", "generate")
    call(root, "nbsnake", "status")  # makes the plan
    (root / "data").mkdir(exist_ok=True)
    if folder:
        for number in range(FILES):
            file = root / f"kept/{number % 100:02}/{number:05}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"file {number}\n" * 5)
    else:
        with (root / "kept").open("wb") as out:
            for _ in range(mib):
                out.write(os.urandom(1 << 20))


def forget_large(root: Path) -> None:
    """Nothing has run; ``made`` is a fresh copy of the result."""
    kept = (".dvc/cache", ".nbsnake/receipts", ".nbsnake/cache", "data/out", "made", "copy")
    for path in kept:
        if (root / path).is_dir():
            shutil.rmtree(root / path)
        else:
            (root / path).unlink(missing_ok=True)
    for name in ("digests.jsonl", "objects.json"):
        (root / ".nbsnake" / name).unlink(missing_ok=True)
    forget_lock(root)
    subprocess.run(["cp", "-r", "kept", "made"], cwd=root, check=True)


def bench_hashing(folder: Path) -> None:
    """The digest of large files against md5 alone, on one core and on all."""
    from nbsnake.job.content import md5_of_file
    from nbsnake.job.spread import spread

    files = [folder / "one", folder / "two"]
    for file in files:
        with file.open("wb") as out:
            for _ in range(512):
                out.write(os.urandom(1 << 20))
    data = files[0].read_bytes()
    raw = best(lambda: hashlib.md5(data).hexdigest(), time.process_time)
    read = best(lambda: md5_of_file(str(files[0])), time.process_time)
    print(f"| rate of digests, of md5 alone in memory | {raw / read:.2f} | 1 | | 0.90 |")
    paths = [str(file) for file in files]
    one = best(lambda: [md5_of_file(path) for path in paths])
    many = best(lambda: spread(md5_of_file, paths, [GIB, GIB]))
    print(f"| two large outputs, one after another (wall) | {many:.2f} | {one:.2f} | ", end="")
    print(f"{many / one:.2f}x | {os.cpu_count()} cores |")
    for file in files:
        file.unlink()


def best(run: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """The shortest time of five, which other programs disturb least."""

    def once() -> float:
        start = clock()
        run()
        return clock() - start

    return min(once() for _ in range(5))


if __name__ == "__main__":
    main()
