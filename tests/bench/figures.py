"""The works that are measured, each against its rivals on the same project in the same rounds.

Each function makes its project in a folder and gives rows of the table.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import growth
import sync
from bench import ENVIRONMENT, call, write_notebook_file
from costs import Cost, Row, command, in_turn, together
from sweep import forget_generated

DIGITS = Path(__file__).parents[2] / "examples/digits"
DVC = "`dvc repro`"
STATUS = "`dvc status`"
WAIT = 0.06  # seconds of a short step


class Size(NamedTuple):
    """How much is measured: rounds, steps of large projects, of the run, and of exec's plans."""

    rounds: int
    steps: int
    run: int
    plans: tuple[int, ...]
    large: int  # MiB of the large output
    growth: tuple[Sequence[int], Sequence[int]]  # steps and variants of growing projects


QUICK = Size(rounds=3, steps=100, run=20, plans=(10, 100), large=64, growth=((10, 100), (10, 100)))
WHOLE = Size(
    rounds=5,
    steps=1000,
    run=100,
    plans=(10, 1000, 10_000),
    large=1024,
    growth=(growth.STEPS, growth.VARIANTS),
)


def of_six_steps(folder: Path, size: Size) -> Iterator[Row]:
    """The digits example: from nothing, nothing to do, one value changed back and forth."""
    ours, theirs, given = (folder / name for name in ("ours", "theirs", "given"))
    shutil.copytree(DIGITS, given)
    call(given, "nbsnake", "init")
    call(given, "nbsnake", "generate")

    def begin() -> None:
        for root in (ours, theirs):
            shutil.rmtree(root, ignore_errors=True)
            shutil.copytree(given, root)

    nothing = {
        "`nbsnake run`": lambda: command(ours, "nbsnake", "run", "-j", "2"),
        DVC: lambda: command(theirs, "dvc", "repro", "--quiet"),
    }
    first = in_turn(nothing, 1 if size is QUICK else size.rounds, begin)
    yield Row("digits", "the digits example from nothing", "cpu", (None,), first)
    for work in nothing.values():
        work()
    costs = in_turn(nothing, size.rounds)
    yield Row("noop-6", "nothing to do, 6 steps", "wall", (0.15,), costs)
    snakemake = {"`snakemake`": _snakemake(ours), DVC: nothing[DVC]}
    costs = in_turn(snakemake, size.rounds)
    yield Row("snakemake-6", "the same by plain `snakemake`", "wall", (None,), costs)
    yield from _going_back(ours, theirs, size)


def _going_back(ours: Path, theirs: Path, size: Size) -> Iterator[Row]:
    def turn(root: Path) -> None:
        text = (root / "params.yaml").read_text()
        given = re.search(r"trees: (\d+)", text)
        assert given, text
        other = "150" if given[1] == "100" else "100"
        (root / "params.yaml").write_text(text.replace(given[0], f"trees: {other}"))

    ways = {
        "`nbsnake run`": lambda: command(ours, "nbsnake", "run", "-j", "2"),
        DVC: lambda: command(theirs, "dvc", "repro", "--quiet"),
    }

    def both() -> None:
        turn(ours)
        turn(theirs)

    for _ in range(2):  # each value once, so that its results are in the caches
        both()
        call(ours, "nbsnake", "run", "-j", "2")
        call(theirs, "dvc", "repro", "--quiet")
    costs: dict[str, list[Cost]] = {name: [] for name in ways}
    for _ in range(size.rounds):
        both()
        for name, way in ways.items():
            costs[name].append(way())
    yield Row("restore", "back to an earlier value, two steps restored", "cpu", (0.5,), costs)


def _snakemake(root: Path, *options: str) -> Callable[[], Cost]:
    return lambda: command(root, "snakemake", "--cores", "2", "--quiet", *options)


def of_many_steps(folder: Path, size: Size) -> Iterator[Row]:
    """Chains of ten steps: nothing to do, the state of each, one edit, one changed result."""
    root, steps = folder / "many", size.steps
    sync.make_project(root, steps)
    generating = {
        "`nbsnake generate`": lambda: command(root, "nbsnake", "generate"),
    }
    costs = in_turn(generating, size.rounds, lambda: forget_generated(root))
    yield Row("generate", f"first generate of {steps:,} small notebooks", "wall", (2.5,), costs)
    sync.make_results(root)
    call(root, "nbsnake", "sync")
    call(root, "snakemake", "--cores", "2", "--quiet")

    def edited() -> Cost:
        params = root / "params.yaml"
        text = params.read_text()
        params.write_text(text.replace("weight: 1\n", "weight: 2\n"))
        cost = command(root, "nbsnake", "status")
        params.write_text(text)
        call(root, "nbsnake", "status")
        return cost

    ways = {
        "status": lambda: command(root, "nbsnake", "status"),
        "edited": edited,
        "run": lambda: command(root, "nbsnake", "run", "-j", "2"),
        "snakemake": _snakemake(root),
        STATUS: lambda: command(root, "dvc", "status", "--quiet"),
    }
    costs = in_turn(ways, size.rounds)
    for name, way, title, goal in (
        ("noop", "run", "`nbsnake run`, nothing to do", 0.08),
        ("snakemake", "snakemake", "plain `snakemake`, nothing to do", 0.5),
        ("status", "status", "`nbsnake status`", 0.08),
        ("edit", "edited", "`nbsnake status` after an edit of params.yaml", 0.15),
    ):
        both = {title: costs[way], STATUS: costs[STATUS]}
        yield Row(name, f"{title}, {steps:,} steps", "cpu", (goal,), both)


