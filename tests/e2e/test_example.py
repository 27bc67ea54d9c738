"""The example of the repository: its scripts write what its notebooks write."""

import shutil
from pathlib import Path

import pytest
from e2e_project import Project

pytestmark = [pytest.mark.e2e, pytest.mark.corpus]
EXAMPLE = Path(__file__).parents[2] / "examples/digits"
OUTPUTS = ("data", "models", "results")
EXECUTE = """\
import sys

import nbclient
import nbformat

for path in sys.argv[1:]:
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": "notebooks"}}
    nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources=resources
    ).execute()
"""


def results(project: Project) -> dict[str, bytes]:
    files = {path: data for folder in OUTPUTS for path, data in project.files(folder).items()}
    return {path: data for path, data in files.items() if not path.endswith(".gitignore")}


def test_notebooks_in_jupyter_and_scripts_in_snakemake_write_the_same_bytes(
    tmp_path: Path, tool_env: dict[str, str]
) -> None:
    copies = []
    for name in ("notebooks", "scripts"):
        shutil.copytree(EXAMPLE, tmp_path / name)
        copies.append(Project(tmp_path / name, {**tool_env, "MPLBACKEND": "agg"}))
    by_notebooks, by_scripts = copies
    order = ("load", "pixels", "edges", "svm", "forest", "evaluate")
    jupyter = by_notebooks.start(
        "python", "-c", EXECUTE, *(f"notebooks/{name}.ipynb" for name in order)
    )
    by_scripts.nbsnake("init")
    by_scripts.nbsnake("generate")
    by_scripts.nbsnake("check")
    by_scripts.snakemake()
    by_scripts.assert_dvc_clean()

    assert jupyter.wait(timeout=300) == 0
    assert len(results(by_scripts)) == 7
    assert results(by_notebooks) == results(by_scripts)
