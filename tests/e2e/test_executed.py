"""Every run leaves its notebook, above all a failed one."""

import contextlib
import json
import os
import signal
from pathlib import Path
from typing import Any

import nbformat
import pytest
from e2e_project import Project

from nbsnake.job.runner.marked import landlock_version

pytestmark = pytest.mark.e2e


def notebook(project: Project, *words: str) -> Any:
    path = project.nbsnake("show", *words).stdout.strip()
    found = json.loads(project.read(path))
    nbformat.validate(nbformat.from_dict(found))
    return found


def add_first(project: Project, step: str, line: str) -> None:
    """Put a line at the start of the notebook's last cell."""
    path = f"notebooks/{step}.ipynb"
    document = json.loads(project.read(path))
    document["cells"][-1]["source"].insert(0, f"{line}\n")
    project.write(path, json.dumps(document))
    project.nbsnake("generate")


def test_a_run_leaves_its_notebook_and_a_restored_result_brings_it_back(project: Project) -> None:
    add_first(project, "left", "print(factor)")
    before = 3
    for factor in (3, 4, 3):
        project.replace("params.yaml", f"factor: {before}", f"factor: {factor}")
        project.snakemake()
        found, before = notebook(project, "left"), factor
        assert found["cells"][0]["source"] == "# The left branch"
        assert found["cells"][-1]["outputs"][0]["text"] == f"{factor}\n"
        assert found["metadata"]["nbsnake"]["step"] == "left"
    assert project.computed().count("left") == 2
    project.assert_dvc_clean()


def test_a_failed_run_names_cell_and_line_and_leaves_its_notebook(project: Project) -> None:
    project.replace("notebooks/left.ipynb", "value * factor", "value // (factor - 3)")
    add_first(project, "left", "print('so far')")
    for command in (["snakemake", "--cores", "2"], ["nbsnake", "run"]):
        done = project.run(*command, code=1)
        printed = done.stdout + done.stderr
        assert "left failed: notebooks/left.ipynb, cell 5, line 5: ZeroDivisionError" in printed
        assert ">   5 write_slowly(product" in printed
        assert "| so far" in printed
        assert "its notebook: .nbsnake/executed/left.failed.ipynb" in printed
    found = notebook(project, "left", "--failed")
    assert found["cells"][-1]["outputs"][-1]["ename"] == "ZeroDivisionError"
    assert "nbsnake show left --failed" in project.nbsnake("show", "left", code=2).stderr
    project.nbsnake("show", "left", "--failed", "--html", "left.html")
    page = project.read("left.html")
    assert "ZeroDivisionError" in page
    assert "://" not in page

    project.replace("params.yaml", "factor: 3", "factor: 4")
    project.snakemake()
    assert "did not fail" in project.nbsnake("show", "left", "--failed", code=2).stderr
    assert notebook(project, "left")


def test_a_cell_that_never_ends_and_is_killed_is_in_the_notebook(project: Project) -> None:
    add_first(project, "left", "print('begun', flush=True)")
    with project.holding() as env:
        running = project.start("snakemake", "--cores", "2", **env)
        project.wait_until_computing("left", process=running)
        for line in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                words = line.read_bytes().split(b"\0")
                is_here = os.readlink(line.with_name("cwd")) == str(project.root)
                if is_here and words[1].endswith(b"start.py") and b"left.py" in words[2]:
                    os.kill(int(line.parent.name), signal.SIGKILL)
    assert running.wait(timeout=120) == 1
    found = notebook(project, "left", "--failed")
    assert found["cells"][-1]["outputs"][0]["text"] == "begun\n"
    assert "seconds" not in found["cells"][-1]["metadata"]["nbsnake"]
    assert "failed" in project.nbsnake("status", "left").stdout
    project.snakemake()
    project.assert_dvc_clean()


def test_a_notebook_that_cannot_be_written_is_missing_and_nothing_else(project: Project) -> None:
    (project.root / ".nbsnake").mkdir(exist_ok=True)
    project.write(".nbsnake/executed", "no folder\n")
    project.snakemake()
    project.assert_dvc_clean()
    assert "left: the notebook of the run is missing" in project.read("logs/left.log")


def test_executed_notebooks_can_be_switched_off(project: Project) -> None:
    project.write("nbsnake.yaml", "executed: {left: false}\n")
    project.snakemake()
    assert notebook(project, "right")
    assert "'executed: false'" in project.nbsnake("show", "left", code=2).stderr


def test_what_is_not_declared_is_named_and_fails_a_strict_project(project: Project) -> None:
    project.write("data/extra.txt", "5\n")
    project.replace(
        "notebooks/left.ipynb",
        "os.makedirs",
        "open('data/extra.txt').read()\\n\",\n    \"os.makedirs",
    )
    project.nbsnake("generate")
    line = "left read data/extra.txt, which it does not declare; add :dvc-in: data/extra.txt"
    assert line in project.snakemake()
    assert project.receipt("left")["undeclared"] == {"read": ["data/extra.txt"]}
    assert project.receipt("left")["python"]
    project.write("nbsnake.yaml", "strict: true\n")
    project.replace("params.yaml", "factor: 3", "factor: 4")
    project.snakemake(code=1)
    assert line in project.read("logs/left.log")
    assert line in project.nbsnake("check", "--runs", code=1).stderr


def test_a_copy_to_debug_gives_what_the_step_gives(done: Project) -> None:
    nbclient = pytest.importorskip("nbclient")
    path = done.root / done.nbsnake("debug", "left").stdout.strip()
    document = nbformat.read(path, as_version=4)
    nbformat.validate(document)
    result = done.root / "results of all/left.txt"
    before = result.read_text()
    result.unlink()
    env = {**done.env, "IPYTHONDIR": str(done.root / "ipython")}
    client = nbclient.NotebookClient(document, resources={"metadata": {"path": str(path.parent)}})
    client.execute(env=env)
    assert result.read_text() == before
    assert "such as: make" in done.nbsnake("debug", "absent", code=2).stderr
    assert done.nbsnake("check").stderr == ""  # it is no step of the project


def test_software_that_is_another_now_is_named_and_makes_nothing_stale(done: Project) -> None:
    receipt = done.receipt("left")
    assert "made with" not in done.nbsnake("status", "--packages").stdout
    receipt["packages"] = {"yaml": "0.1", "absent_package": "2"}
    receipt["python"] = "3.1.0"
    done.write(".nbsnake/receipts/left.json", json.dumps(receipt))
    shown = done.nbsnake("status", "left", "--packages").stdout
    assert "fresh" in shown
    assert "made with Python 3.1.0, now 3." in shown
    assert "made with yaml 0.1, now " in shown
    assert "made with absent_package 2, now not installed" in shown


@pytest.mark.skipif(landlock_version() < 1, reason="needs Landlock")
def test_all_cells_are_shown_only_when_asked_for_and_the_result_is_the_same(done: Project) -> None:
    path = "notebooks/left.ipynb"
    document = json.loads(done.read(path))
    source = "# No effect\nprint(factor)\nopen('wrong.txt', 'w').write('wrong')"
    document["cells"].append({**document["cells"][-1], "id": "last", "source": source})
    done.write(path, json.dumps(document))
    done.nbsnake("run")
    lock = done.read("dvc.lock")
    done.nbsnake("run", "--all-cells", "--alone", "left")
    last = notebook(done, "left")["cells"][-1]
    assert last["outputs"][0]["text"] == "3\n"
    assert last["outputs"][1]["ename"] == "PermissionError"
    assert done.read("dvc.lock") == lock
    done.assert_dvc_clean()
