"""On a real Slurm: the same results as on one machine, and a right state after any failure.

Every wait is bounded. After each test no job is left.
"""

import json
import os
import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from diamond import LEFT, NOTHING
from e2e_project import EXAMPLES, Project, notebook_text
from slurm_cluster import Cluster, wait_until
from slurm_project import (
    ALL,
    PARTS,
    PROFILE,
    Login,
    assert_all_locked,
    assert_right,
    finish,
    with_needs,
)

pytestmark = [pytest.mark.e2e, pytest.mark.slurm]
NARROW = """\
needs:
  left: {threads: 2, resources: {slurm_partition: short, runtime: 9}}
  right: {threads: 2, resources: {slurm_partition: short, runtime: 9}}
"""


def test_digits_on_two_nodes_lock_what_one_machine_locks(
    tmp_path: Path, tool_env: dict[str, str], cluster: Cluster
) -> None:
    for name in ("local", "spread"):
        shutil.copytree(EXAMPLES / "digits", tmp_path / name)
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


def test_a_head_may_be_a_job_itself_of_which_its_jobs_inherit_nothing(
    alone: Callable[..., Login],
) -> None:
    login = alone(
        "file.write(str([os.environ.get(name) for name in ('SLURM_MEM_PER_CPU', 'HEAD')]))"
    )
    call = "HEAD=$SLURM_JOB_ID nbsnake run --profile slurm && nbsnake status"
    options = ("--ntasks=1", "--mem-per-cpu=600", f"--output={login.project.root}/head.log")
    login.project.run("sbatch", "--wait", *options, "--wrap", call)
    head, _ = sorted(login.jobs(), key=int)
    assert login.project.read("data/work.txt") == f"half[None, '{head}'] and whole\n"
    assert "done     work (" in login.project.read("head.log")
    assert login.project.locked_steps() == {"work"}
    login.assert_no_job_is_left()


def test_a_run_in_an_allocation_uses_no_more_cores_than_it_has(login: Login) -> None:
    options = ("--cpus-per-task=1", "--mem=2000", f"--output={login.project.root}/head.log")
    login.project.run("sbatch", "--wait", *options, "--wrap", "nbsnake run")
    assert login.project.locked_steps() == {*ALL}
    ended = [login.project.receipt(step)["ended"] for step in ("left", "right")]
    started = [login.project.receipt(step)["started"] for step in ("left", "right")]
    assert max(started) >= min(ended), "one after the other"


def test_the_same_through_the_generic_executor(login: Login, finished: Project) -> None:
    folder = "workflow/profiles/generic"
    login.project.nbsnake("profile", "generic", "--system", "slurm")
    every = ("--seconds-between-status-checks", "2")
    login.project.run("snakemake", "--workflow-profile", folder, *every)
    assert {job["state"] for job in login.jobs().values()} == {"COMPLETED"}
    assert len(login.jobs()) == 4
    assert_right(login.project, finished)


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


WORKER = (
    "[sys.executable, '-c', 'b = bytes(10) * 15_000_000; import time; time.sleep(4)']"  # 150 MB
)


def test_cores_of_a_rule_are_what_its_command_uses(alone: Callable[..., Login]) -> None:
    pool = f"[each.wait() for each in [subprocess.Popen({WORKER}) for _ in range(2)]]"
    action = f"import subprocess, sys; {pool}; file.write(os.environ['OMP_NUM_THREADS'])"
    login = alone(action, ":threads: 2", ":resources: mem_mb=1000")
    login.project.nbsnake("run", "--profile", "slurm")
    assert not (login.project.root / ".nbsnake/slurm/jobs").exists(), "all have ended"
    assert login.project.read("data/work.txt") == "half2 and whole\n"
    assert [job["cpus"] for job in login.jobs().values()] == ["2"]
    shown = login.project.nbsnake("status", "--resources").stdout
    assert "work" in shown
    (status,) = json.loads(login.project.nbsnake("status", "--resources", "--json").stdout)
    assert status["resources"]["asked"]["threads"] == 2
    assert status["resources"]["used"]["mem_mb"] > 286, "both workers at the same time"

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
