"""What people see every day: reasons, progress, and what comes back in a clone."""

from pathlib import Path

import pytest
from e2e_project import NOTHING, Project

pytestmark = pytest.mark.e2e


def test_reason_is_the_cell_of_the_notebook(done: Project) -> None:
    done.replace("notebooks/left.ipynb", "value * factor", "value * factor + 1")
    done.nbsnake("generate")
    assert done.status()["left"]["reasons"] == ["cell 5 of left.ipynb changed"]
    assert "left is stale: cell 5 of left.ipynb changed" in done.snakemake("left")


def test_reasons_are_those_of_the_steps_that_are_asked_for(done: Project) -> None:
    done.replace("params.yaml", "factor: 3", "factor: 4")
    said = done.nbsnake("run", "right").stderr
    assert "is stale" not in said
    assert "nothing to be done" in said
    assert "left is stale: left.factor was 3, now 4" in done.nbsnake("run", "left").stderr


def test_literal_that_params_yaml_overrules_makes_nothing_run(done: Project) -> None:
    done.replace("notebooks/left.ipynb", "factor = 3", "factor = 8")
    said = done.nbsnake("run").stderr
    assert "params.yaml says 3, which counts" in said
    assert done.computed() == []
    assert done.status()["left"]["state"] == "fresh"
    done.assert_dvc_clean()


def test_snakemake_in_another_folder_names_the_root(done: Project) -> None:
    said = done.snakemake("--directory", "notebooks", code=2)
    assert "notebooks, which is not the root of a DVC project" in said
    assert not (done.root / "notebooks/.nbsnake").exists()


def test_restore_brings_sources_and_results_to_a_clone(done: Project, tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    done.dvc("remote", "add", "--default", "--quiet", "store", store)
    done.git("rm", "-q", "--cached", "data/raw.txt")
    done.dvc("add", "--quiet", "data/raw.txt")
    done.snakemake()
    done.git("add", ".")
    done.git("commit", "--quiet", "--message", "raw by DVC")
    clone = Project(tmp_path / "clone", done.env)
    done.git("clone", "--quiet", ".", str(clone.root))
    assert "neither in the cache nor on" in clone.nbsnake("restore", "--pull", code=1).stderr
    done.nbsnake("push")
    clone.nbsnake("restore", "--pull")
    assert clone.outputs() == done.outputs()
    assert clone.read("data/raw.txt") == done.read("data/raw.txt")
    done.computed()
    assert NOTHING in clone.snakemake()
    assert clone.computed() == []
    clone.assert_dvc_clean()
