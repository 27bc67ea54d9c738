"""Numerical libraries use as many threads as the rule says."""

import os
import subprocess
import sys

import pytest

from nbsnake.job.threads import (
    ALLOTTED,
    OFF,
    ON_THE_MACHINE,
    VARIABLES,
    allotted_cores,
    set_thread_variables,
)


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in (*VARIABLES, *ALLOTTED, *ON_THE_MACHINE, OFF):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def seen():
    return {os.environ.get(name) for name in VARIABLES}


def test_variables_follow_the_rule_before_what_the_shell_says(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "64")
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "9")
    set_thread_variables("3")
    assert seen() == {"3"}


def test_a_batch_job_has_what_was_allotted(monkeypatch):
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "9")
    set_thread_variables("")
    assert seen() == {"9"}


@pytest.mark.parametrize("number", ["", "0", "many"])
def test_nothing_is_set_without_a_number(number):
    set_thread_variables(number)
    assert seen() == {None}


def test_they_can_be_switched_off(monkeypatch):
    monkeypatch.setenv(OFF, "0")
    set_thread_variables("3")
    assert seen() == {None}


def test_exec_sets_them_for_its_command(tmp_path):
    code = "import os; print(os.environ['OMP_NUM_THREADS'])"
    command = ["-m", "nbsnake", "exec", "a", "--threads=3", "--", sys.executable, "-c", code]
    done = subprocess.run([sys.executable, *command], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.strip() == "3"
    bad = [sys.executable, "-m", "nbsnake", "exec", "a", "--threads=3", "true"]
    assert subprocess.run(bad, cwd=tmp_path, capture_output=True).returncode == 2


@pytest.mark.parametrize("name", ON_THE_MACHINE)
def test_a_run_in_a_batch_job_has_the_cores_of_the_job(name, monkeypatch):
    assert allotted_cores() == ""
    monkeypatch.setenv("SLURM_CPUS_ON_NODE", "many")
    monkeypatch.setenv(name, "7")
    assert allotted_cores() == "7"
