"""The commands of nbsnake around a run, each as a user calls it."""

import json
import shutil

import pytest
from diamond import JOIN, LEFT, MAKE, NOTEBOOKS, NOTHING, OUTPUTS, PARAMS
from e2e_project import Project

pytestmark = pytest.mark.e2e
USERS_STAGES = """\
# The stages of this project.
stages:
  # Written by hand: a copy for the report.
  report:
    cmd: cp joined.txt report.txt  # nothing but a copy
    deps:
    - joined.txt
    outs:
    - report.txt
"""


def times(project: Project) -> dict[str, int]:
    return {
        str(file.relative_to(project.root)): file.stat().st_mtime_ns
        for file in project.root.rglob("*")
        if file.is_file()
        and not {".git", ".nbsnake", "tmp"} & {*file.relative_to(project.root).parts}
    }


def test_init_sets_up_an_empty_folder_and_says_what_to_do_next(folder: Project) -> None:
    output = folder.nbsnake("init").stderr
    assert "initialized git" in output
    assert "initialized DVC" in output
    assert "DVC repository" not in output
    assert "next: nbsnake generate" in output
    for path in (".git", ".dvc/config", "workflow/Snakefile", "workflow/profiles/default"):
        assert (folder.root / path).exists(), path
    before = times(folder)
    folder.nbsnake("init")
    assert times(folder) == before
    folder.nbsnake("generate")
    assert folder.nbsnake("check").stdout == ""
    folder.snakemake()
    assert not (folder.root / "dvc.lock").exists()


def test_init_adopts_a_folder_of_notebooks_and_leaves_them_alone(folder: Project) -> None:
    for step, cells in NOTEBOOKS.items():
        folder.write_notebook(step, cells)
    folder.write(".gitignore", "/mine")
    before = times(folder)
    assert "4 notebooks here: 4 steps, 0 without a docstring" in folder.nbsnake("init").stderr
    after = times(folder)
    assert {path for path in before if after[path] != before[path]} == {".gitignore"}
    assert folder.read(".gitignore").startswith("/mine\n")

    folder.write("data/raw.txt", "1 2 3\n")
    folder.nbsnake("check", code=1)
    folder.nbsnake("generate")
    folder.nbsnake("check")
    folder.nbsnake("run", "-j", "2")
    assert folder.computed() == ["join", "left", "make", "right"]
    folder.assert_dvc_clean()


def test_generating_twice_writes_nothing_the_second_time(project: Project) -> None:
    before = times(project)
    assert "nothing to generate" in project.nbsnake("generate").stderr
    assert times(project) == before
    assert project.git("status", "--short") == ""


def test_check_tells_drift_and_generate_removes_what_a_notebook_left(done: Project) -> None:
    assert done.nbsnake("check").stdout == ""

    done.write_notebook("left", [*LEFT, "extra = 1\n"])
    checked = done.nbsnake("check", code=1)
    assert "+extra = 1" in checked.stdout
    assert "workflow/scripts/left.py is not what the notebooks give" in checked.stderr
    done.write_notebook("left", LEFT)
    done.nbsnake("check")

    (done.root / "notebooks/join.ipynb").unlink()
    checked = done.nbsnake("check", "--json", code=1)
    assert {(each["path"], each["reason"]) for each in json.loads(checked.stdout)} == {
        ("dvc.yaml", "changed"),
        ("workflow/rules/join.smk", "orphan"),
        ("workflow/scripts/join.py", "orphan"),
    }
    done.nbsnake("generate")
    done.nbsnake("check")
    assert not (done.root / "workflow/scripts/join.py").exists()
    assert not (done.root / "workflow/rules/join.smk").exists()
    assert "join" not in done.read("dvc.yaml")
    assert NOTHING in done.snakemake()
    assert done.computed() == []
    done.assert_dvc_clean()

    done.write_notebook("join", JOIN)
    done.nbsnake("generate")
    assert NOTHING in done.snakemake()
    done.assert_dvc_clean()


