"""A project at the login node of a Slurm cluster, and one step that does what a test needs."""

import re
import subprocess
import time

from e2e_project import Project, notebook_text
from slurm_cluster import Cluster, wait_until

PROFILE = "workflow/profiles/slurm"
ALL = ["join", "left", "make", "right"]
WIDE = "needs:\n  left: {threads: 2}\n  right: {threads: 2}\n"  # so that each takes a node
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
# What a step can do to a cluster; ``{fields}`` are what it asks for.
WORK = '''\
"""Do what the test asks for.

:param result: where the result goes
:dvc-out result: data/work.txt
{fields}
"""
result = "../data/work.txt"
'''
CODE = """\
import os
import time

with open(os.environ["COUNT_FILE"], "a") as counts:
    counts.write("work\\n")
with open(result, "w") as file:
    file.write("half")
    file.flush()
    {action}
    file.write(" and whole\\n")
"""


def write_work(project: Project, action: str, *fields: str) -> None:
    """Add the step ``work``."""
    cells = ["# Work", WORK.format(fields="\n".join(fields)), CODE.format(action=action)]
    project.write("notebooks/work.ipynb", notebook_text(cells))
    project.nbsnake("generate")


class Login:
    """A project whose tools see a cluster, with a profile for it that looks often."""

    def __init__(self, project: Project, cluster: Cluster, *options: str) -> None:
        env = {**project.env, **cluster.env}
        env["PATH"] = f"{project.env['PATH']}:{cluster.env['PATH']}"
        self.project = Project(project.root, env)
        self.cluster = cluster
        self.project.nbsnake("profile", "slurm", "--poll", "1", *options)
        self._known = set(self.all_jobs())

    def snakemake(self, *arguments: str, code: int = 0, **env: str) -> str:
        """Run on the cluster to the end; what was printed."""
        command = ["snakemake", "--workflow-profile", PROFILE, *arguments]
        done = self.project.run(*command, code=code, env=env)
        return done.stdout + done.stderr

    def start(self, *arguments: str, **env: str) -> subprocess.Popen[bytes]:
        return self.project.start("snakemake", "--workflow-profile", PROFILE, *arguments, **env)

    def run(self, *arguments: str, code: int = 0) -> str:
        """``nbsnake run`` on the cluster to the end; what it showed."""
        command = ["nbsnake", "run", "--profile", "slurm", *arguments]
        done = self.project.run(*command, code=code)
        return done.stdout + done.stderr

    def start_run(self, *arguments: str) -> subprocess.Popen[bytes]:
        return self.project.start("nbsnake", "run", "--profile", "slurm", *arguments)

    def printed(self) -> str:
        """What started commands have printed so far."""
        root = self.project.root
        return root.with_name(f"{root.name}.out").read_text()

    def all_jobs(self) -> dict[str, dict[str, str]]:
        """Every job that the controller knows: its rule, state, node, CPUs, memory and limit."""
        names = ("rule", "state", "node", "cpus", "memory", "limit", "partition")
        shown = self.cluster.call("squeue", "-h", "--states=all", "-o", "%i|%k|%T|%N|%C|%m|%l|%P")
        lines = [line.split("|") for line in shown.stdout.splitlines()]
        return {line[0]: dict(zip(names, line[1:], strict=True)) for line in lines}

    def jobs(self) -> dict[str, dict[str, str]]:
        """The jobs of this project."""
        return {job: info for job, info in self.all_jobs().items() if job not in self._known}

    def job_of(self, rule: str) -> str:
        return next(job for job, info in self.jobs().items() if info["rule"] == f"rule_{rule}")

    def wait_until_running(self, *rules: str) -> None:
        """Wait until jobs of these rules run."""

        def running() -> bool:
            jobs = self.jobs().values()
            return {f"rule_{rule}" for rule in rules} <= {
                job["rule"] for job in jobs if job["state"] == "RUNNING"
            }

        wait_until(f"running: {rules}", running, 120)

    def assert_reports(self, rule: str, text: str, output: str) -> None:
        """Snakemake's message about a failed job names the step, its log and the reason."""
        assert re.search(rf"Error in rule {rule}\b", output), output
        assert f"logs/{rule}.log" in output
        assert text in output, output

    def assert_shows(self, output: str, *texts: str) -> None:
        """The display of a run names the step's job, its log, and the cell it got to."""
        assert "(job " in output, output
        assert "the log of its job: logs/slurm/rule_work/" in output
        assert "it got to cell 3 of its notebook" in output
        for text in texts:
            assert text in output, output

    def assert_all_ended(self) -> None:
        """What was submitted ends by itself, and leaves no job."""
        wait_until("all jobs have ended", lambda: not self.cluster.jobs(), 180)

    def assert_no_job_is_left(self) -> None:
        wait_until("no job is left", lambda: not self.cluster.jobs(), 30)


def finish(process: subprocess.Popen[bytes], seconds: float) -> float:
    """Wait for the end, which must come in time; after how many seconds it came."""
    started = time.monotonic()
    process.wait(timeout=seconds)
    return time.monotonic() - started


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