def of_one_changed(folder: Path, size: Size) -> Iterator[Row]:
    """Sync when one step of a small project has changed."""
    sync.make_project(folder / "few", 10)
    sync.make_results(folder / "few")
    call(folder / "few", "nbsnake", "sync")
    ways = {"`nbsnake sync`": lambda: command(folder / "few", "nbsnake", "sync")}
    costs = in_turn(ways, size.rounds, lambda: sync.change_one(folder / "few", 10))
    yield Row("sync", "sync, one of 10 steps changed", "cpu", (0.25,), costs)


def of_exec(folder: Path, size: Size) -> Iterator[Row]:
    """What `nbsnake exec` adds to one command, by the number of steps of the project."""
    for steps in size.plans:
        sync.make_project(folder / f"exec{steps}", steps)
        call(folder / f"exec{steps}", "nbsnake", "status")  # makes the plan
        costs = {"`nbsnake exec`": _added_by_exec(folder / f"exec{steps}", size.rounds * 5)}
        title = f"added by `nbsnake exec` to one command, {steps:,} steps"
        yield Row(f"exec-{steps}", title, "wall", (0.035,), costs)
        shutil.rmtree(folder / f"exec{steps}")


def _added_by_exec(root: Path, rounds: int) -> list[Cost]:
    """The difference in each round."""
    name, env = sync.name_of(0), {"NBSNAKE_RESTORE": "0"}
    words = ["python", "-c", f"open('data/{name}.txt', 'w').write('x')"]
    ways = {
        "wrapped": lambda: command(root, "nbsnake", "exec", name, "--", *words, env=env),
        "bare": lambda: command(root, *words),
    }
    pairs = zip(*in_turn(ways, rounds).values(), strict=True)
    return [Cost(ours.cpu - bare.cpu, ours.wall - bare.wall) for ours, bare in pairs]


BY_HAND = """\
rule all:
    input:
        expand("data/part{{number}}.txt", number=range({steps})),


rule part:
    input:
        script="workflow/scripts/part.py",
        source="data/raw.txt",
    output:
        result="data/part{{number}}.txt",
    log:
        "logs/{{number}}.log",
    shell:
        "python {{input.script:q}} --source={{input.source:q}} --result={{output.result:q}}"
        " --number={{wildcards.number}} > {{log:q}} 2>&1"
"""
PART = '''\
"""A short step.

:foreach number: sweep.numbers
:param int number: which
:param source: the data
:param result: the result
:dvc-in source: data/raw.txt
:dvc-out result: data/part{number}.txt
"""
number = 0
source = "../data/raw.txt"
result = "../data/part0.txt"
'''
WORK = """\
import time

time.sleep({wait})
with open(result, "w") as file:
    file.write(str(number))
"""


def of_short_steps(folder: Path, size: Size) -> Iterator[Row]:
    """Many steps of 60 ms on two cores, against the same script in a rule that a person writes."""
    ours, by_hand, theirs = (folder / name for name in ("sweep", "by-hand", "repro"))
    (ours / "notebooks").mkdir(parents=True)
    (ours / "data").mkdir()
    (ours / "data/raw.txt").write_text("raw\n")
    write_notebook_file(ours, "part", [PART, WORK.format(wait=WAIT)])
    numbers = json.dumps([*range(size.run)])
    (ours / "params.yaml").write_text(f"sweep:\n  numbers: {numbers}\n")
    call(ours, "nbsnake", "init")
    call(ours, "nbsnake", "generate")
    shutil.copytree(ours, by_hand)
    shutil.copytree(ours, theirs)
    (by_hand / "workflow/Snakefile").write_text(BY_HAND.format(steps=size.run))
    ways = {
        "`nbsnake run`": lambda: command(ours, "nbsnake", "run", "-j", "2"),
        "a Snakefile by hand": _snakemake(by_hand),
        DVC: lambda: command(theirs, "dvc", "repro", "--quiet"),
    }

    def forget() -> None:
        for root in (ours, by_hand, theirs):
            for path in (".nbsnake", ".snakemake", ".dvc/cache", ".dvc/tmp"):
                shutil.rmtree(root / path, ignore_errors=True)
            (root / "dvc.lock").unlink(missing_ok=True)
            for path in (root / "data").glob("part*"):
                path.unlink()

    costs = in_turn(ways, 1 if size is QUICK else size.rounds, forget)
    title = f"{size.run:,} steps of {WAIT * 1000:.0f} ms on two cores"
    yield Row("short", title, "wall", (1.2, 0.3), costs)


def of_a_large_output(folder: Path, size: Size) -> Iterator[Row]:
    """One large output: the job's digest and cache object, and the sync."""
    root = folder / "large"
    sync.make_large(root, folder=False, mib=size.large)
    argv = sync.argv_of(root, "big")

    def ours() -> Cost:
        own = command(root, "nbsnake", "exec", "big", "--", *argv)
        return together(own, command(root, "nbsnake", "sync"))

    def theirs() -> Cost:
        call(root, *argv)
        return command(root, "dvc", "commit", "--force", "--quiet")

    def least() -> Cost:
        return command(root, "sh", "-c", "md5sum made && cp --reflink=never made copy")

    ways = {"exec and sync": ours, "`dvc commit -f`": theirs, "`md5sum` and one `cp`": least}
    costs = in_turn(ways, size.rounds, lambda: sync.forget_large(root))
    title = f"one output of {size.large:,} MiB, exec and sync"
    yield Row("large", title, "cpu", (0.3, 1.1), costs)
    shutil.rmtree(root)


def set_memory(folder: Path) -> None:
    """DVC's own memory of files is of this run only."""
    ENVIRONMENT["DVC_SITE_CACHE_DIR"] = str(folder / "site")


FIGURES = {
    "digits": of_six_steps,
    "many": of_many_steps,
    "one": of_one_changed,
    "exec": of_exec,
    "short": of_short_steps,
    "large": of_a_large_output,
}
