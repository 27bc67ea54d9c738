"""Steps that fail, and runs that are killed or interrupted."""

import os
import signal
from pathlib import Path

import pytest
from diamond import LEFT, NOTHING
from e2e_project import Project, kill_group

pytestmark = [pytest.mark.e2e, pytest.mark.fault]
ALL = ["join", "left", "make", "right"]


def assert_right(project: Project, finished: Project) -> None:
    """The project is as an undisturbed run leaves it, and both tools know."""
    assert project.lock() == finished.lock()
    assert project.outputs() == finished.outputs()
    assert project.wrong_objects() == []
    project.assert_dvc_clean()
    assert NOTHING in project.snakemake()


def test_a_failing_step_is_named_and_everything_else_is_locked(project: Project) -> None:
    project.write_notebook("left", [*LEFT, "raise ValueError('no luck today')\n"])
    project.nbsnake("generate")
    output = project.snakemake(code=1)
    assert "no luck today" in output
    assert project.computed() == ["left", "make", "right"]
    assert project.locked_steps() == {"make", "right"}

    output = project.nbsnake("status").stdout
    (line,) = [line for line in output.splitlines() if line.startswith("left ")]
    assert "failed" in line
    assert "logs/left.log" in line
    assert "no luck today" in project.read("logs/left.log")
    assert project.status()["left"]["failed"] == 1

    assert "no luck today" in project.nbsnake("run", "-j", "2", code=1).stderr
    assert project.computed() == ["left"]
    assert project.locked_steps() == {"make", "right"}

    project.write_notebook("left", LEFT)
    project.nbsnake("generate")
    project.snakemake()
    assert project.computed() == ["join", "left"]
    assert project.locked_steps() == {*ALL}
    assert project.status()["left"]["failed"] is None
    project.assert_dvc_clean()


def test_after_a_killed_head_the_next_run_waits_for_its_orphans(
    project: Project, finished: Project
) -> None:
    head = project.start("snakemake", "--cores", "2", STEP_SECONDS="5")
    project.wait_until_computing("left", "right", process=head)
    os.kill(head.pid, signal.SIGKILL)
    head.wait()
    assert any((project.root / ".snakemake/locks").iterdir()), "the kill left Snakemake's lock"

    output = project.nbsnake("run", "-j", "2").stderr
    assert "removed the lock" in output
    assert project.computed() == ALL, "no step was computed twice"
    assert_right(project, finished)


def test_after_a_killed_head_plain_snakemake_computes_only_what_was_not_finished(
    project: Project, finished: Project
) -> None:
    with project.holding() as env:
        head = project.start("snakemake", "--cores", "2", **env)
        project.wait_until_computing("left", "right", process=head)
        kill_group(head, signal.SIGKILL)
    assert project.computed() == ["left", "make", "right"]

    project.snakemake("--unlock")
    assert project.computed() == []
    project.snakemake()
    assert project.computed() == ["join", "left", "right"]
    assert_right(project, finished)


def test_after_ctrl_c_nothing_partial_is_locked_and_the_next_run_completes(
    project: Project, finished: Project
) -> None:
    with project.holding() as env:
        head = project.start("snakemake", "--cores", "2", **env)
        project.wait_until_computing("left", "right", process=head)
        kill_group(head, signal.SIGINT)
    assert head.returncode != 0
    assert project.locked_steps() <= {"make"}
    assert not Path(project.root / "joined.txt").exists()
    project.computed()

    project.snakemake()
    assert project.computed() == ["join", "left", "right"]
    assert_right(project, finished)
