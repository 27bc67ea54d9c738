"""``nbsnake run`` ends as the commands inside of it do, with their exit codes."""

import hashlib
from pathlib import Path

import pytest
from e2e_project import Project
from remote_machine import use, use_folder
from slurm_project import Login

pytestmark = pytest.mark.e2e
NEW = "4 5 6\n"
MD5 = hashlib.md5(NEW.encode()).hexdigest()


def track(project: Project) -> None:
    """Let DVC track the source."""
    project.git("rm", "--quiet", "--cached", "data/raw.txt")
    project.dvc("add", "--quiet", "data/raw.txt")


def change_and_obstruct(project: Project) -> Path:
    """Change the source; the file that keeps DVC from storing that."""
    project.write("data/raw.txt", NEW)
    in_the_way = project.root / ".dvc/cache/files/md5" / MD5[:2]
    in_the_way.parent.mkdir(parents=True, exist_ok=True)
    in_the_way.write_text("no folder\n")
    return in_the_way


def test_a_tracked_source_that_dvc_cannot_store(project: Project) -> None:
    track(project)
    project.nbsnake("run")
    before = project.read("data/raw.txt.dvc")
    in_the_way = change_and_obstruct(project)
    printed = project.nbsnake("run", code=3).stderr
    assert MD5[2:] in printed
    assert project.read("data/raw.txt.dvc") == before
    assert project.nbsnake("sync", code=3).stderr in printed
    project.nbsnake("run", code=3)  # nothing is left to run

    in_the_way.unlink()
    project.nbsnake("run", "--", "--verbose")  # Snakemake has nothing to do, and calls no sync
    assert MD5 in project.read("data/raw.txt.dvc")
    project.assert_dvc_clean()


def test_a_result_that_may_not_be_locked(done: Project) -> None:
    other = ("run", "left", "--", "--config", 'left={"factor": 9}')
    assert "not locked: left: it ran with" in done.nbsnake(*other, code=1).stderr
    done.nbsnake("sync", code=1)
    done.nbsnake("run", "right")  # which does not need it


@pytest.mark.remote
def test_what_was_asked_for_and_cannot_be_fetched(project: Project, tmp_path: Path) -> None:
    store = tmp_path / "store"
    use_folder(project, store)
    use(project, leave=0)
    project.nbsnake("run", "--remote", "here", "left")
    assert not (project.root / "data/numbers.txt").exists()
    store.rename(tmp_path / "away")
    store.write_text("no folder\n")
    printed = project.nbsnake("run", "--remote", "here", "make", code=3).stderr
    assert "not here: data/numbers.txt; run: nbsnake pull" in printed
    store.unlink()
    (tmp_path / "away").rename(store)
    project.nbsnake("run", "--remote", "here", "make")
    assert project.read("data/numbers.txt")


@pytest.mark.slurm
def test_the_last_job_of_a_submitted_graph(login: Login) -> None:
    track(login.project)
    change_and_obstruct(login.project)
    login.project.nbsnake("submit", "make")
    login.assert_all_ended()
    states = {info["rule"].partition(" ")[0]: info["state"] for info in login.jobs().values()}
    assert states == {"make": "COMPLETED", "nbsnake": "FAILED"}
    assert login.project.locked_steps() == {"make"}
