"""What a notebook declares, and what must never vanish from it silently."""

import json
import re

import pytest
from builders import declare, nb, nb_fields, pipeline, received, run_script, spec_of, step

from nbsnake.compile.compile import compile_pipeline
from nbsnake.errors import NbsnakeError
from nbsnake.model.paramtype import ParamType
from nbsnake.notebook.read import parse_notebook
from nbsnake.notebook.read_step import PLAIN, Reading, read_any, read_step
from nbsnake.render.script import render_script
from nbsnake.render.stage import command

OUT = ":dvc-out: data/out.txt"
PRINT = "print(vars(_args))"


def metadata_source(spec):
    return source_of(spec, spec.program.metadata)


def source_of(spec, number):
    return next(cell.source for cell in spec.program.cells if cell.index == number)


def literals(spec):
    return {param.name: param.literal for param in spec.params}


@pytest.mark.parametrize("body", ["x = (\n", "def f(:\n"])
def test_metadata_cell_that_is_no_python_is_a_fault_and_no_absence(body):
    with pytest.raises(NbsnakeError):
        spec_of(declare(OUT, body=body))


@pytest.mark.parametrize("cells", [["import csv\n" + declare(OUT)], ["import csv", declare(OUT)]])
def test_metadata_that_is_not_at_the_beginning_is_a_fault_and_no_absence(cells):
    with pytest.raises(NbsnakeError, match=r"not in the (first|docstring)"):
        read_step(nb(*cells))


def test_section_of_params_named_almost_like_a_step_is_a_slip():
    spec = spec_of(declare(":param rate: rate", OUT, body="rate = 1"), path="train.ipynb")
    with pytest.raises(NbsnakeError, match="did you mean 'train'"):
        compile_pipeline([spec], {"trian": {"rate": 2}})
    assert compile_pipeline([spec], {"trained_elsewhere": {"rate": 2}, "seed": 1}).steps


def test_notebook_without_metadata_is_no_step():
    assert read_step(nb("%matplotlib inline", "x = 1")) is None


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a = 100; b = 2\n", "a = _args.a; b = _args.b\n"),
        ("# x\x0c\na = 100\n", "# x\x0c\na = _args.a\n"),
        ("# \u2028\na = 1\nb = 2\n", "# \u2028\na = _args.a\nb = _args.b\n"),
        ("a = 100\r\nb = 2\r\n", "a = _args.a\r\nb = _args.b\r\n"),
        ("é = 'é'; a = 1  # why\n", "é = 'é'; a = _args.a  # why\n"),
        ("a: list = [\n  1,\n]\nb = 2\n", "a: list = _args.a\nb = _args.b\n"),
    ],
)
def test_only_the_values_of_parameters_are_replaced(source, expected):
    spec = spec_of(declare(":param a: first", ":param b: second", OUT, body=source))
    assert metadata_source(spec).endswith('"""\n' + expected)


@pytest.mark.parametrize(
    "source", ["a = b = 3", "a, b = 3, 4", "for a in [1]:\n    pass", "a += 1"]
)
def test_parameter_bound_in_a_way_that_cannot_be_replaced_is_refused(source):
    with pytest.raises(NbsnakeError, match="cannot replace"):
        spec_of(declare(":param a: first", OUT, body=source))


def test_local_name_of_a_function_is_no_parameter():
    source = "a = 1\ndef f():\n    a, b = 2, 3\n    return a\n"
    assert spec_of(declare(":param a: first", OUT, body=source)).params[0].literal == 1


@pytest.mark.parametrize(
    "path", ["dvc.yaml", ".git/config", "workflow/scripts/a.py", "params.yaml"]
)
def test_output_that_belongs_to_a_tool_is_refused(path):
    with pytest.raises(NbsnakeError, match="belongs to"):
        spec_of(declare(f":dvc-out: {path}"))


@pytest.mark.parametrize("name", ["all", "common", "sync", "class"])
def test_step_name_that_a_tool_needs_is_refused(name):
    with pytest.raises(NbsnakeError, match="rename the notebook"):
        step(declare(OUT), path=f"{name}.ipynb")


def test_folder_that_holds_the_output_of_another_step_is_no_input():
    reader = step(declare(":dvc-in: data", ":dvc-out: out.txt"), path="reader.ipynb")
    writer = step(declare(":dvc-out: data/f.txt"), path="writer.ipynb")
    with pytest.raises(NbsnakeError, match=r"contains 'data/f\.txt'"):
        pipeline(reader, writer)


