"""A folder of notebooks: its graph, and what keeps them from being steps."""

import json
from pathlib import Path

import adopt_projects
import pytest
from adopt_folders import hazards, plan_of, put, step, write
from builders import nb_fields

from nbsnake.__main__ import main

pytestmark = pytest.mark.usefixtures("folder")


def test_the_graph_follows_the_files_whatever_the_names():
    step("z.ipynb", "raw.csv", "a.csv")
    step("a.ipynb", "a.csv", "b.csv")
    step("m.ipynb", "b.csv", "c.csv")
    plan = plan_of()
    assert [node.step for node in plan.nodes] == ["z", "a", "m"]
    assert plan.sources == ("raw.csv",)


def test_two_writers_of_one_file_are_named():
    step("a.ipynb", "x.csv", "out.csv")
    step("b.ipynb", "y.csv", "out.csv")
    plan = plan_of()
    assert hazards(plan) == [
        "b.ipynb, cell 1, line 1: 'out.csv' is written here, and in a.ipynb, cell 1, line 1"
    ]
    assert plan.blocked == {"b.ipynb"}


def test_a_circle_is_named_with_its_cells():
    step("a.ipynb", "x.csv", "y.csv")
    step("b.ipynb", "y.csv", "x.csv")
    assert plan_of().blocked == {"a.ipynb", "b.ipynb"}


def test_a_notebook_that_overwrites_its_input_is_named():
    put("a.ipynb", "1", "x = 1\nopen('data.csv')\nopen('data.csv', 'w')")
    assert hazards(plan_of()) == ["a.ipynb, cell 2, line 2: overwrites its input 'data.csv'"]
    assert main(["adopt", "--write"]) == 1
    assert "dvc" not in Path("a.ipynb").read_text()


def test_paths_of_other_machines_are_named_with_what_they_become():
    write("data/raw.csv")
    put(
        "a.ipynb",
        "import os\nos.chdir('/app')",
        "open('/home/x/p/data/raw.csv')\nopen('C:\\\\Users\\\\x\\\\p\\\\data\\\\raw.csv')",
        "open('/srv/other/z.csv')\nopen('data/out.csv', 'w')",
    )
    plan = plan_of()
    windows = "C:\\Users\\x\\p\\data\\raw.csv"
    assert hazards(plan) == [
        "a.ipynb, cell 1, line 2: os.chdir moves to '/app'",
        "a.ipynb, cell 2, line 1: '/home/x/p/data/raw.csv' exists on one machine only",
        f"a.ipynb, cell 2, line 2: {windows!r} exists on one machine only",
        "a.ipynb, cell 3, line 1: '/srv/other/z.csv' is outside of the project",
    ]
    assert plan.nodes[0].reads == ("data/raw.csv",)
    assert plan.nodes[0].writes == ("data/out.csv",)


def test_a_folder_that_the_code_computes_blocks():
    put("a.ipynb", "import os\nos.chdir(find())\nopen('a.csv')")
    assert plan_of().blocked == {"a.ipynb"}


@pytest.mark.parametrize(
    "code",
    [
        'API_KEY = "a8f5f167f44f4964"',
        'connect(password="hunter2hunter2")',
        'os.environ["AWS_SECRET_ACCESS_KEY"] = "abcdefgh12345678"',
        'x = {"token": "a8f5f167f44f4964"}',
        'engine("postgresql://bob:hunter2@db/prod")',
        'k = "AKIAABCDEFGHIJKLMNOP"',
    ],
)
def test_a_credential_is_named_and_never_shown(code, capsys):
    put("a.ipynb", "1", f"import os\n{code}\nopen('a.csv')")
    assert main(["adopt"]) == 0
    said = capsys.readouterr()
    assert "a.ipynb, cell 2, line 2: " in said.err
    assert "credential" in said.err
    assert "hunter2" not in said.err + said.out
    assert "a8f5f167" not in said.err + said.out


