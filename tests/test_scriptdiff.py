"""Scripts are compared by what Python reads, cell by cell."""

import pytest

from nbsnake.python.script_diff import (
    cell_diff,
    changed_cells,
    differing_cells,
    is_same_program,
    sections,
    with_options,
)

SCRIPT = """\
#!/usr/bin/env python3
import sys


# %% [markdown] cell 1
# # Title


# %% cell 2
x = [1, 2]  # why


# %% cell 3
print(x)
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[1, 2]  # why", "[\n    1,\n    2,\n]"),
        ("# # Title", "# Another title\n# and more"),
        ("print(x)\n", "\n\nprint( x )\n# the end\n"),
        ("# %% [markdown] cell 1\n# # Title\n\n\n", ""),
    ],
    ids=["formatting", "markdown", "comments", "no markdown"],
)
def test_format_and_comments_are_free(old, new):
    changed = SCRIPT.replace(old, new)
    assert changed != SCRIPT
    assert is_same_program(SCRIPT, changed)
    assert changed_cells(SCRIPT, changed) == []
    assert list(cell_diff(SCRIPT, changed, "a.py", "a.ipynb")) == []


@pytest.mark.parametrize(
    ("old", "new", "cells"),
    [
        ("[1, 2]", "[1, 3]", [2]),
        ("print(x)", "print(x, x)", [3]),
        ("import sys", "import os", [0]),
        ("# %% cell 3", "# %% cell 4", [3, 4]),
        ("print(x)", "print(x", [3]),
        ("x = [1, 2]", "x = '''\n# %% cell 9\n'''", [2, 9]),
    ],
)
def test_changed_cells_are_named(old, new, cells):
    changed = SCRIPT.replace(old, new)
    assert not is_same_program(SCRIPT, changed)
    assert changed_cells(SCRIPT, changed) == cells


def test_script_without_marks_is_one_section():
    assert [section.cell for section in sections("x = 1\n")] == [0]
    assert is_same_program("x = 1", "x  =  1")


def test_text_that_is_no_python_is_the_same_only_as_itself():
    assert is_same_program("x = (", "x = (")
    assert not is_same_program("x = (", "x  = (")


def test_docstring_counts():
    assert not is_same_program('"""a"""', '"""b"""')


def test_diff_names_the_cell_of_both_files():
    lines = list(cell_diff(SCRIPT, SCRIPT.replace("1, 2", "1, 3"), "s.py", "n.ipynb"))
    assert lines[0].strip() == "--- s.py, cell 2"
    assert lines[1].strip() == "+++ n.ipynb, cell 2"
    assert [line.rstrip() for line in lines if line[:2] in ("-x", "+x")] == [
        "-x = [1, 2]  # why",
        "+x = [1, 3]  # why",
    ]


def test_values_of_a_run_are_its_options():
    now = {1: "a: int = _args.a\nb = _args.b\nb = b + 1\nc = _args.c", 2: "a = 3"}
    then = {1: "a: int = 4\nb = [1, 2]\nb = b + 1", 2: "a = 2"}
    options = with_options(then, now)
    assert options == {1: "a: int = _args.a\nb = _args.b\nb = b + 1", 2: "a = 2"}
    assert differing_cells(options, now) == [1, 2]
    assert with_options(now, now) == now
