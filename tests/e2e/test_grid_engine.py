"""A run by the generic profile on a real Grid Engine, which lives as long as the run."""

import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from e2e_project import Project

pytestmark = [pytest.mark.e2e, pytest.mark.slurm]
PACKAGES = "gridengine-master gridengine-exec gridengine-client iproute2"
PROGRAMS = ("sge_qmaster", "sge_execd", "qsub", "qconf", "ip", "unshare")
SPACES = ("--mount", "--net", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc")
PROFILE = "workflow/profiles/generic"
TOO_SMALL = "needs:\n  right: {resources: {mem_mb: 20}}\n"  # for a Python to start


def why_not(path: str) -> str:
    """Why there can be no Grid Engine here, "" where there can."""
    absent = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
    if absent:
        named = ", ".join(absent)
        return f"Grid Engine is not installed ({named}); on Debian: apt-get install {PACKAGES}"
    if importlib.util.find_spec("snakemake_executor_plugin_cluster_generic") is None:
        return "the extra is not installed: pip install 'nbsnake[slurm]'"
    if not os.path.exists("/var/lib/gridengine/default/common/bootstrap"):
        return "Grid Engine's packages have set up no cell: /var/lib/gridengine/default"
    spaces = subprocess.run(["unshare", *SPACES, "true"], capture_output=True, text=True)
    return f"no namespaces: {spaces.stderr.strip()}" if spaces.returncode else ""


def test_grid_engine_runs_steps_and_says_why_one_failed(project: Project) -> None:
    path = f"{project.env['PATH']}:/usr/sbin:/sbin"
    if reason := why_not(path):
        pytest.skip(reason)
    project.write("nbsnake.yaml", TOO_SMALL)
    project.nbsnake("generate")
    project.nbsnake("profile", "generic", "--system", "sge")
    settings = project.read(f"{PROFILE}/profile.yaml")
    for name, value in (("seconds-between-status-checks", 1), ("retries", 0)):
        settings = re.sub(rf"(?m)^{name}: .*", f"{name}: {value}", settings)
    project.write(f"{PROFILE}/profile.yaml", settings)
    script = Path(__file__).with_name("grid_engine.sh")
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [
                *("unshare", *SPACES, "sh", str(script), folder),
                *("nbsnake", "run", "--profile", "generic", "left", "right"),
            ],
            cwd=project.root,
            env={**project.env, "PATH": path},
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert done.returncode == 3, f"{done.stdout}\n{done.stderr}"
    assert project.locked_steps() == {"left", "make"}
    assert project.computed() == ["left", "make"]
    assert project.read("results of all/left.txt").split() == ["3", "3", "6", "6", "9", "9"]
    assert re.search(r"failed   right: exit code [1-9]\d* \(job [23]\)", done.stderr), done.stderr