@pytest.mark.parametrize(
    "code",
    ['token = "<your token>"', 'password = ""', 'key = os.environ["API_KEY"]', 'x = "token"'],
)
def test_a_placeholder_is_no_credential(code):
    put("a.ipynb", f"import os\n{code}\nopen('a.csv')")
    assert hazards(plan_of()) == []


def test_numbers_that_contradict_the_files_are_named():
    step("01_a.ipynb", "b.csv", "a.csv")
    step("02_b.ipynb", "raw.csv", "b.csv")
    assert hazards(plan_of()) == ["01_a.ipynb: is number 01, but reads what 02_b.ipynb writes"]


def test_steps_that_are_there_already_are_part_of_the_graph():
    put("a.ipynb", '""":dvc-out out:"""\nout = "a.csv"')
    step("b.ipynb", "a.csv", "b.csv")
    plan = plan_of()
    assert [node.step for node in plan.nodes] == ["a", "b"]
    assert plan.sources == ()
    assert [each.notebook for each in plan.proposals] == ["b.ipynb"]


def test_notebooks_in_other_languages_are_left_and_do_not_block():
    step("a.ipynb", "raw.csv", "a.csv")
    Path("r.ipynb").write_text(
        json.dumps(nb_fields("x <- 1", metadata={"language_info": {"name": "R"}}))
    )
    scala = nb_fields("val x = 1", metadata={"language_info": {"name": "scala"}})
    Path("s.ipynb").write_text(json.dumps(scala))
    plan = plan_of()
    why = "a comment with ':dvc-out: path' in its first code cell makes it a step"
    assert [(each.notebook, each.why) for each in plan.left] == [
        ("r.ipynb", f"it is written in r: {why}"),
        ("s.ipynb", "it is written in scala"),
    ]
    assert len(plan.nodes) == 1


def test_a_broken_notebook_is_named_and_the_others_are_written(capsys):
    step("a.ipynb", "raw.csv", "a.csv")
    Path("b.ipynb").write_text("{")
    assert main(["adopt", "--write"]) == 1
    assert "b.ipynb, line 1: is not valid JSON" in capsys.readouterr().err
    assert "dvc-out" in Path("a.ipynb").read_text()


def test_a_folder_without_a_notebook_says_how_to_begin(capsys):
    assert main(["adopt"]) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "there is no notebook here" in shown.err
    assert "nbsnake new NAME" in shown.err


def test_written_notebooks_are_steps_and_adopting_again_has_nothing_to_do(capsys):
    step("01_a.ipynb", "raw.csv", "a.csv")
    assert main(["adopt", "--write"]) == 0
    before = Path("01_a.ipynb").read_bytes()
    capsys.readouterr()
    assert main(["adopt", "--write"]) == 0
    assert "there is no notebook to adopt" in capsys.readouterr().err
    assert Path("01_a.ipynb").read_bytes() == before


def test_the_documentation_shows_real_output(capsys):
    adopt_projects.numbered(Path())
    assert main(["adopt"]) == 0
    document = (Path(__file__).parents[1] / "docs/adopt.md").read_text(encoding="utf-8")
    assert f"```\n{capsys.readouterr().out.rstrip()}\n```" in document


def test_a_notebook_without_a_result_is_left_also_where_it_is_named():
    put("look.ipynb", 'print(open("raw.csv").read())')
    step("a.ipynb", "raw.csv", "a.csv")
    for plan in (plan_of(), plan_of("look.ipynb")):
        assert [node.step for node in plan.nodes] == ["a"]
        assert [each.notebook for each in plan.left] == ["look.ipynb"]


def test_a_notebook_of_an_old_format_is_named_and_the_others_are_written(capsys):
    step("a.ipynb", "raw.csv", "a.csv")
    old = {"cell_type": "code", "language": "python", "input": 'open("x", "w")', "outputs": []}
    fields = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": [old]}]}
    Path("old.ipynb").write_text(json.dumps(fields))
    assert main(["adopt", "--write"]) == 1
    assert "old.ipynb: has the notebook format 3" in capsys.readouterr().err
    assert "dvc-out" in Path("a.ipynb").read_text()
