"""A line of a file declares the variable that its cell assigns, and its path stands once."""

import pytest
from builders import declare, nb, spec_of, step

from nbsnake.errors import NotebookError
from nbsnake.model.paramtype import ParamType
from nbsnake.notebook.read_step import read_step


def files(spec):
    return [(each.role.value, each.param, each.path) for each in spec.artifacts]


def test_the_shortest_complete_step_has_three_lines():
    cell = '""":dvc-out model:"""\nmodel = "../models/a.txt"\nopen(model, "w").close()'
    assert files(read_step(nb(cell))) == [("out", "model", "models/a.txt")]


def test_a_path_in_the_docstring_counts_before_the_one_that_jupyter_uses():
    spec = spec_of(declare(":dvc-in raw: data/raw.csv", body='raw = "/elsewhere/raw.csv"'))
    assert files(spec) == [("dep", "raw", "data/raw.csv")]
    assert [each.name for each in spec.params] == ["raw"]


def test_a_folder_keeps_its_slash():
    (artifact,) = spec_of(declare(":dvc-in raw:", body='raw = "../data/raw/"')).artifacts
    assert (artifact.path, artifact.is_dir) == ("data/raw", True)


@pytest.mark.parametrize("body", ['parts = ["a.csv", "../b.csv"]', 'parts = ("a.csv", "../b.csv")'])
def test_a_list_declares_a_parameter_with_several_files(body):
    spec = spec_of(declare(":dvc-in parts:", body=body))
    assert [each.path for each in spec.artifacts] == ["notebooks/a.csv", "b.csv"]
    assert spec.params[0].type.is_list


def test_several_lines_declare_a_list_whatever_expression_the_cell_has():
    lines = [":dvc-in parts: a.csv", ":dvc-in parts: b.csv", ":dvc-out: c.csv"]
    made = step(declare(*lines, body='from glob import glob\nparts = sorted(glob("../*.csv"))'))
    assert made.arguments[0].value == ["a.csv", "b.csv"]
    assert made.arguments[0].type.is_list


def test_a_dash_replaces_an_underscore():
    spec = spec_of(declare(":dvc-out raw-data:", body='raw_data = "../raw.csv"'))
    assert files(spec) == [("out", "raw_data", "raw.csv")]


def test_a_cell_tagged_parameters_may_assign_the_variable():
    tagged = 'raw = "../raw.csv"'
    spec = spec_of(declare(":dvc-in raw:", body="x = 1"), tagged, tags={2: ["parameters"]})
    assert files(spec) == [("dep", "raw", "raw.csv")]


def test_a_declared_type_stays():
    spec = spec_of(declare(":param Path raw: text", ":dvc-in raw:", body='raw = "../raw.csv"'))
    assert spec.params[0].type == ParamType("Path")


@pytest.mark.parametrize("body", ["", 'other = "a"', "raw = 4", 'raw = "../../out.csv"'])
def test_a_line_without_any_path_is_a_fault(body):
    with pytest.raises(NotebookError):
        spec_of(declare(":dvc-in raw:", body=body))
