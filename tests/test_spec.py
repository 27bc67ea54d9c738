"""What a notebook declares, and what must never vanish from it silently."""

import subprocess
import sys

import pytest
from builders import declare, nb, pipeline, spec_of, step

from nbsnake.compile import compile_pipeline
from nbsnake.errors import NbsnakeError
from nbsnake.render.script import render_script
from nbsnake.spec import read_spec

OUT = ":dvc-out: data/out.txt"


def metadata_source(spec):
    return next(cell.source for cell in spec.cells if cell.index == spec.metadata)


def run_parser(made, tmp_path, *words):
    """Print the parsed arguments of a step's script."""
    script = tmp_path / "script.py"
    script.write_text(render_script(made) + "\nprint(vars(_args))\n")
    return subprocess.run(
        [sys.executable, str(script), *words], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("body", ["x = (\n", "%matplotlib inline\n", "def f(:\n"])
def test_metadata_cell_that_is_no_python_is_a_fault_and_no_absence(body):
    with pytest.raises(NbsnakeError):
        spec_of(declare(OUT, body=body))


@pytest.mark.parametrize("cells", [["import csv\n" + declare(OUT)], ["import csv", declare(OUT)]])
def test_metadata_that_is_not_at_the_beginning_is_a_fault_and_no_absence(cells):
    with pytest.raises(NbsnakeError, match="not where it is read"):
        read_spec(nb(*cells))


def test_section_of_params_named_almost_like_a_step_is_a_slip():
    spec = spec_of(declare(":param rate: rate", OUT, body="rate = 1"), path="train.ipynb")
    with pytest.raises(NbsnakeError, match="did you mean 'train'"):
        compile_pipeline([spec], {"trian": {"rate": 2}})
    assert compile_pipeline([spec], {"trained_elsewhere": {"rate": 2}, "seed": 1}).steps


def test_notebook_without_metadata_is_no_step():
    assert read_spec(nb("%matplotlib inline", "x = 1")) is None


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


def test_display_is_refused_unless_it_is_imported():
    head = declare(OUT)
    with pytest.raises(NbsnakeError, match="IPython only"):
        spec_of(head, "display(1)")
    assert spec_of(head, "from IPython.display import display", "display(1)")


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
    with pytest.raises(NbsnakeError, match=r"holds 'data/f\.txt'"):
        pipeline(reader, writer)


def test_text_with_a_line_break_is_refused_where_dvc_would_cut_it():
    with pytest.raises(NbsnakeError, match="line break"):
        step(declare(":param a: text", OUT, body="a = 'one\\ntwo'"))


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (["--flag"], True),
        (["--no-flag"], False),
        (["--flag=false"], False),
        (["--flag=True"], True),
        (["--no-flag", "--flag"], True),
    ],
)
def test_flag_without_a_default_takes_every_spelling(words, value, tmp_path):
    made = step(declare(":param bool flag: whether", OUT), params={"flag": False})
    assert run_parser(made, tmp_path, *words).stdout == f"{{'flag': {value}}}\n"


def test_flag_without_a_default_must_be_told(tmp_path):
    made = step(declare(":param bool flag: whether", OUT), params={"flag": False})
    assert "required" in run_parser(made, tmp_path).stderr


def test_infinite_default_is_python(tmp_path):
    made = step(declare(":param float r: rate", OUT, body="r = 1e999"))
    assert run_parser(made, tmp_path).stdout == "{'r': inf}\n"


def test_script_without_parameters_tells_its_help(tmp_path):
    done = run_parser(step(declare(OUT)), tmp_path, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("usage:")
