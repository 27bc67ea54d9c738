"""A person's word: results on disk count as those of today's code and parameters."""

import pytest
from diamond import NOTHING
from e2e_project import Project

pytestmark = pytest.mark.e2e
LEFT = "results of all/left.txt"


def test_a_result_made_in_jupyter_is_accepted_and_locked_as_by_dvc_commit(
    done: Project, project: Project
) -> None:
    for path in ("data/numbers.txt", LEFT):
        project.write(path, done.read(path))
    assert "nbsnake accept STEP --reason TEXT" in project.nbsnake("status").stderr
    refused = project.nbsnake("accept", "left", "--reason", "made in Jupyter", code=1)
    assert "'left' reads what make will write, which is not fresh" in refused.stderr
    project.nbsnake("accept", "make", "left", "--reason", "made in Jupyter")
    assert "fresh  accepted by hand: made in Jupyter" in project.nbsnake("status", "left").stdout
    assert project.locked_steps() == {"make", "left"}
    project.snakemake()
    assert project.computed() == ["join", "right"]
    assert project.lock() == done.lock()
    project.assert_dvc_clean()


def test_after_an_edit_known_to_be_harmless(done: Project) -> None:
    done.replace("notebooks/left.ipynb", "value * factor", "factor * value")
    done.nbsnake("generate")
    status = done.nbsnake("status", "left")
    assert "cell 5 of left.ipynb changed" in status.stdout
    assert "nbsnake accept STEP --reason TEXT" in status.stderr
    done.nbsnake("accept", "notebooks/left.ipynb", "--reason", "the order of factors")
    assert NOTHING in done.snakemake()
    assert done.computed() == []
    done.assert_dvc_clean()
    assert done.receipt("left")["accepted"] == "the order of factors"
    assert "nothing to accept" in done.nbsnake("accept", "left", "--reason", "again").stderr
    assert done.status()["left"]["accepted"] == "the order of factors"


def test_what_cannot_be_accepted(done: Project) -> None:
    done.replace("params.yaml", "factor: 3", "factor: 4")
    (done.root / LEFT).unlink()
    refused = done.nbsnake("accept", "left", "--reason", "x", code=1).stderr
    assert f"{LEFT} is missing, so that there is no result of 'left' to accept" in refused
    assert "the reason is empty" in done.nbsnake("accept", "left", "--reason", " ", code=2).stderr
    done.replace("notebooks/right.ipynb", "numbers\\\\n", "numbers!\\\\n")
    refused = done.nbsnake("accept", "left", "--reason", "x", code=1).stderr
    assert "is newer than workflow/scripts/right.py" in refused
