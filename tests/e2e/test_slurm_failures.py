"""What a person is told of a job that failed on a real Slurm: its state, and what to do.

The rows of the table in docs/cluster.md are tests here.
"""

import time
from collections.abc import Callable

import pytest
from diamond import LEFT
from e2e_project import Project, notebook_text
from slurm_cluster import Cluster
from slurm_project import (
    ALL,
    PARTS,
    PROFILE,
    WIDE,
    Login,
    assert_all_locked,
    assert_right,
    finish,
    with_needs,
)

pytestmark = [pytest.mark.e2e, pytest.mark.slurm]


def test_a_failing_step_is_reported_and_the_others_are_locked(
    login: Login, finished: Project
) -> None:
    project = login.project
    project.write_notebook("left", [*LEFT, "raise ValueError('no luck today')\n"])
    project.nbsnake("generate")
    output = login.snakemake("--retries", "0", code=1)
    login.assert_reports("left", "no luck today", output)
    assert project.locked_steps() == {"make", "right"}
    assert project.computed() == ["left", "make", "right"]
    login.assert_no_job_is_left()

    project.write_notebook("left", LEFT)
    project.nbsnake("run", "-j", "2")
    assert project.computed() == ["join", "left"]
    assert_all_locked(project, finished)


def test_a_time_limit_is_reported(alone: Callable[..., Login]) -> None:
    login = alone("time.sleep(300)", ":resources: runtime=1", ":retries: 0")
    head = login.start_run()
    login.wait_until_running("work")
    assert finish(head, 240) < 200
    assert head.returncode == 1
    shown = "TIMEOUT: it reached its time limit of 00:01:00"
    login.assert_shows(login.printed(), "failed   work (", shown, "notebooks/work.ipynb, cell 3")
    assert login.project.locked_steps() == set()


def test_memory_over_its_limit_is_reported_and_grows_with_the_next_attempt(
    alone: Callable[..., Login],
) -> None:
    fields = (":resources: mem_mb=500*attempt", ":retries: 1")
    login = alone("block = b'x' * 450_000_000; time.sleep(4)", *fields)
    shown = "OUT_OF_MEMORY: it used more than its 500MB"
    login.assert_shows(login.run(), "retrying work, attempt 1 of 2 (", shown)
    assert {job["memory"] for job in login.jobs().values()} == {"500M", "1000M"}
    assert login.project.computed() == ["work", "work"]
    assert login.project.locked_steps() == {"work"}
    assert login.project.read("data/work.txt") == "half and whole\n"


def test_a_job_that_is_cancelled_from_outside_is_reported(alone: Callable[..., Login]) -> None:
    login = alone("time.sleep(300)", ":retries: 0")
    head = login.start_run()
    login.project.wait_until_computing("work", process=head)
    login.cluster.call("scancel", login.job_of("work"))
    assert finish(head, 120) < 90
    assert head.returncode == 1
    login.assert_shows(login.printed(), "CANCELLED: Slurm does not say by whom")
    assert login.project.locked_steps() == set()


def test_a_lost_node_costs_only_what_ran_there(login: Login, finished: Project) -> None:
    with_needs(login, WIDE)
    head = login.start(STEP_SECONDS="20")
    login.project.wait_until_computing("left", "right", process=head)
    node = login.jobs()[login.job_of("left")]["node"]
    login.cluster.kill_node(node)
    try:
        assert finish(head, 400) < 300
    finally:
        login.cluster.start_node(node)
        login.cluster.wait_for_nodes()
    assert head.returncode == 0, login.printed()
    login.assert_reports("left", "NODE_FAIL", login.printed())
    assert login.project.computed() == sorted([*ALL, "left"])
    assert_right(login.project, finished)


