"""A new notebook is a step at once, and each command says what comes next."""

import json
from pathlib import Path

import pytest
from builders import declare, nb_bytes

from nbsnake.__main__ import main
from nbsnake.commands.init import next_steps
from nbsnake.notebook.read import read_notebook
from nbsnake.notebook.read_step import read_step


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    (tmp_path / ".dvc").mkdir()
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(name, *cells):
    Path(f"notebooks/{name}.ipynb").write_bytes(nb_bytes(*cells))


def test_a_new_notebook_is_a_step(capsys):
    assert main(["new", "train", "--in", "data/raw.csv", "--out", "models/model.pkl"]) == 0
    step = read_step(read_notebook("notebooks/train.ipynb"))
    assert [(e.role.value, e.param, e.path) for e in step.artifacts] == [
        ("dep", "raw", "data/raw.csv"),
        ("out", "model", "models/model.pkl"),
    ]
    assert "wrote notebooks/train.ipynb" in capsys.readouterr().err


def test_a_new_notebook_without_files_runs_and_is_a_step():
    assert main(["new", "02 Clean data"]) == 0
    (step,) = [read_step(read_notebook("notebooks/02 Clean data.ipynb"))]
    assert [each.path for each in step.artifacts] == ["results/clean_data.txt"]
    assert main(["generate"]) == 0


@pytest.mark.parametrize(
    "words",
    [["a"], ["../a"], ["b\x1b[1m\nc"], ["b", "--out", "../x"], ["b", "--out", ".git/x"]],
)
def test_a_name_or_path_that_does_not_fit_is_refused_and_nothing_written(words):
    put("a", "1")
    before = Path("notebooks/a.ipynb").read_bytes()
    assert main(["new", *words]) == 2
    assert [path.name for path in Path("notebooks").iterdir()] == ["a.ipynb"]
    assert Path("notebooks/a.ipynb").read_bytes() == before


def test_no_notebook_goes_into_a_folder_of_a_tool():
    assert main(["new", ".git/hooks/a"]) == 1
    assert not Path(".git").exists()


def test_the_cells_have_ids_that_differ():
    main(["new", "a"])
    ids = [cell["id"] for cell in json.loads(Path("notebooks/a.ipynb").read_text())["cells"]]
    assert len(set(ids)) == 3


def test_generate_names_notebooks_that_are_no_steps_each_time(capsys):
    put("a", declare(":dvc-out: out.txt"))
    put("b", "1 + 1")
    for _ in range(3):
        assert main(["generate"]) == 0
        said = capsys.readouterr().err
        assert "1 notebook is no step: notebooks/b.ipynb; to make them some: nbsnake adopt" in said
    put("b", declare(":dvc-out: out2.txt"))
    main(["generate"])
    assert "no step" not in capsys.readouterr().err


def test_the_next_steps_depend_on_what_is_here():
    assert list(next_steps()) == [
        "0 notebooks here: 0 steps, 0 without a docstring",
        "next: nbsnake new NAME",
        "next: nbsnake generate",
    ]
    put("a", "1 + 1")
    put("b", declare(":dvc-out: out.txt"))
    assert list(next_steps()) == [
        "2 notebooks here: 1 step, 1 without a docstring",
        "next: nbsnake adopt shows what 1 notebook would become",
        "next: nbsnake generate",
    ]
