"""``--run`` finds what a notebook really reads and writes; ``--prove`` compares its results."""

import json
from pathlib import Path

import pytest
from builders import nb_fields

from nbsnake.__main__ import main
from nbsnake.adopt.same import compare
from nbsnake.notebook.read import read_notebook
from nbsnake.notebook.read_step import read_step


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    return project


def put(name, *cells):
    path = Path("notebooks", f"{name}.ipynb")
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(nb_fields(*cells), indent=1))


def write(path, text):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


def files_of(name):
    step = read_step(read_notebook(f"notebooks/{name}.ipynb"))
    return {each.path: (each.role.value, each.param) for each in step.artifacts}


HIDDEN = """\
import helper
text = helper.load()
name = "".join(["..", "/", "out.txt"])
with open(name, "w") as file:
    file.write(text)
"""


def test_a_run_finds_what_reading_does_not(capsys):
    write("data/in.txt", "text")
    write("notebooks/helper.py", "def load():\n    return open('../data/in.txt').read()\n")
    put("a", HIDDEN)
    assert main(["adopt", "--write"]) == 0
    assert read_step(read_notebook("notebooks/a.ipynb")) is None
    assert main(["adopt", "--run", "--write"]) == 0
    assert files_of("a") == {"data/in.txt": ("dep", None), "out.txt": ("out", "out")}
    said = capsys.readouterr()
    assert "2 paths known by the run alone" in said.out
    assert "runs each of these once" in said.err
    source = "".join(read_notebook("notebooks/a.ipynb").cells[1].source)
    assert "with open(out, " in source


def test_what_both_know_is_sure_and_what_only_reading_knows_is_a_comment(capsys):
    write("data/in.txt", "text")
    code = 'open("../data/in.txt").read()\nif False:\n    open("../data/other.txt")'
    put("a", code, 'open("../out.txt", "w").close()')
    assert main(["adopt", "--run", "--write"]) == 0
    assert "2 paths sure" in capsys.readouterr().out
    assert (
        "'data/other.txt', which the run did not read or write"
        in Path("notebooks/a.ipynb").read_text()
    )


def test_notebooks_run_in_the_order_of_their_files():
    put("a", 'open("../end.txt", "w").write(open("../middle.txt").read())')
    put("b", 'open("../middle.txt", "w").write("1")')
    assert main(["adopt", "--run", "--write"]) == 0
    assert Path("end.txt").read_text() == "1"


def test_a_run_that_stops_is_named_with_its_cell(capsys):
    put("a", 'open("../a.txt", "w").write("1")', "x = 1\n1 / 0")
    assert main(["adopt", "--run"]) == 0
    assert "cell 2, line 2: the run stopped: ZeroDivisionError" in capsys.readouterr().err


def test_what_a_library_writes_in_c_is_found():
    put("a", 'import sqlite3\nopen("../x.txt", "w").close()\nsqlite3.connect("../a.db").close()')
    write("a.db", "")
    assert main(["adopt", "--run", "--write"]) == 0
    assert files_of("a")["a.db"][0] == "dep"


def test_a_proof_runs_both_in_copies_and_changes_nothing(here, capsys):
    write("data/in.csv", "a\n1\n")
    lines = ["rate = 2", 'text = open("../data/in.csv").read()']
    put("a", *lines, 'open("../out.csv", "w").write(text * rate)')
    before = {path: path.read_bytes() for path in here.rglob("*") if path.is_file()}
    assert main(["adopt", "--prove"]) == 0
    assert {path: path.read_bytes() for path in here.rglob("*") if path.is_file()} == before
    assert "a     out.csv  bytes" in capsys.readouterr().out


def test_a_proof_fails_where_the_step_gives_another_result(capsys):
    put("a", 'import os\nopen("../out.txt", "w").write(os.getcwd())')
    assert main(["adopt", "--prove"]) == 1
    assert "NO: bytes differ" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "one", "other", "same"),
    [
        ("a.csv", "a,b\n1,0.1\n", "a,b\n1.0,0.10000000000000001\n", True),
        ("a.csv", "a\n1\n", "a\n2\n", False),
        ("a.json", '{"a": [1, 0.5]}', '{\n "a": [1, 0.5]}', True),
        ("a.json", '{"a": 1}', '{"a": 2}', False),
        ("a.json", "{", "{}", False),
        ("a.txt", "1", "1.0", False),
    ],
)
def test_results_are_compared_by_their_type(name, one, other, same):
    write(f"one/{name}", one)
    write(f"other/{name}", other)
    assert compare(f"one/{name}", f"other/{name}").same is same
    assert compare("one", "other").same is same
    assert not compare(f"one/{name}", "nothing").same
