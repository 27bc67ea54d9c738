"""The Python API: a step's script in a test, and a project's state."""

import subprocess
import sys
from pathlib import Path

import pytest
from builders import declare, nb_bytes

import nbsnake
from nbsnake.__main__ import main
from nbsnake.errors import StaleError, UsageError
from nbsnake.testing import run_step

TRAIN = declare(
    ":param float rate: r",
    ":param list[int] sizes: s",
    ":param text: t",
    ":dvc-out model: out/model.txt",
    body='rate = 0.5\nsizes = [1, 2]\ntext = "a"\nmodel = "../out/model.txt"\n',
)
CELL = (
    "import beside\nclass Point:\n    x = rate\n\n\ndef twice():\n    return 2 * rate\n\n\n"
    'with open(model, "w") as file:\n    file.write(f"{rate} {sizes} {text!r}")'
)


@pytest.fixture
def project(tmp_path, monkeypatch):
    root = tmp_path / "project"
    Path(root, ".dvc").mkdir(parents=True)
    Path(root, "notebooks").mkdir()
    Path(root, "notebooks/train.ipynb").write_bytes(nb_bytes(TRAIN, CELL))
    Path(root, "notebooks/beside.py").write_text("there = True\n")
    assert main(["-C", str(root), "generate"]) == 0
    monkeypatch.chdir(tmp_path)
    return root


def test_a_step_gives_the_names_that_its_cells_leave(project, tmp_path):
    before = (sys.argv[:], sys.path[:], sys.modules["__main__"])
    found = run_step("train", {"rate": 2, "sizes": [3]}, project=project, outputs=tmp_path)
    assert (found["rate"], found["sizes"], found["twice"]()) == (2.0, [3], 4.0)
    assert (tmp_path / "out/model.txt").read_text() == "2.0 [3] 'a'"
    assert not (project / "out").exists()
    assert (sys.argv, sys.path, sys.modules["__main__"]) == before
    assert Path.cwd() == tmp_path


TWICE = """\
from nbsnake.testing import run_step
for _ in range(2):
    run_step("train", project={!r})
"""


def test_a_library_that_can_be_loaded_only_once_is_no_fault_of_a_second_run(project, tmp_path):
    cell = "import beside, numpy\nopen(model, 'w').write(str(numpy.ones(1)))"
    Path(project, "notebooks/train.ipynb").write_bytes(nb_bytes(TRAIN, cell))
    assert main(["-C", str(project), "generate"]) == 0
    code = TWICE.format(str(project))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("text", ["", "--x", "a b", "é", "None"])
def test_values_arrive_as_they_are(text, project, tmp_path):
    found = run_step("train", {"text": text, "model": tmp_path / "m"}, project=project)
    assert found["text"] == text
    assert (tmp_path / "m").exists()


def test_errors_of_the_cells_are_raised(project):
    with pytest.raises(IsADirectoryError):
        run_step("train", {"model": "notebooks"}, project=project / "notebooks")


@pytest.mark.parametrize(
    ("step", "params", "said"),
    [
        ("trian", {}, "no such step: trian"),
        ("train", {"rat": 1}, "train has no parameter 'rat'"),
    ],
)
def test_what_does_not_exist_is_named(step, params, said, project):
    with pytest.raises(UsageError, match=said):
        run_step(step, params, project=project)


def test_a_script_older_than_its_notebook_is_not_run(project):
    Path(project, "notebooks/train.ipynb").write_bytes(nb_bytes(TRAIN, CELL + "\nx = 1"))
    with pytest.raises(StaleError):
        run_step("train", project=project)


def test_an_output_without_parameter_is_not_written_by_a_test(project, tmp_path):
    cell = declare(":dvc-out: out/a.txt") + "x = 1"
    Path(project, "notebooks/loose.ipynb").write_bytes(nb_bytes(cell))
    assert main(["-C", str(project), "generate"]) == 0
    with pytest.raises(UsageError, match=r"out/a\.txt has no parameter"):
        run_step("loose", project=project, outputs=tmp_path)
    assert run_step("loose", project=project)["x"] == 1


def test_a_project_is_found_from_below_its_root(project):
    assert nbsnake.load_project(project / "notebooks") == nbsnake.Project(project)
    with pytest.raises(UsageError, match="no DVC project"):
        nbsnake.load_project(project.parent)


def test_the_package_itself_loads_nothing():
    code = "import sys; before = {*sys.modules}; import nbsnake; print(*{*sys.modules} - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["nbsnake"]
    assert set(nbsnake.__all__) == {"Project", "Status", "__version__", "load_project"}
    with pytest.raises(AttributeError):
        nbsnake.nothing  # noqa: B018
