"""What jobs and ``--help`` load: nothing heavy."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from results_builder import Folder

import nbsnake

PACKAGE = Path(nbsnake.__file__).parent
HEAVY = (
    "snakemake",
    "dvc",
    "nbformat",
    "nbconvert",
    "jinja2",
    "ruamel",
    "rich",
    "jsonschema",
    "matplotlib",
)


@pytest.mark.parametrize(
    "words", [[], ["--help"], ["--version"], ["exec"], ["exec", "a", "--", "true"]], ids=" ".join
)
def test_help_and_jobs_load_no_heavy_module(words, tmp_path):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "nbsnake", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (2 if words in ([], ["exec"]) else 0)
    assert words or "show the state of each step" in done.stderr
    loaded = set(re.findall(r"\| +([\w.]+)$", done.stderr, re.MULTILINE))
    assert "nbsnake" in loaded
    assert {name for name in loaded if name.partition(".")[0] in HEAVY} == set()


# What a job that ends well imports, from nbsnake and from the standard library. Each of them is
# found, read and executed before the step's command starts: what only failing jobs, folders, large
# files or restored results need is imported there.
OF_JOB_ROOM = """
    absent alive atomic cache cachedir child combined commit content digests exec executed
    hashing inside jobs keyed links lockentry lockmemo locks locktext longwork memory outputs
    own plan receipt records regular run runcache running rwlock say shape spread threads
    touched
"""
OF_JOBS = {
    *("", "escape", "names", "programs", "job"),
    *(f"job.{name}" for name in OF_JOB_ROOM.split()),
}
STANDARD = "contextlib, errno, fcntl, gc, io, json, re, resource, signal, typing"


def test_a_job_imports_what_each_job_needs_and_no_more(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    project = Folder()
    allowed = imported("-c", f"import runpy, {STANDARD}, nbsnake.job.hashing")
    for name, step in project.plan.steps.items():
        loaded = imported("-m", "nbsnake", "exec", name, "--", *step.argv)
        assert project.receipt(name).outs
        assert {each for each in loaded if not is_ours(each)} - allowed == set()
        assert {each[8:] for each in loaded if is_ours(each)} == OF_JOBS


def is_ours(module):
    return module.partition(".")[0] == "nbsnake"


def imported(*words):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *words],
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(re.findall(r"\| +([\w.]+)$", done.stderr, re.MULTILINE))
