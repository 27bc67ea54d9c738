"""What a notebook declares, and what must never vanish from it silently."""

import pytest
from builders import declare, nb, pipeline, received, run_script, spec_of, step

from nbsnake.compile.compile import compile_pipeline
from nbsnake.errors import NbsnakeError
from nbsnake.notebook.read_step import read_step
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