def test_a_node_that_does_not_mount_the_project_is_left_out_of_the_next_attempt(
    alone: Callable[..., Login],
) -> None:
    login = alone("pass", ":threads: 2", ":retries: 1")
    with login.cluster.not_mounted(login.project.root, "node1"):
        output = login.run()
    assert "retrying work, attempt 1 of 2" in output
    assert "FAILED: node1 did not start it, as it does not find the folder of the job's" in output
    assert "hint: a node must mount the project under the same path" in output
    states = {job["node"]: job["state"] for job in login.jobs().values()}
    assert states == {"node1": "FAILED", "node2": "COMPLETED"}
    assert login.project.locked_steps() == {"work"}


def test_a_node_whose_prolog_fails_is_named_with_what_slurm_says_of_it(
    alone: Callable[..., Login],
) -> None:
    login = alone("pass", ":threads: 2", ":retries: 1")
    with login.cluster.refusing("node1"):
        output = login.run()
    assert "CANCELLED: node1 did not start it, of which Slurm says: Prolog error" in output
    assert login.project.locked_steps() == {"work"}


def test_what_sbatch_refuses_is_shown_in_its_words(alone: Callable[..., Login]) -> None:
    login = alone("pass", ":retries: 0")
    extra = "default-resources:\n  slurm_extra: --reservation=nosuch\n"
    login.project.replace(f"{PROFILE}/profile.yaml", "default-resources:\n", extra)
    output = login.run(code=3)
    assert "failed   work: sbatch refused it: Requested reservation is invalid" in output
    assert "Traceback" not in output
    assert login.jobs() == {}


def test_a_controller_that_is_away_for_a_while_is_waited_for(
    login: Login, finished: Project
) -> None:
    head = login.start(STEP_SECONDS="10")
    login.project.wait_until_computing("left", "right", process=head)
    login.cluster.stop_controller()
    time.sleep(60)
    login.cluster.start_controller()
    assert finish(head, 300) < 240
    assert head.returncode == 0, login.printed()
    assert login.project.computed() == ALL, "nothing was computed twice"
    assert_right(login.project, finished)


def test_a_failure_through_the_generic_executor(login: Login, finished: Project) -> None:
    folder = "workflow/profiles/generic"
    login.project.write_notebook("left", [*LEFT, "raise ValueError('no luck today')\n"])
    login.project.nbsnake("generate")
    login.project.nbsnake("profile", "generic", "--system", "slurm")
    every = ("--seconds-between-status-checks", "2", "--retries", "0")
    done = login.project.run("snakemake", "--workflow-profile", folder, *every, code=1)
    login.assert_reports("left", "no luck today", done.stdout + done.stderr)
    assert login.project.locked_steps() == {"make", "right"}


def test_a_step_of_a_group_that_fails_does_not_stop_the_others(
    folder: Project, cluster: Cluster
) -> None:
    folder.nbsnake("init")
    code = "assert part != 'b'\nwith open(result, 'w') as file:\n    file.write(part)\n"
    folder.write("notebooks/parts.ipynb", notebook_text(["# Parts", PARTS, code]))
    folder.nbsnake("generate")
    login = Login(folder, cluster)
    output = login.run("--", "--retries", "0", code=1)
    assert "done     parts@f, in a job of a group that failed" in output
    assert "failed   parts@b" in output
    folder.nbsnake("restore")  # Snakemake has removed the outputs of the whole group
    folder.nbsnake("sync")
    assert folder.locked_steps() == {f"parts@{part}" for part in "acdef"}


def test_a_step_that_fits_no_partition_is_reported_before_anything_is_submitted(
    alone: Callable[..., Login],
) -> None:
    login = alone("pass", ":threads: 3", ":resources: mem_mb=1500*attempt runtime=60")
    login.run(code=1)
    output = login.project.nbsnake("profile", "slurm", "--check", code=1).stderr
    assert "asks for threads=3; the partition 'main' has 2 CPUs on a node at most" in output
    assert "asks, at attempt 3, for mem_mb=4500" in output
    assert login.jobs() == {}
