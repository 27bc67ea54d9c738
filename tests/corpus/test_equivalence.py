"""A script computes what its notebook computes, variable by variable.

Run by the runner it prints and writes the same bytes, and the notebook that this leaves shows what
Jupyter shows: texts, results and pictures, cell by cell.

Notebooks run in a kernel, their scripts in Python, each in a copy of the notebook's folder.
``runnable.txt`` names the notebooks of the corpus that can run here, each after the number of its
values that can be compared, what it prints included; ``find_runnable.py`` made it. Left out are
those that fail in Jupyter, too, for want of the network, of a package, or on purpose.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import own
import pytest
from corpus_files import copy_folder
from corpus_outputs import Outputs, of_jupyter, of_run
from corpus_values import (
    SCRIPT,
    Failed,
    compare,
    files_in,
    recorded,
    run_notebook,
)

pytestmark = pytest.mark.corpus

LINES = Path(__file__).with_name("runnable.txt").read_text("utf-8").splitlines()
RUNNABLE = {name: int(count) for count, _, name in (line.partition(" ") for line in LINES)}
OWN = {
    "arrays": 9,
    "classes": 13,
    "files": 5,
    "fits": 10,
    "plots": 5,
    "random": 4,
    "state": 12,
    "tables": 8,
}
MIN_NOTEBOOKS = 48


@pytest.mark.parametrize("notebook", RUNNABLE)
def test_notebook_of_the_corpus(corpus, notebook, tmp_path, say):
    check(corpus, notebook, tmp_path, RUNNABLE[notebook], say)


@pytest.mark.parametrize("name", own.NAMES)
def test_own_notebook(name, tmp_path, say):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / f"{name}.ipynb").write_text(own.text_of(name))
    check(tmp_path, f"own/{name}.ipynb", tmp_path, OWN[name], say)


def test_there_are_enough_to_compare(notebooks):
    assert set(RUNNABLE) <= set(notebooks)
    assert len(RUNNABLE) >= MIN_NOTEBOOKS
    assert min(RUNNABLE.values()) > 0
    assert set(OWN) == set(own.NAMES)


def check(
    folder: Path, notebook: str, scratch: Path, at_least: int, say: Callable[[str], None]
) -> None:
    """The script leaves the same names and values, and there are as many as there were."""
    try:
        found = compare(folder, notebook, scratch)
    except Failed as reason:
        if "ModuleNotFoundError" in str(reason):
            pytest.skip(str(reason))
        raise
    shown = check_recorded(folder, notebook, scratch)
    kinds = f"{found.by_value} by value, {found.by_type} by type, {len(found.changing)} changing"
    say(f"{notebook}: {kinds}; {shown} outputs as in Jupyter")
    assert found.missing == ()
    assert found.added == ()
    assert found.different == ()
    assert found.by_value >= at_least


def check_recorded(folder: Path, notebook: str, scratch: Path) -> int:
    """How many outputs of the run's notebook are Jupyter's; what changes by itself is left out."""
    there = copy_folder(folder, notebook, scratch / "recorded").parent
    plain = scratch / "script"
    shutil.copy(plain / SCRIPT, there)
    _, left = recorded(there / SCRIPT, there, scratch)
    assert files_in(there) == files_in(plain)
    expected = outputs_of(scratch / "first.ipynb")
    found = of_run(left)
    if found != expected:
        again = copy_folder(folder, notebook, scratch / "again")
        run_notebook(again, scratch)
        other = outputs_of(scratch / "again.ipynb")
        stable = {cell for cell in expected if expected[cell] == other.get(cell)}
        expected = {cell: each for cell, each in expected.items() if cell in stable}
        found = {cell: each for cell, each in found.items() if cell in stable or cell not in other}
    assert found == expected
    return sum(map(len, expected.values()))


def outputs_of(path: Path) -> Outputs:
    return of_jupyter(json.loads(path.read_text("utf-8")))
