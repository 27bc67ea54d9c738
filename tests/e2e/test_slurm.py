"""On a real Slurm: the same results as on one machine, and a right state after any failure.

Every wait is bounded. After each test no job is left.
"""

import importlib.util
import json
import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from e2e_project import LEFT, NOTHING, Project, notebook_text
from slurm_cluster import Cluster, wait_until, why_not
from slurm_project import PROFILE, Login, finish, write_work

pytestmark = [pytest.mark.e2e, pytest.mark.slurm]
EXAMPLE = Path(__file__).parents[2] / "examples/digits"
ALL = ["join", "left", "make", "right"]
WIDE = "needs:\n  left: {threads: 2}\n  right: {threads: 2}\n"  # so that each takes a node
NARROW = """\
needs:
  left: {threads: 2, resources: {slurm_partition: short, runtime: 9}}
  right: {threads: 2, resources: {slurm_partition: short, runtime: 9}}
"""
PARTS = '''\
"""A part of many.

:foreach part: a b c d e f
:param str part: which
:param result: where it goes
:dvc-out result: data/{part}.txt
:group: tiny
:resources: runtime=1
"""
part = "a"
result = "../data/a.txt"
'''


@pytest.fixture(scope="session")
def started() -> Iterator[Cluster]:
    """Two nodes of two CPUs; sockets need a short path."""
    reason = why_not()
    if not reason and importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        reason = "the extra is not installed: pip install 'nbsnake[slurm]'"
    if reason:
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="nbsnake-"))
    cluster = Cluster(folder, cpus=2)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def cluster(started: Cluster) -> Iterator[Cluster]:
    yield started
    jobs = started.jobs()
    if jobs:
        started.call("scancel", *jobs)
    assert jobs == [], "jobs were left behind"


@pytest.fixture
def login(project: Project, cluster: Cluster) -> Login:
    """The diamond of four steps, in which nothing has run."""
    return Login(project, cluster)


@pytest.fixture
def alone(folder: Project, cluster: Cluster) -> Callable[..., Login]:
    """A project of one step that does what a test says."""

    def make(action: str, *fields: str) -> Login:
        folder.nbsnake("init")
        write_work(folder, action, *fields)
        folder.git("add", ".")
        folder.git("commit", "--quiet", "--message", "work")
        return Login(folder, cluster)

    return make


def with_needs(login: Login, text: str) -> None:
    login.project.write("nbsnake.yaml", text)
    login.project.nbsnake("generate")


def assert_right(project: Project, finished: Project) -> None:
    """As an undisturbed run on one machine leaves it."""
    assert project.lock() == finished.lock()
    assert project.outputs() == finished.outputs()
    assert project.wrong_objects() == []
    project.assert_dvc_clean()


def assert_all_locked(project: Project, finished: Project) -> None:
    """The same, but for the order of dvc.lock: steps that were locked at once come first there."""
    assert project.locked_steps() == {*ALL}
    assert project.outputs() == finished.outputs()
    assert project.wrong_objects() == []
    project.assert_dvc_clean()


def test_digits_on_two_nodes_lock_what_one_machine_locks(
    tmp_path: Path, tool_env: dict[str, str], cluster: Cluster
) -> None:
    for name in ("local", "spread"):
        shutil.copytree(EXAMPLE, tmp_path / name)
    local, spread = (
        Project(tmp_path / name, {**tool_env, "MPLBACKEND": "agg"}) for name in ("local", "spread")
    )
    for project in (local, spread):
        project.nbsnake("init")
        project.nbsnake("generate")
    local.snakemake()

    pairs = ("pixels", "edges", "svm", "forest")
    needs = "".join(f"  {step}: {{threads: 2}}\n" for step in pairs)
    spread.write("nbsnake.yaml", f"needs:\n{needs}")
    spread.nbsnake("generate")
    login = Login(spread, cluster)
    login.snakemake()
    assert spread.lock() == local.lock()
    assert spread.wrong_objects() == []
    assert {spread.receipt(step)["host"] for step in pairs} == {"node1", "node2"}
    assert {job["state"] for job in login.jobs().values()} == {"COMPLETED"}
    assert len(login.jobs()) == 6

    spread.dvc("remote", "add", "--default", "--quiet", "store", str(tmp_path / "store"))
    spread.dvc("push", "--quiet")
    spread.git("add", ".")
    spread.git("commit", "--quiet", "--message", "done")
    spread.git("clone", "--quiet", ".", str(tmp_path / "clone"))
    clone = Login(Project(tmp_path / "clone", spread.env), cluster)
    clone.project.dvc("pull", "--quiet")
    assert NOTHING in clone.snakemake()
    assert clone.jobs() == {}


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