@pytest.mark.parametrize("text", ["one\ntwo", "nul\0", "x" * 3000, "a\x85b", "\ud800"])
def test_literal_that_no_command_can_carry_is_the_default_of_the_script(text):
    made = step(declare(":param a: text", OUT, body=f"a = {text!r}"))
    assert command(made) == f"python {made.script}"
    assert received(made) == {"a": text}


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (["--flag"], True),
        (["--no-flag"], False),
        (["--flag=false"], False),
        (["--flag=True"], True),
        (["--flag", "--no-flag"], False),
        (["--no-flag", "--flag"], True),
    ],
)
@pytest.mark.parametrize("kind", ["bool", "bool | None"])
def test_flag_without_a_default_takes_every_spelling(words, value, kind):
    made = step(declare(f":param {kind} flag: whether", OUT), params={"flag": False})
    assert received(made, *words) == {"flag": value}


@pytest.mark.parametrize("words", [[], ["--flag=maybe"], ["--flag="], ["--flag=1"], ["--flags"]])
def test_flag_that_is_missing_or_wrong_is_refused(words, tmp_path):
    made = step(declare(":param bool flag: whether", OUT), params={"flag": False})
    done = run_script(made, tmp_path, *words)
    assert (done.returncode, done.stderr.startswith("usage: a.py")) == (2, True)


def test_flag_is_no_other_parameter():
    made = step(declare(":param bool x:", ":param bool no_x:", OUT, body="x = True; no_x = True"))
    assert received(made, "--no-x") == {"x": True, "no_x": True}
    assert received(made, "--no-no-x") == {"x": True, "no_x": False}


@pytest.mark.parametrize(
    "kind", ["int | None", "Optional[float]", "str?", "Literal['a', None]", "list[int] | None"]
)
def test_optional_parameter_is_none_where_it_is_negated_or_missing(kind):
    made = step(declare(f":param {kind} max_n: text", OUT))
    assert received(made) == {"max_n": None}
    for word in ("--no-max_n", "--no-max-n"):
        assert received(made, word) == {"max_n": None}


def test_optional_parameter_keeps_its_literal_and_loses_it_when_negated():
    made = step(declare(":param int | None n: text", OUT, body="n = 3"))
    assert (received(made), received(made, "--no-n")) == ({"n": 3}, {"n": None})


def test_path_reaches_the_script_as_a_path(tmp_path):
    source = declare(":param Path x: text", ":param list[Path] y: text", OUT, body="y = ['a', 'b']")
    made = step(source, "print(x.parent, [each.name for each in y])", params={"x": "c/d"})
    assert run_script(made, tmp_path, "--x=c/d").stdout == "c ['a', 'b']\n"


def test_value_that_is_no_choice_is_refused(tmp_path):
    made = step(declare(":param Literal['fast', 'slow'] how:", OUT, body="how = 'fast'"), PRINT)
    assert run_script(made, tmp_path, "--how=slow").stdout == "{'how': 'slow'}\n"
    assert "choose from" in run_script(made, tmp_path, "--how=medium").stderr
    with pytest.raises(NbsnakeError, match=r"'x' of a\.how is not of the type Literal"):
        step(declare(":param Literal['fast', 'slow'] how:", OUT), params={"how": "x"})


def test_infinite_default_is_python():
    assert received(step(declare(":param float r: rate", OUT, body="r = 1e999"))) == {
        "r": float("inf")
    }