def test_status_and_sync_and_restore_agree_on_what_is_there(done: Project) -> None:
    lock, results = done.lock(), done.outputs()
    states = {name: (each["state"], each["locked"]) for name, each in done.status().items()}
    assert states == dict.fromkeys(NOTEBOOKS, ("fresh", True))

    done.nbsnake("sync")
    assert done.lock() == lock
    (done.root / "dvc.lock").unlink()
    assert done.status()["left"]["locked"] is False
    assert "locked" in done.nbsnake("sync").stderr
    assert done.lock() == lock
    before = times(done)
    assert done.nbsnake("sync").stderr == ""
    assert times(done) == before

    for path in (*OUTPUTS, "metrics.json"):
        if (done.root / path).is_dir():
            shutil.rmtree(done.root / path)
        else:
            (done.root / path).unlink()
    status = done.status()
    assert {each["state"] for each in status.values()} == {"stale"}
    assert status["make"]["restorable"] is True
    assert "data/numbers.txt is missing" in status["make"]["reasons"]
    assert "restored make" in done.nbsnake("restore").stderr
    assert done.outputs() == results
    assert done.lock() == lock
    assert "nothing to restore" in done.nbsnake("restore").stderr
    assert NOTHING in done.snakemake()
    assert done.computed() == []
    done.assert_dvc_clean()


def test_run_with_a_step_computes_up_to_that_step_only(project: Project) -> None:
    project.nbsnake("run", "-j", "2", "left")
    assert project.computed() == ["left", "make"]
    assert project.locked_steps() == {"left", "make"}


def test_stages_that_a_person_wrote_stay_and_work_beside_ours(folder: Project) -> None:
    for step, cells in NOTEBOOKS.items():
        folder.write_notebook(step, cells)
    folder.write("params.yaml", PARAMS)
    folder.write("data/raw.txt", "1 2 3\n")
    folder.write("dvc.yaml", USERS_STAGES)
    folder.nbsnake("init")
    folder.nbsnake("generate")
    assert folder.read("dvc.yaml").startswith(USERS_STAGES)

    folder.snakemake()
    assert folder.computed() == ["join", "left", "make", "right"]
    assert folder.locked_steps() == {"make", "left", "right", "join", "report"}
    assert folder.read("report.txt") == folder.read("joined.txt")
    folder.assert_dvc_clean()
    assert "up to date" in folder.dvc("repro")
    assert NOTHING in folder.snakemake()
    assert folder.computed() == []

    folder.replace("params.yaml", "factor: 3", "factor: 4")
    folder.snakemake()
    assert folder.computed() == ["join", "left"]
    assert folder.read("report.txt") == folder.read("joined.txt")
    folder.assert_dvc_clean()
    assert folder.status()["report"]["state"] == "fresh"
    output = folder.nbsnake("run", "-j", "1", "report").stderr
    assert "nothing to be done" in output


def test_generate_keeps_the_indentation_of_a_persons_stages(project: Project) -> None:
    indented = USERS_STAGES.replace("    - ", "      - ")
    project.write("dvc.yaml", indented)
    project.nbsnake("generate")
    assert project.read("dvc.yaml").startswith(indented)


def test_a_stage_that_a_person_wrote_may_come_before_ours(folder: Project) -> None:
    folder.write_notebook("make", MAKE)
    folder.write("data/source.txt", "1 2 3\n")
    folder.write(
        "dvc.yaml",
        "stages:\n  fetch:\n    cmd: cp data/source.txt data/raw.txt\n"
        "    deps: [data/source.txt]\n    outs: [data/raw.txt]\n",
    )
    folder.nbsnake("init")
    folder.nbsnake("generate")
    folder.snakemake()
    assert folder.computed() == ["make"]

    folder.write("data/source.txt", "4 5\n")
    folder.snakemake()
    assert folder.computed() == ["make"]
    assert folder.read("data/numbers.txt") == "4\n4\n5\n5\n"
    folder.assert_dvc_clean()
