"""Measure nbsnake against its peers, and print ratios: ``make bench-more``.

Every figure is a median of several rounds, and each round takes all rivals one after another, so
that a busy machine slows them alike. Wall time is used where waiting is the point (a parallel
run), as everything runs on the same two cores. ``--rounds N`` changes the number of rounds.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

BRANCHES = 22
WORK_SECONDS = 0.6
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "DVC_NO_ANALYTICS": "1",
}
ENVIRONMENT.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed has its bytecode
# A step waits as a step does that computes on other cores or reads from a disk: so the pipeline
# engines are compared, and not the machine's load.
CODE = """\
import time
from pathlib import Path

time.sleep({seconds})
text = "".join(Path(source).read_text() for source in {sources})
Path(result).parent.mkdir(parents=True, exist_ok=True)
Path(result).write_text(text + "{name}\\n")
"""


def main() -> None:
    """Run all measurements and print one Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(f"{platform.python_implementation()} {platform.python_version()},", end=" ")
    print(f"{os.cpu_count()} cores, medians of {rounds} rounds\n")
    print("| what | nbsnake | rival | ratio |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        bench_wide_pipeline(Path(folder), rounds)
        bench_nothing_to_do(Path(folder) / "wide", rounds)


def bench_wide_pipeline(folder: Path, rounds: int) -> None:
    """24 steps of 0.6 s, 22 of which could run at the same time."""
    root = folder / "wide"
    make_project(root)
    rivals = {
        "snakemake + nbsnake, 2 cores": lambda: call(root, "snakemake", "--cores", "2", "--quiet"),
        "`dvc repro`": lambda: call(root, "dvc", "repro", "--quiet"),
        "bare `python` in a loop": lambda: run_scripts(root),
    }
    times = measure(rivals, rounds, prepare=lambda: forget_results(root))
    title = f"{BRANCHES + 2} steps of {WORK_SECONDS} s, from nothing to dvc.lock (wall)"
    report(title, times)
    call(root, "snakemake", "--cores", "2", "--quiet")


def bench_nothing_to_do(root: Path, rounds: int) -> None:
    """The same project when all is done."""
    call(root, "snakemake", "--cores", "2", "--quiet")
    rivals = {
        "snakemake + nbsnake": lambda: call(root, "snakemake", "--cores", "2", "--quiet"),
        "`dvc repro`": lambda: call(root, "dvc", "repro", "--quiet"),
    }
    report("the same, nothing to do (wall)", measure(rivals, rounds))
    rivals = {
        "`nbsnake status`": lambda: call(root, "nbsnake", "status"),
        "`dvc status`": lambda: call(root, "dvc", "status", "--quiet"),
    }
    report("the state of each step (wall)", measure(rivals, rounds))


def measure(
    rivals: dict[str, Callable[[], None]], rounds: int, prepare: Callable[[], None] = lambda: None
) -> dict[str, list[float]]:
    """Seconds of wall time of each rival in each round."""
    times: dict[str, list[float]] = {name: [] for name in rivals}
    for _ in range(rounds):
        for name, run in rivals.items():
            prepare()
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return times


def report(title: str, times: dict[str, list[float]]) -> None:
    """One row for each rival; the first is ours."""
    medians = {name: statistics.median(values) for name, values in times.items()}
    (ours, our_time), *others = medians.items()
    for name, median in others:
        ratio = our_time / median
        print(f"| {title} | {ours}: {our_time:.2f} s | {name}: {median:.2f} s | {ratio:.2f}x |")


def make_project(root: Path) -> None:
    """One step, then many side by side, then one that reads them all."""
    branches = [f"branch{number:02}" for number in range(BRANCHES)]
    (root / "notebooks").mkdir(parents=True)
    write_notebook(root, "first", [])
    for branch in branches:
        write_notebook(root, branch, ["first"])
    write_notebook(root, "last", branches)
    call(root, "nbsnake", "init")
    call(root, "nbsnake", "generate")


def write_notebook(root: Path, name: str, sources: list[str]) -> None:
    """A step that reads the outputs of ``sources`` and writes ``data/<name>.txt``."""
    params = [f":param from_{source}: text of {source}" for source in sources]
    deps = [f":dvc-in from_{source}: data/{source}.txt" for source in sources]
    lines = [f'"""Step {name}.', "", *params, ":param result: the text", *deps]
    lines += [f":dvc-out result: data/{name}.txt", '"""']
    lines += [f'from_{source} = "../data/{source}.txt"' for source in sources]
    lines += [f'result = "../data/{name}.txt"']
    names = f"[{', '.join(f'from_{source}' for source in sources)}]"
    code = CODE.format(seconds=WORK_SECONDS, sources=names, name=name)
    write_notebook_file(root, name, ["\n".join(lines), code])


def write_notebook_file(root: Path, name: str, cells: list[str]) -> None:
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "language": "python"}},
        "cells": [
            {"cell_type": "code", "id": f"c{i}", "metadata": {}, "outputs": [], "source": source}
            for i, source in enumerate(cells)
        ],
    }
    (root / "notebooks" / f"{name}.ipynb").write_text(json.dumps(notebook))


def forget_results(root: Path) -> None:
    """Leave only what was generated: no results, no record of any, no cache."""
    for folder in ("data", ".nbsnake", ".snakemake", ".dvc/cache", ".dvc/tmp"):
        shutil.rmtree(root / folder, ignore_errors=True)
    (root / "dvc.lock").unlink(missing_ok=True)


def run_scripts(root: Path) -> None:
    """All scripts one after another, with the defaults that they have."""
    names = ["first", *(f"branch{number:02}" for number in range(BRANCHES)), "last"]
    for name in names:
        call(root, "python", f"workflow/scripts/{name}.py")


def call(root: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=root, env=ENVIRONMENT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main()
