"""The examples without their docstrings, adopted: the same results as with them."""

import re
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


def declared(text: str) -> list[str]:
    """The paths of all lines that declare files."""
    return sorted(re.findall(r":dvc-[a-z]+ \w+: ([^\\\n]+)", text))


def original(example: str) -> list[str]:
    """The paths that the notebooks of an example declare."""
    notebooks = (EXAMPLES / example / "notebooks").glob("*.ipynb")
    return declared("".join(path.read_text("utf-8") for path in notebooks))


def test_a_run_makes_all_paths_of_the_example_sure(
    tmp_path: Path, tool_env: dict[str, str]
) -> None:
    project = Project(copy_bare("digits", tmp_path / "digits"), tool_env)
    shown = project.nbsnake("adopt", "--run").stdout
    assert "15 paths sure" in shown
    assert declared(shown) == original("digits")
    shown = project.nbsnake("adopt", "--prove").stdout
    assert shown.count("  bytes  ") == 7


def test_where_a_run_stops_the_paths_known_by_reading_stay(
    tmp_path: Path, tool_env: dict[str, str]
) -> None:
    project = Project(copy_bare("reviews", tmp_path / "reviews"), tool_env)
    shown = project.nbsnake("adopt", "--run").stdout
    assert declared(shown) == original("reviews")
    assert len(declared(shown)) == 16
