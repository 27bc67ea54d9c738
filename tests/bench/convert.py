"""Measure how fast nbsnake turns notebooks into scripts: ``python tests/bench/convert.py``.

The notebooks are 100 of the corpus (see tests/corpus) that both nbsnake and nbconvert accept, some
of them under two names. Every figure is a median of several rounds, and each round takes all
rivals one after another, so that a busy machine slows them alike. ``--rounds N`` changes the
number of rounds.
"""

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import warnings
from itertools import cycle, islice
from pathlib import Path

import nbformat
from bench import ENVIRONMENT, call, measure

sys.path.insert(0, str(Path(__file__).parents[1] / "corpus"))
from corpus_files import get_corpus, notebooks_of

COUNT = 100
METADATA = '''\
"""Step {number}.

:param result: where the result goes
:dvc-out result: results/{number}.txt
"""
result = "../results/{number}.txt"
'''


def main() -> None:
    """Run all measurements and print one Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(f"{platform.python_implementation()} {platform.python_version()},", end=" ")
    print(f"{os.cpu_count()} cores, medians of {rounds} rounds\n")
    print("| what | nbsnake | rival | ratio | goal |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        nbconvert = bench_convert(Path(folder), rounds)
        bench_nothing_changed(Path(folder), rounds, nbconvert)
    bench_help(rounds)


def bench_convert(root: Path, rounds: int) -> float:
    """All notebooks from nothing; the seconds that nbconvert takes."""
    collect(root / "notebooks")
    names = sorted(path.name for path in (root / "notebooks").iterdir())
    notebooks = [f"notebooks/{name}" for name in names]
    nbconvert = ["jupyter", "nbconvert", "--log-level", "ERROR", "--to", "script"]
    rivals = {
        "`nbsnake convert`": lambda: call(root, "nbsnake", "convert", "notebooks", "-o", "out/"),
        "`jupyter nbconvert`": lambda: call(root, *nbconvert, *notebooks, "--output-dir", "other"),
    }
    times = measure(rivals, rounds, prepare=lambda: forget(root))
    ours, other = map(statistics.median, times.values())
    different = len({(root / notebook).read_bytes() for notebook in notebooks})
    title = f"{len(names)} notebooks, {different} different ones, to scripts (wall)"
    report(title, ("`nbsnake convert`", ours), ("`jupyter nbconvert`", other), goal=0.35)
    return other


def bench_nothing_changed(root: Path, rounds: int, nbconvert: float) -> None:
    """A project of the same notebooks, all made steps, in which all is generated."""
    project = root / "project"
    shutil.copytree(root / "notebooks", project / "notebooks")
    for number, path in enumerate(sorted((project / "notebooks").iterdir())):
        make_step(path, number)
    call(project, "nbsnake", "init")
    call(project, "nbsnake", "generate")
    assert len(list((project / "workflow/scripts").iterdir())) == COUNT
    rivals = {"`nbsnake generate`": lambda: call(project, "nbsnake", "generate")}
    (times,) = measure(rivals, rounds).values()
    ours = "`nbsnake generate`", statistics.median(times)
    title = f"the same as {COUNT} steps, nothing changed (wall)"
    report(title, ours, ("`jupyter nbconvert`, as above", nbconvert), goal=0.12)


def bench_help(rounds: int) -> None:
    """What it costs to start."""
    here = Path.cwd()
    rivals = {
        "`nbsnake --help`": lambda: call(here, "nbsnake", "--help"),
        "`python -c pass`": lambda: call(here, "python", "-c", "pass"),
    }
    ours, other = map(statistics.median, measure(rivals, rounds * 5).values())
    report("help (wall)", ("`nbsnake --help`", ours), ("`python -c pass`", other), goal=5)


def report(title: str, ours: tuple[str, float], other: tuple[str, float], *, goal: float) -> None:
    """One row of the table."""
    cells = [f"{name}: {seconds:.3f} s" for name, seconds in (ours, other)]
    print(f"| {title} | {' | '.join(cells)} | {ours[1] / other[1]:.2f}x | {goal}x |", flush=True)


def collect(folder: Path) -> None:
    """Notebooks that can be steps in one project, and that nbconvert takes as well."""
    corpus = get_corpus()
    sound = [corpus / name for name in notebooks_of(corpus) if is_sound(corpus / name)]
    accepted = [path for path, is_step in zip(sound, can_be_steps(sound), strict=True) if is_step]
    folder.mkdir()
    for number, path in enumerate(islice(cycle(accepted), COUNT)):
        shutil.copy(path, folder / f"n{number:03}.ipynb")


def is_sound(notebook: Path) -> bool:
    """Whether it is a valid one of format 4, of common size, without parameters of its own."""
    try:
        fields = json.loads(notebook.read_bytes())
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # nbformat mends some, and warns
            nbformat.validate(fields)
        tags = [tag for cell in fields["cells"] for tag in cell["metadata"].get("tags", [])]
    except (KeyError, ValueError, Warning, nbformat.ValidationError):
        return False
    return fields["nbformat"] == 4 and "parameters" not in tags and len(str(fields)) < 1_000_000


def can_be_steps(notebooks: list[Path]) -> list[bool]:
    """Which of these ``nbsnake generate`` does not refuse."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        (root / "notebooks").mkdir()
        call(root, "nbsnake", "init")
        for number, notebook in enumerate(notebooks):
            copied = shutil.copy(notebook, root / "notebooks" / f"n{number:03}.ipynb")
            make_step(Path(copied), number)
        done = subprocess.run(
            ["nbsnake", "generate"],
            cwd=root,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
        )
    refused = set(map(int, re.findall(r"notebooks/n(\d+)\.ipynb", done.stderr)))
    assert refused, done.stderr
    return [number not in refused for number in range(len(notebooks))]


def make_step(notebook: Path, number: int) -> None:
    """Put a metadata cell in front."""
    fields = json.loads(notebook.read_bytes())
    cell = {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": []}
    if fields.get("nbformat_minor", 0) >= 5:
        cell["id"] = "metadata"
    source = METADATA.format(number=number)
    fields["cells"].insert(0, {**cell, "source": source.splitlines(keepends=True)})
    notebook.write_text(json.dumps(fields, indent=1))


def forget(root: Path) -> None:
    for folder in ("out", "other"):
        shutil.rmtree(root / folder, ignore_errors=True)


if __name__ == "__main__":
    main()
