"""Runs that a signal asks to end, once and twice."""

import os
import signal
import subprocess
import time

import pytest
from diamond import LEFT
from e2e_project import Project
from slurm_project import Login

pytestmark = [pytest.mark.e2e, pytest.mark.fault]
RUN = ("nbsnake", "run", "-j", "2")
TERMINATED = 128 + signal.SIGTERM
WAITS = "those at work are waited for"
NEVER = """
rule never:
    output:
        "never.txt",
    shell:
        "true"
"""
DEAF = """\
import signal

for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
"""


@pytest.fixture
def deaf(project: Project) -> Project:
    """The diamond, in which nothing has run, and of which ``left`` cannot be asked to end."""
    project.write_notebook("left", [*LEFT[:2], DEAF, *LEFT[2:]])
    project.nbsnake("generate")
    return project


def printed(project: Project) -> str:
    return project.root.with_name(f"{project.root.name}.out").read_text()


def assert_ended(project: Project, run: "subprocess.Popen[bytes]", code: int) -> None:
    """With this exit code, and with nothing left: no process, and no lock."""
    assert run.wait(timeout=120) == code, printed(project)
    assert not left_of(run)
    assert not [*(project.root / ".snakemake/locks").glob("*")]
    assert "to go on: nbsnake run" in printed(project)


def left_of(run: "subprocess.Popen[bytes]") -> list[str]:
    """The processes of the group that a run had; nobody may have reaped those that have ended."""
    shown = subprocess.run(
        ["ps", "-eo", "pgid=,stat=,args="], capture_output=True, text=True, check=True
    )
    lines = [line.split(maxsplit=2) for line in shown.stdout.splitlines()]
    return [line[2] for line in lines if line[0] == str(run.pid) and line[1][0] != "Z"]


def test_sigterm_while_snakemake_holds_its_own_lock(project: Project) -> None:
    """It holds it while it waits for the outputs of a job that has ended."""
    project.write("workflow/Snakefile", project.read("workflow/Snakefile") + NEVER)
    options = ("--cores", "1", "--latency-wait", "10", "--verbose")  # without nbsnake's display
    run = project.start("snakemake", *options, "never")
    project.wait_until_printed("Waiting at most 10 seconds for missing files", run)
    run.terminate()
    assert_ended(project, run, 1)


def test_sigterm_lets_the_steps_at_work_end_and_starts_no_other(
    project: Project, finished: Project
) -> None:
    with project.holding() as env:
        run = project.start(*RUN, **env)
        project.wait_until_computing("left", "right", process=run)
        run.terminate()
        project.wait_until_printed(WAITS, run)
    assert_ended(project, run, TERMINATED)
    assert project.computed() == ["left", "make", "right"]
    assert project.locked_steps() == {"left", "make", "right"}
    project.nbsnake("run")
    assert project.computed() == ["join"]
    assert project.outputs() == finished.outputs()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_steps_that_go_on(deaf: Project, number: signal.Signals) -> None:
    with deaf.holding() as env:
        run = deaf.start(*RUN, **env)
        deaf.wait_until_computing("left", process=run)
        send(run, number)
        deaf.wait_until_printed(WAITS, run)
        send(run, number)
        assert_ended(deaf, run, 128 + number)
    assert "left" not in deaf.locked_steps()
    assert deaf.status()["left"]["state"] != "fresh"
    deaf.nbsnake("run")
    assert deaf.locked_steps() == {"join", "left", "make", "right"}
    assert deaf.wrong_objects() == []


def send(run: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    """As a terminal does, or as ``kill``."""
    (os.killpg if number == signal.SIGINT else os.kill)(run.pid, number)


def test_steps_at_work_are_not_waited_for_without_end(project: Project) -> None:
    with project.holding() as env:
        run = project.start(*RUN, NBSNAKE_END_AFTER="2", **env)
        project.wait_until_computing("left", "right", process=run)
        run.terminate()
        assert_ended(project, run, TERMINATED)
    assert project.locked_steps() == {"make"}
    project.nbsnake("run")
    assert project.locked_steps() == {"join", "left", "make", "right"}


def test_a_third_signal_ends_snakemake_itself(deaf: Project) -> None:
    with deaf.holding() as env:
        run = deaf.start(*RUN, **env)
        deaf.wait_until_computing("left", process=run)
        run.terminate()
        deaf.wait_until_printed(WAITS, run)
        run.terminate()
        deaf.wait_until_printed("ending the steps at work", run)
        time.sleep(1.5)  # signals that come at the same time count once
        run.terminate()
        assert run.wait(timeout=60) == TERMINATED
    assert "without waiting for Snakemake; what has ended is kept" in printed(deaf)
    assert not left_of(run)
    assert "removed the lock" in deaf.nbsnake("run").stderr
    assert deaf.locked_steps() == {"join", "left", "make", "right"}


@pytest.mark.slurm
def test_a_second_signal_cancels_the_jobs_of_a_cluster(login: Login) -> None:
    with login.project.holding() as env:
        command = ("nbsnake", "run", "--profile", "slurm", "left")
        run = login.project.start(*command, **env)
        login.project.wait_until_computing("left", process=run)
        run.terminate()
        login.project.wait_until_printed(WAITS, run)
        run.terminate()
        assert_ended(login.project, run, TERMINATED)
        login.assert_no_job_is_left()
    assert login.project.locked_steps() == {"make"}