def test_a_controller_that_is_away_for_a_while_is_waited_for(
    login: Login, finished: Project
) -> None:
    head = login.start(STEP_SECONDS="10")
    login.project.wait_until_computing("left", "right", process=head)
    login.cluster.stop_controller()
    time.sleep(30)
    login.cluster.start_controller()
    assert finish(head, 300) < 240
    assert head.returncode == 0, login.printed()
    assert login.project.computed() == ALL, "nothing was computed twice"
    assert_right(login.project, finished)


def test_after_ctrl_c_no_job_runs_and_nothing_partial_is_locked(
    login: Login, finished: Project
) -> None:
    head = login.start(STEP_SECONDS="60")
    login.project.wait_until_computing("left", "right", process=head)
    os.killpg(head.pid, signal.SIGINT)
    assert finish(head, 120) < 60
    assert head.returncode != 0
    login.assert_no_job_is_left()
    assert login.project.locked_steps() == {"make"}
    assert login.project.computed() == ["left", "make", "right"]

    login.project.nbsnake("run", "-j", "2")
    assert login.project.computed() == ["join", "left", "right"]
    assert_right(login.project, finished)


def test_after_a_killed_head_its_jobs_are_seen_to(login: Login, finished: Project) -> None:
    with_needs(login, NARROW)
    head = login.start(STEP_SECONDS="25")
    wait_until("one computes", lambda: len(login.project.peek()) == 2, 120)
    os.kill(head.pid, signal.SIGKILL)
    head.wait(timeout=60)
    states = [login.jobs()[login.job_of(rule)]["state"] for rule in ("left", "right")]
    assert sorted(states) == ["PENDING", "RUNNING"]

    output = login.project.nbsnake("run", "-j", "2").stderr
    assert "cancelled 1 waiting job of an earlier run" in output
    login.assert_no_job_is_left()
    assert login.project.computed() == ALL, "nothing was computed twice"
    assert_all_locked(login.project, finished)


def test_a_graph_that_is_submitted_needs_no_head_and_a_restart_submits_what_is_missing(
    login: Login, finished: Project
) -> None:
    project = login.project
    project.write("nbsnake.yaml", "needs: {left: {retries: 1}}\n")
    project.write_notebook("left", [*LEFT, "raise ValueError('no luck today')\n"])
    with login.cluster.all_nodes_taken():
        output = project.nbsnake("submit").stderr
        assert "submitted make (job " in output
        assert "in the queue: make PENDING" in project.nbsnake("status").stderr
    login.assert_all_ended()
    assert project.locked_steps() == {"make", "right"}
    assert project.computed() == ["left", "left", "make", "right"], "one attempt more for left"

    project.write_notebook("left", LEFT)
    output = project.nbsnake("submit").stderr
    assert "submitted left (job " in output
    assert "make" not in output
    login.assert_all_ended()
    assert project.computed() == ["join", "left"]
    assert_all_locked(project, finished)
    assert "nothing to submit" in project.nbsnake("submit").stderr


def test_what_is_submitted_locks_what_one_machine_locks(login: Login, finished: Project) -> None:
    login.project.nbsnake("submit")
    login.assert_all_ended()
    assert_right(login.project, finished)


