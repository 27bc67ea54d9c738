"""Long notebooks, in the shape of those of books, give the same results in parts.

The parts run as steps, and in kernels in their folder. Each notebook is a file in
``long_notebooks``, whose cells are parted by ``# %%``; one that begins with a heading is text.
"""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from nbsnake.split.shown import compare_lines, shown_lines

pytestmark = pytest.mark.corpus

FOLDER = Path(__file__).with_name("long_notebooks")
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))


def put(project, name):
    text = (FOLDER / f"{name}.txt").read_text("utf-8")
    notebook = nbformat.v4.new_notebook()
    for source in text.removesuffix("\n").split("\n# %%\n"):
        is_text = source.lstrip("#").startswith(" ") and source.startswith("#")
        make = nbformat.v4.new_markdown_cell if is_text else nbformat.v4.new_code_cell
        notebook.cells.append(make(source))
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "P", "language": "python"}
    (project / "notebooks").mkdir()
    nbformat.write(notebook, project / f"notebooks/{name}.ipynb")


def in_jupyter(paths):
    """What notebooks show in kernels of their own, one after another, in their folder."""
    lines = []
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        client = NotebookClient(notebook, resources={"metadata": {"path": str(path.parent)}})
        client.execute(env={**os.environ, "PYTHONHASHSEED": "0"})  # sets are shown in one order
        lines += shown_lines(notebook)
    return lines


@pytest.mark.parametrize("name", NAMES)
def test_parts_do_what_the_whole_does(name, tmp_path):
    put(tmp_path, name)
    command = [sys.executable, "-m", "nbsnake", "split", f"notebooks/{name}.ipynb"]
    done = subprocess.run(
        [*command, "--prove", "--write"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    whole = in_jupyter([tmp_path / f"notebooks/{name}.ipynb"])
    parts = in_jupyter(sorted((tmp_path / "notebooks").glob(f"{name}_*.ipynb")))
    assert len(parts) > 5
    again = whole if parts == whole else in_jupyter([tmp_path / f"notebooks/{name}.ipynb"])
    assert compare_lines(whole, again, parts).same, (whole, parts)
