"""The table of magics: it is whole, and the documentation shows it."""

from pathlib import Path

import pytest

from nbsnake.ipython import customs
from nbsnake.ipython.magiccode import CELLS, STATEMENTS, VALUES
from nbsnake.ipython.magicline import OPTIONS
from nbsnake.ipython.magics import ALIASES, SYNTAX, TABLE, Fate, advice, find

PAGE = Path(__file__).parent.parent / "docs" / "magics.md"
LINES = {name: row for row in TABLE if row.kind in ("line", "both") for name in row.names}
CELL = {name: row for row in TABLE if row.kind in ("cell", "both") for name in row.names}


def _cell(text):
    return text.replace("|", "\\|")


def _shown(row):
    if row in SYNTAX:
        forms = [f"`{form}`" for form in row.forms]
    else:
        marks = {"line": ("%",), "cell": ("%%",), "both": ("%", "%%")}[row.kind]
        forms = [f"`{mark}{name}`" for mark in marks for name in row.names]
    return f"| {' '.join(map(_cell, forms))} | {row.fate} | {_cell(row.text)} |"


def customs_table():
    head = ["| around cells | in Jupyter | in a script |", "|---|---|---|"]
    return "\n".join([*head, *(f"| {' | '.join(map(_cell, row))} |" for row in customs.TABLE)])


def test_documentation_shows_what_a_kernel_does_around_cells():
    assert PAGE.read_text(encoding="utf-8").count(customs_table()) == 1, customs_table()


def test_documentation_shows_the_table():
    head = ["| in a notebook | becomes | in a script |", "|---|---|---|"]
    table = "\n".join([*head, *map(_shown, SYNTAX), *map(_shown, TABLE)])
    assert PAGE.read_text(encoding="utf-8").count(table) == 1, table


@pytest.mark.parametrize("kind", ["line", "cell"])
def test_a_magic_has_one_fate(kind):
    names = [name for row in TABLE if row.kind in (kind, "both") for name in row.names]
    assert sorted(names) == sorted(set(names))


def test_every_translated_line_magic_has_its_code():
    translated = {name for name, row in LINES.items() if row.fate is Fate.TRANSLATED}
    assert translated <= STATEMENTS.keys()
    assert {name for name in STATEMENTS if LINES[name].fate is Fate.REFUSED} == set()
    assert VALUES.keys() <= LINES.keys()
    assert ALIASES.keys() <= STATEMENTS.keys()


def test_every_translated_cell_magic_has_its_code():
    assert {name for name, row in CELL.items() if row.fate is Fate.TRANSLATED} == CELLS.keys()


def test_every_magic_that_runs_code_has_its_options():
    runs = {row for row in TABLE if row.fate is Fate.RUNS}
    assert {name for row in runs for name in row.names} == {*OPTIONS, "time", "capture"}


@pytest.mark.parametrize(
    ("name", "kind", "hint"),
    [
        ("matplotlb", "line", "did you mean %matplotlib?"),
        ("wrtiefile", "cell", "did you mean %%writefile?"),
        ("bash", "line", "%%bash is used in the cell's first line"),
        ("matplotlib", "cell", "%matplotlib is used in a line of its own"),
        ("qwertyuiop", "line", ""),
    ],
)
def test_a_slip_is_guessed(name, kind, hint):
    assert find(name, kind) is None
    assert advice(name, kind) == hint


def test_ipythons_own_magics_are_all_in_the_table():
    pytest.importorskip("IPython")
    from IPython.core.magics import _table

    for kind in ("line", "cell"):
        missing = {name for name in _table.BUILTIN_LAZY_MAGICS[kind] if not find(name, kind)}
        assert missing == set()
    assert {name for name in _table.default_script_magics() if not find(name, "cell")} == set()
