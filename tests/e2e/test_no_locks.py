"""On a file system without locks: one message with what to set, and then all works as elsewhere."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from diamond import NOTHING
from e2e_project import Project

pytestmark = [pytest.mark.e2e, pytest.mark.fault]
STEPS = ["join", "left", "make", "right"]
SET = "dvc config core.hardlink_lock true"


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    library = tmp_path_factory.mktemp("nolocks") / "nolocks.so"
    source = Path(__file__).with_name("nolocks.c")
    options = ("-shared", "-fPIC", "-O1", "-o", str(library))
    subprocess.run(["gcc", *options, str(source), "-ldl"], check=True)
    return library


@pytest.fixture
def lockless(project: Project, library: Path) -> Project:
    """A project in which nothing has run, whose files cannot be locked."""
    env = {"LD_PRELOAD": str(library), "NO_LOCKS_BELOW": str(project.root)}
    return Project(project.root, {**project.env, **env})


@pytest.fixture
def told(lockless: Project) -> Project:
    """The same, where DVC is told to do without."""
    lockless.run(*SET.split())
    lockless.nbsnake("generate")
    return lockless


def test_each_command_says_what_to_set(lockless: Project) -> None:
    for command in (
        ("nbsnake", "run"),
        ("nbsnake", "sync"),
        ("nbsnake", "exec", "make"),
        ("snakemake", "--cores", "2"),
    ):
        done = lockless.run_anyhow(*command)
        printed = done.stdout + done.stderr
        assert done.returncode != 0, command
        assert SET in printed, command
        assert "Traceback" not in printed, printed
    assert lockless.computed() == []
    assert not (lockless.root / "dvc.lock").exists()


def test_then_one_run_at_a_time_locks_what_it_locks_elsewhere(
    told: Project, finished: Project
) -> None:
    with told.holding() as held:
        first = told.start("nbsnake", "run", "-j", "2", **held)
        told.wait_until_computing("left", "right", process=first)
        assert "is running it" in told.nbsnake("run", code=3).stderr
        assert "running" in told.nbsnake("status").stdout
    assert first.wait(timeout=120) == 0
    assert told.computed() == STEPS
    assert told.lock() == finished.lock()
    assert told.outputs() == finished.outputs()
    told.assert_dvc_clean()
    assert NOTHING in told.snakemake()


def test_then_jobs_of_a_killed_run_are_waited_for(told: Project, finished: Project) -> None:
    with told.holding() as held:
        first = told.start("snakemake", "--cores", "2", **held)
        told.wait_until_computing("left", "right", process=first)
        os.kill(first.pid, signal.SIGKILL)
        first.wait(timeout=60)
        second = told.start("nbsnake", "run", "-j", "2")
        told.wait_until_printed("which a killed run left at work", second)
    assert second.wait(timeout=120) == 0
    assert told.computed() == STEPS, "nothing was computed twice"
    assert told.lock() == finished.lock()
