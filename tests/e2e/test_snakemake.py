"""Snakemake's own options on a generated workflow."""

import pytest
from diamond import NOTHING
from e2e_project import Project

pytestmark = pytest.mark.e2e


def test_triggers_that_ignore_content_are_refused_where_a_step_is_stale(done: Project) -> None:
    assert NOTHING in done.snakemake("--rerun-triggers", "mtime")
    done.replace("params.yaml", "factor: 3", "factor: 4")
    refused = done.snakemake("--rerun-triggers", "mtime", code=2)
    assert "Snakemake ignores the reasons for which these steps are stale: left" in refused
    assert "add params" in refused
    done.snakemake("--rerun-triggers", "mtime", "params")
    assert done.computed() == ["join", "left"]


def test_the_generated_workflow_pleases_snakemakes_linter_and_snakefmt(project: Project) -> None:
    project.run("snakemake", "--lint")
    project.run("snakefmt", "--check", "workflow")


def test_a_dry_run_changes_nothing(project: Project, done: Project) -> None:
    output = project.snakemake("--dry-run")
    for step in ("make", "left", "right", "join"):
        assert f"rule {step}:" in output
    assert not (project.root / "dvc.lock").exists()
    assert project.git("status", "--short") == ""

    lock, results = done.lock(), done.outputs()
    done.replace("params.yaml", "factor: 3", "factor: 4")
    output = done.snakemake("--dry-run")
    assert "rule left:" in output
    assert "rule right:" not in output
    assert done.lock() == lock
    assert done.outputs() == results
    assert done.git("status", "--short") == " M params.yaml\n"
    assert done.computed() == project.computed() == []


def test_touching_an_edited_output_never_makes_the_lock_lie(done: Project) -> None:
    lock, results = done.lock(), done.outputs()
    done.write("results of all/left.txt", "9\n9\n18\n18\n27\n27\n")
    done.run("snakemake", "--touch", "--cores", "1")
    assert done.lock() == lock
    done.nbsnake("sync")
    assert done.lock() == lock
    assert "left.txt" in done.dvc("status")
    assert done.status()["left"]["state"] == "stale"

    done.snakemake()
    assert done.outputs() == results
    assert done.lock() == lock
    done.assert_dvc_clean()


def test_touching_after_a_changed_parameter_never_makes_the_lock_lie(done: Project) -> None:
    lock = done.lock()
    done.replace("params.yaml", "factor: 3", "factor: 4")
    done.run("snakemake", "--touch", "--cores", "1")
    done.nbsnake("sync")
    assert done.lock() == lock
    assert done.status()["left"]["state"] == "stale"

    done.snakemake()
    assert done.computed() == ["join", "left"]
    assert done.read("results of all/left.txt") == "4\n4\n8\n8\n12\n12\n"
    done.assert_dvc_clean()


def test_forcing_all_computes_all_again_and_locks_the_same(done: Project) -> None:
    lock = done.lock()
    done.snakemake("--forceall")
    assert done.computed() == ["join", "left", "make", "right"]
    assert done.lock() == lock

    done.snakemake("--forcerun", "left")
    assert "left" in done.computed()
    assert done.lock() == lock
    done.assert_dvc_clean()
    assert NOTHING in done.snakemake()
