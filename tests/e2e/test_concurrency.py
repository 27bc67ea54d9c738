"""Several programs at work in one project: each waits for the others, and is right then."""

import contextlib
import fcntl
import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from diamond import NOTHING
from diskfaults import copy_exactly
from e2e_project import Project

pytestmark = [pytest.mark.e2e, pytest.mark.fault]
ALL = {"make", "left", "right", "join"}
SYNC = ("nbsnake", "sync")


@pytest.fixture(scope="session")
def unlocked(tmp_path_factory: pytest.TempPathFactory, generated: Project) -> Project:
    """Everything has run, and nothing is locked. Only to be copied."""
    project = generated.copy_to(tmp_path_factory.mktemp("unlocked") / "project")
    project.snakemake("--no-hooks")
    store = project.root.with_name("store")
    project.dvc("remote", "add", "--default", "--quiet", "store", str(store))
    return project


@pytest.fixture
def ready(unlocked: Project, tmp_path: Path) -> Project:
    """A copy of it, whose remote is empty."""
    project = copy_exactly(unlocked, tmp_path / "project")
    project.dvc("remote", "modify", "store", "url", str(tmp_path / "store"))
    return project


@contextlib.contextmanager
def dvc_is_busy(project: Project) -> Iterator[None]:
    """Hold DVC's lock on the project, as any of its commands does."""
    path = project.root / ".dvc/tmp/lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def end(project: Project, *processes: subprocess.Popen[bytes]) -> None:
    """Wait until all of them have ended well."""
    codes = [process.wait(timeout=120) for process in processes]
    output = project.root.with_name(f"{project.root.name}.out").read_text(errors="replace")
    assert codes == [0] * len(codes), output


def entries(project: Project) -> set[str]:
    """The text of each stage of dvc.lock."""
    return set(re.split(r"^(?=  \w+:\n)", project.lock().decode(), flags=re.MULTILINE))


def assert_right(project: Project, finished: Project) -> None:
    assert entries(project) == entries(finished)  # in the order in which they were locked
    assert project.outputs() == finished.outputs()
    assert project.gitignores() == finished.gitignores()
    assert project.wrong_objects() == []
    project.assert_dvc_clean()
    assert NOTHING in project.snakemake()


def test_sync_waits_for_as_long_as_dvc_is_busy(ready: Project, finished: Project) -> None:
    with dvc_is_busy(ready):
        syncs = [ready.start(*SYNC), ready.start(*SYNC)]
        time.sleep(8)  # longer than DVC's own patience
        assert [sync.poll() for sync in syncs] == [None, None]
        assert ready.locked_steps() == set()
    end(ready, *syncs)
    assert_right(ready, finished)


def test_many_syncs_at_once_lock_all_of_it_and_nothing_twice(
    ready: Project, finished: Project
) -> None:
    for _ in range(3):
        (ready.root / "dvc.lock").unlink(missing_ok=True)
        end(ready, *[ready.start(*SYNC) for _ in range(4)])
        assert ready.lock() == finished.lock()
    assert_right(ready, finished)


@pytest.mark.parametrize("command", ["status", "push", "commit --force"])
def test_sync_beside_a_command_of_dvc_is_right(
    ready: Project, finished: Project, command: str
) -> None:
    for first in (("dvc", *command.split()), SYNC):
        second = ("dvc", *command.split()) if first == SYNC else SYNC
        processes = [ready.start(*first)]
        time.sleep(0.4)
        processes.append(ready.start(*second))
        end(ready, *processes)
        assert ready.lock() == finished.lock()
    ready.dvc("push", "--quiet")
    assert_right(ready, finished)
    assert "in sync" in ready.dvc("status", "--cloud")


def test_sync_beside_snakemake_locks_what_is_finished_and_nothing_else(
    project: Project, finished: Project
) -> None:
    with project.holding() as env:
        run = project.start("snakemake", "--cores", "2", **env)
        project.wait_until_computing("left", "right", process=run)
        project.nbsnake("sync")
        assert run.poll() is None
        assert project.locked_steps() == {"make"}
        assert project.status()["left"]["state"] != "fresh"
        lines = project.nbsnake("status").stdout.splitlines()
        (left,) = (line for line in lines if line.startswith("left "))
        assert "running" in left
        assert "since" in left
        assert "is missing" not in left
    end(project, run)
    assert project.computed() == sorted(ALL)
    assert_right(project, finished)


def test_syncs_all_through_a_run_never_lock_what_is_partial(
    project: Project, finished: Project
) -> None:
    run = project.start("snakemake", "--cores", "2", STEP_SECONDS="1.5")
    while run.poll() is None:
        project.nbsnake("sync")
        lock = project.read("dvc.lock") if project.locked_steps() else ""
        for line in lock.splitlines():
            assert line in finished.read("dvc.lock").splitlines()
    end(project, run)
    assert project.computed() == sorted(ALL)
    assert_right(project, finished)


def test_a_second_run_is_refused_or_waits_and_both_leave_it_right(
    project: Project, finished: Project
) -> None:
    with project.holding() as env:
        first = project.start("snakemake", "--cores", "2", **env)
        project.wait_until_computing("left", "right", process=first)
        for command in (("snakemake", "--cores", "2"), ("nbsnake", "run", "-j", "2")):
            other = project.run(*command, code=3)
            said = other.stdout + other.stderr
            assert f"locked: process {first.pid} on {os.uname().nodename} is running it" in said
            assert "--unlock" not in said
    end(project, first)
    assert project.computed() == sorted(ALL), "no step was computed twice"
    assert_right(project, finished)
