"""What jobs and ``--help`` load: nothing heavy."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

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
