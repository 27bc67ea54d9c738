"""The examples without their docstrings, adopted: the same results as with them."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from bare_notebooks import EXAMPLES, copy_bare
from e2e_project import Project

pytestmark = [pytest.mark.e2e, pytest.mark.lock]


def locked(project: Project) -> dict[str, str]:
    """The md5 of each output in dvc.lock, by its path."""
    stages: dict[str, Any] = yaml.safe_load(project.lock())["stages"]
    outs = [out for stage in stages.values() for out in stage.get("outs", [])]
    return {out["path"]: out["md5"] for out in outs}


@pytest.mark.parametrize(("example", "count"), [("digits", 7), ("reviews", 38)])
def test_adopted_notebooks_give_the_results_of_the_example(
    example: str, count: int, tmp_path: Path, tool_env: dict[str, str]
) -> None:
    env = {**tool_env, "MPLBACKEND": "agg"}
    original = Project(tmp_path / "original", env)
    shutil.copytree(EXAMPLES / example, original.root)
    original.nbsnake("init")
    original.nbsnake("run")
    adopted = Project(copy_bare(example, tmp_path / "adopted"), env)
    adopted.nbsnake("init")
    adopted.nbsnake("adopt", "--write")
    adopted.nbsnake("run")
    assert locked(adopted) == locked(original)
    assert len(locked(adopted)) == count
    adopted.assert_dvc_clean()


def test_a_run_makes_all_paths_of_the_example_sure(
    tmp_path: Path, tool_env: dict[str, str]
) -> None:
    project = Project(copy_bare("digits", tmp_path / "digits"), tool_env)
    assert "15 paths sure" in project.nbsnake("adopt", "--run").stdout
    shown = project.nbsnake("adopt", "--prove").stdout
    assert shown.count("  bytes  ") == 7
