"""A project that an earlier version generated and ran, in the hands of this one."""

import shutil
from pathlib import Path

import pytest
from diamond import NOTHING
from e2e_project import Project

pytestmark = pytest.mark.e2e
OLD = Path(__file__).parents[1] / "fixtures/project-0.1.0"


@pytest.fixture
def old(tmp_path: Path, tool_env: dict[str, str]) -> Project:
    shutil.copytree(OLD, tmp_path / "old")
    project = Project(tmp_path / "old", tool_env)
    project.git("init", "--quiet")
    project.git("add", ".")
    project.git("commit", "--quiet", "--message", "as 0.1.0 left it")
    return project


def test_results_of_an_earlier_version_are_complete(old: Project) -> None:
    old.assert_dvc_clean()
    for folder in ("results", "data/numbers.txt"):
        path = old.root / folder
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    old.dvc("checkout")
    assert old.read("results/all.txt").splitlines()[0] == "0.5"
    assert "up to date" in old.dvc("repro")


def test_plain_snakemake_goes_on_with_what_an_earlier_version_generated(old: Project) -> None:
    lock = old.lock()
    assert NOTHING in old.snakemake()
    assert old.lock() == lock
    old.replace("params.yaml", "repeat: 2", "repeat: 3")
    old.snakemake()
    assert len(old.read("results/all.txt").splitlines()) == 18
    old.assert_dvc_clean()


def test_scripts_that_this_version_writes_otherwise_make_no_step_run(old: Project) -> None:
    results = old.files("results")
    times = {path: (old.root / path).stat().st_mtime_ns for path in results}
    old.nbsnake("generate")
    assert "fresh" in old.nbsnake("status", "numbers").stdout
    printed = old.snakemake()
    assert NOTHING in printed
    assert "generated parts changed in workflow/scripts/numbers.py" in printed
    assert {path: (old.root / path).stat().st_mtime_ns for path in results} == times
    old.assert_dvc_clean()
    assert "up to date" in old.dvc("repro")