def test_script_without_parameters_tells_its_help(tmp_path):
    done = run_script(step(declare(OUT)), tmp_path, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("usage:")


HELP = 'it\'s "quoted", 100% of it: %(prog)s %s {braces} `x` $HOME \\\\n'


def test_help_shows_a_text_as_it_is_written(tmp_path):
    made = step(declare(f":param int n: {HELP}", "    over two lines", OUT, body="n = 1"))
    shown = " ".join(run_script(made, tmp_path, "--help").stdout.split())
    assert f"{HELP} over two lines".replace("\\\\", "\\") in shown


@pytest.mark.parametrize("name", ["_args", "_parse_args", "_set_up", "help", "values_from"])
def test_parameter_that_the_script_needs_itself_is_refused(name):
    with pytest.raises(NbsnakeError, match=f"needs the name '{name}' itself"):
        spec_of(declare(f":param {name}: text", OUT))


@pytest.mark.parametrize(
    "code", ["_args = 1", "def _parse_args(): pass", "import _set_up", "for _args in []: pass"]
)
def test_cell_that_binds_a_name_of_the_script_is_refused(code):
    with pytest.raises(NbsnakeError, match="needs the name") as raised:
        spec_of(declare(":param n: text", OUT, body="n = 1"), code)
    assert raised.value.where.cell == 2


def test_list_of_paths_carries_several_files():
    fields = [":param list[Path] files: text", ":dvc-in files: a", ":dvc-in files: b", OUT]
    made = step(declare(*fields))
    assert made.arguments[0].value == ["a", "b"]
    assert [str(path) for path in received(made)["files"]] == ["a", "b"]


def test_text_carries_one_file_only():
    with pytest.raises(NbsnakeError, match="already takes another file"):
        spec_of(declare(":param x: text", ":dvc-in x: a", ":dvc-in x: b", OUT))


# What papermill calls parameters.

TAGGED = """\
rate: float = 0.1  # how fast
names = ["a"]  # which
where: "Path" = "data"
best = max([1, 2])
when: date = 3
n = m = 1
x, y = 1, 2
"""


def tagged_spec(source=TAGGED, *cells, tags=("parameters",), first=None):
    first = declare(OUT) if first is None else first
    return spec_of(first, source, *cells, tags={2: list(tags)})


def test_literal_of_a_tagged_cell_is_a_parameter():
    spec = tagged_spec()
    assert literals(spec) == {"rate": 0.1, "names": ["a"], "where": "data"}
    assert [param.help for param in spec.params] == ["how fast", "which", ""]
    assert [param.type for param in spec.params] == [ParamType("float"), None, ParamType("str")]


def test_all_else_in_a_tagged_cell_stays_code():
    lines = source_of(tagged_spec(), 2).splitlines()
    assert lines[:3] == [
        "rate: float = _args.rate  # how fast",
        "names = _args.names  # which",
        'where: "Path" = _args.where',
    ]
    assert lines[3:] == TAGGED.splitlines()[3:]


def test_only_the_first_tagged_cell_counts():
    spec = spec_of(declare(OUT), "a = 1", "b = 2", tags={2: ["parameters"], 3: ["parameters"]})
    assert literals(spec) == {"a": 1}
    assert source_of(spec, 3) == "b = 2"


def test_injected_parameters_are_dropped():
    spec = spec_of(
        declare(OUT), "a = 1", "a = 2", tags={2: ["parameters"], 3: ["injected-parameters"]}
    )
    assert literals(spec) == {"a": 1}
    assert [cell.index for cell in spec.program.cells] == [1, 2]


def test_metadata_may_stand_behind_a_tagged_first_cell():
    spec = spec_of("a = 1", declare(OUT), tags={1: ["parameters"]})
    assert (spec.program.metadata, literals(spec)) == (2, {"a": 1})
    assert received(step("a = 1", declare(OUT), tags={1: ["parameters"]}), "--a=2") == {"a": 2}


def test_metadata_behind_an_untagged_first_cell_is_a_fault():
    with pytest.raises(NbsnakeError, match=r"not in the (first|docstring)"):
        spec_of("a = 1", declare(OUT), tags={3: ["parameters"]})


def test_metadata_cell_may_itself_be_tagged():
    spec = spec_of(
        declare(":param int a: text", OUT, body="a = 1\nb = 2"), tags={1: ["parameters"]}
    )
    assert literals(spec) == {"a": 1, "b": 2}


def test_docstring_and_tag_say_together_what_a_parameter_is():
    first = declare(":param rate: the text", ":param list[str] names:", OUT)
    spec = tagged_spec(first=first)
    by_name = {param.name: param for param in spec.params}
    assert (by_name["rate"].type, by_name["rate"].help) == (ParamType("float"), "the text")
    assert (by_name["names"].type, by_name["names"].help) == (ParamType("str", True), "which")


def test_docstring_and_tag_that_differ_in_a_type_are_refused():
    with pytest.raises(NbsnakeError, match="is float here, but int in ':param'") as raised:
        tagged_spec(first=declare(":param int rate: text", OUT))
    assert raised.value.where[1:] == (2, 1)


def test_parameter_assigned_in_metadata_cell_and_tagged_cell_is_refused():
    with pytest.raises(NbsnakeError, match="'rate' is assigned twice"):
        tagged_spec(first=declare(":param rate: text", OUT, body="rate = 1"))


def test_tag_alone_makes_no_step():
    assert spec_of("a = 1", "b = 2", tags={1: ["parameters"]}) is None


# What a later cell may do with a parameter.


def test_later_literal_that_overrules_a_parameter_is_refused():
    with pytest.raises(NbsnakeError, match="which overrides its value") as raised:
        spec_of(declare(":param rate: text", OUT), "import os\nrate = 0.1")
    assert raised.value.where[1:] == (2, 2)


@pytest.mark.parametrize(
    "code", ["rate = rate / 2", "rate += 1", "def f(rate=1): rate = 2", "r = 1"]
)
def test_later_cell_may_compute_with_a_parameter(code):
    assert spec_of(declare(":param rate: text", OUT), code)


def test_later_cell_may_assign_what_the_first_one_did():
    assert spec_of(declare(":param rate: text", OUT, body="rate = 1"), "rate = 0.1")


# What only the beginning of a script may hold.


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


# What a notebook says about itself.


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


# A notebook read for its script alone.


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
