"""Cells as they reach the script: future imports, globals, languages and names."""

import json
import re

import pytest
from builders import declare, nb, nb_fields, spec_of, step

from nbsnake.errors import NbsnakeError
from nbsnake.notebook.read import parse_notebook
from nbsnake.notebook.read_step import read_any, read_step
from nbsnake.notebook.spec import PLAIN, Reading
from nbsnake.render.script import render_script
from nbsnake.render.stage import command

OUT = ":dvc-out: data/out.txt"


def literals(spec):
    return {param.name: param.literal for param in spec.params}


@pytest.mark.parametrize("count", [True, False, 1.0, "1", [1], None])
def test_execution_count_that_is_no_whole_number_is_none(count):
    fields = nb_fields("1")
    fields["cells"][0]["execution_count"] = count
    (cell,) = parse_notebook(json.dumps(fields).encode(), "a.ipynb").cells
    assert cell.prompt is None


def test_future_import_moves_to_the_top_and_lines_stay():
    cell = (
        '"""Text."""\nfrom __future__ import (\n    division,\n    annotations,\n)\nraise OSError'
    )
    text = render_script(step(declare(OUT), cell))
    assert text.splitlines()[3] == "from __future__ import division, annotations"
    assert text.count("__future__") == 1
    lines = text.splitlines()
    assert lines.index("raise OSError") - lines.index("# %% cell 2") == 6


def test_future_import_may_share_its_line():
    made = step(declare(OUT), "from __future__ import annotations; x: y = 1")
    compile(render_script(made), "script.py", "exec", dont_inherit=True)


def test_future_import_that_jupyter_refuses_is_refused():
    with pytest.raises(NbsnakeError, match="must occur at the beginning"):
        spec_of(declare(OUT), "import os\nfrom __future__ import annotations")


def test_future_import_in_the_metadata_cell_is_kept():
    spec = spec_of(declare(":param n:", OUT, body="from __future__ import annotations\nn = 1"))
    assert (spec.program.futures, literals(spec)) == (("annotations",), {"n": 1})


@pytest.mark.parametrize("code", ["def f(x: int): pass", "x: int = 1", "def f() -> int: pass"])
def test_postponing_annotations_of_cells_above_is_refused(code):
    with pytest.raises(NbsnakeError, match="cells above it have annotations") as raised:
        spec_of(declare(OUT), code, "\nfrom __future__ import annotations")
    assert raised.value.where[1:] == (3, 2)
    assert spec_of(declare(OUT), "from __future__ import annotations", code)


def test_feature_that_does_not_exist_is_a_syntax_error():
    with pytest.raises(NbsnakeError, match="not valid Python"):
        spec_of(declare(OUT), "from __future__ import braces")


def test_global_outside_of_a_function_is_blanked_and_lines_stay():
    cell = "global x; y = 2\nif x:\n    global \\\n        z\ndef f():\n    global x\n    x = 3"
    made = step(declare(OUT), "x = z = 1", cell)
    script = render_script(made)
    compile(script, "script.py", "exec", dont_inherit=True)
    assert script.count("global ") == 1
    lines = script.splitlines()
    assert lines.index("    x = 3") - lines.index("# %% cell 3") == 7


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"language_info": {}},
        {"kernelspec": {"name": "my-kernel"}},
        {"kernelspec": {"name": "python3"}},
        {"language_info": {"name": "Python"}},
        {"language_info": {"name": "ipython"}},
    ],
)
def test_notebook_that_does_not_tell_its_language_is_taken_for_python(metadata):
    assert spec_of(declare(OUT), metadata=metadata)


def test_notebook_of_another_language_is_refused_only_as_a_step():
    metadata = {"language_info": {"name": "R"}}
    assert read_step(nb("x <- 1", metadata=metadata)) is None
    with pytest.raises(NbsnakeError, match="written in r, not in Python"):
        spec_of(declare(OUT), metadata=metadata)
    with pytest.raises(NbsnakeError, match="written in r, not in Python"):
        read_any(nb("x <- 1", metadata=metadata))


def format_3(language, source):
    cell = {"cell_type": "code", "language": language, "input": source, "outputs": []}
    fields = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": "x"}}
    worksheets = [{"cells": [{**cell, "collapsed": False, "metadata": {}}], "metadata": {}}]
    return json.dumps({**fields, "worksheets": worksheets}).encode()


def test_notebook_of_format_3_keeps_the_language_of_its_cells():
    assert parse_notebook(format_3("julia", "x = 1"), "a.ipynb").language == "julia"
    assert read_step(parse_notebook(format_3("python", declare(OUT)), "a.ipynb"))


@pytest.mark.parametrize("bad", ["\ud800", "\0"])
def test_what_is_no_character_is_refused_in_code_and_replaced_in_text(bad):
    fields = nb_fields(("markdown", f"# A{bad}"), declare(OUT), f"x = '{bad}'")
    with pytest.raises(NbsnakeError, match="contains invalid characters") as raised:
        parse_notebook(json.dumps(fields).encode(), "a.ipynb")
    assert raised.value.where.cell == 3
    del fields["cells"][2]
    spec = read_step(parse_notebook(json.dumps(fields).encode(), "a.ipynb"))
    assert spec.program.cells[0].source == "# A?"


@pytest.mark.parametrize("path", ["Ünï Ⅳ.ipynb", "学習.ipynb", "ﬁt.ipynb"])
def test_unicode_name_keeps_its_letters_in_every_file(path):
    made = step(declare(OUT), path=path)
    assert made.name.isidentifier()
    assert re.search(rf"workflow/scripts/{made.name}\.py", command(made))


@pytest.mark.parametrize(
    "cells", [[], ["x = 1"], [("markdown", "# A")], ['"""Text."""\nimport os', "%time x = 1"]]
)
def test_any_notebook_can_be_read_for_its_script_alone(cells):
    assert read_any(nb(*cells)).program.notebook == "notebooks/a.ipynb"


def test_no_effect_is_what_the_project_calls_it():
    words = Reading(no_effect=("For my eyes only",))
    left = spec_of(declare(OUT), "# for my eyes only: a plot\nx", "# No effect\ny", reading=words)
    assert [cell.index for cell in left.program.cells] == [1, 3]
    usual = spec_of(declare(OUT), "# for my eyes only\nx", "# No effect\ny", reading=PLAIN)
    assert [cell.index for cell in usual.program.cells] == [1, 2]