def test_the_same_through_the_generic_executor(login: Login, finished: Project) -> None:
    folder = "workflow/profiles/generic"
    login.project.nbsnake("profile", "generic", "--system", "slurm")
    every = ("--seconds-between-status-checks", "2")
    login.project.run("snakemake", "--workflow-profile", folder, *every)
    assert {job["state"] for job in login.jobs().values()} == {"COMPLETED"}
    assert len(login.jobs()) == 4
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


def test_grouped_steps_are_one_job_and_use_no_more_cores_than_a_node_has(
    folder: Project, cluster: Cluster
) -> None:
    folder.nbsnake("init")
    cells = ["# Parts", PARTS, "with open(result, 'w') as file:\n    file.write(part)\n"]
    folder.write("notebooks/parts.ipynb", notebook_text(cells))
    folder.nbsnake("generate")
    login = Login(folder, cluster)
    login.snakemake()
    (job,) = login.jobs().values()
    assert (job["state"], job["cpus"]) == ("COMPLETED", "2")
    assert folder.locked_steps() == {f"parts@{part}" for part in "abcdef"}
    login.project.assert_dvc_clean()


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


def test_cores_of_a_rule_are_what_its_command_uses(alone: Callable[..., Login]) -> None:
    login = alone("file.write(os.environ['OMP_NUM_THREADS'])", ":threads: 2")
    login.project.nbsnake("run", "--profile", "slurm")
    assert not (login.project.root / ".nbsnake/slurm/jobs").exists(), "all have ended"
    assert login.project.read("data/work.txt") == "half2 and whole\n"
    assert [job["cpus"] for job in login.jobs().values()] == ["2"]
    shown = login.project.nbsnake("status", "--resources").stdout
    assert "work" in shown
    (status,) = json.loads(login.project.nbsnake("status", "--resources", "--json").stdout)
    assert status["resources"]["asked"]["threads"] == 2
    assert status["resources"]["used"]["mem_mb"] > 0

    login.project.nbsnake("profile", "slurm", "--from-receipts", "--force")
    profile = login.project.read(f"{PROFILE}/profile.yaml")
    assert "set-resources:\n  work:\n    mem_mb:" in profile


DOCS = (Path(__file__).parents[2] / "docs/cluster.md").read_text(encoding="utf-8")
COPIES = '''\
"""Work in the scratch of a node.

:param features: what is read
:param result: what is written
:dvc-in features: data/raw.txt
:dvc-out result: data/copy.txt
"""
features = "../data/raw.txt"
result = "../data/copy.txt"
'''


def documented_commands() -> list[str]:
    """The commands of docs/cluster.md for this cluster, in their order."""
    blocks = re.findall(r"```sh\n(.*?)```", DOCS, re.DOTALL)
    lines = [line.partition("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if not line.startswith("pip ") and "remote" not in line.lower()]


def test_commands_and_code_of_the_documentation_run(folder: Project, cluster: Cluster) -> None:
    (recipe,) = re.findall(r"```python\n(.*?)```", DOCS, re.DOTALL)
    folder.write("data/raw.txt", "1 2 3\n")
    folder.nbsnake("init")
    back = "shutil.copy(local, result)\n"
    folder.write_notebook("copies", ["# Copy", COPIES, recipe + back])
    folder.git("add", ".")
    folder.git("commit", "--quiet", "--message", "copies")
    login = Login(folder, cluster)
    (folder.root / PROFILE / "profile.yaml").unlink()
    commands = documented_commands()
    assert [command.split()[1] for command in commands] == [
        *("profile", "profile", "run", "status", "profile", "submit", "status"),
        *("profile", "profile"),
    ]
    for command in commands:
        shutil.rmtree(folder.root / "workflow/profiles/generic", ignore_errors=True)
        login.project.run("sh", "-c", command)
        profile = folder.read(f"{PROFILE}/profile.yaml")
        poll = r"(?m)^(slurm-init-seconds-before-status-checks): \d+"
        folder.write(f"{PROFILE}/profile.yaml", re.sub(poll, r"\1: 1", profile))
    assert folder.read("data/copy.txt") == "1 2 3\n"
    assert folder.locked_steps() == {"copies"}
    login.assert_no_job_is_left()
