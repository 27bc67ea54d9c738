"""What the runner needs to show the cells that are marked as without effect."""

import posixpath
from collections.abc import Container

from nbsnake.generate.generate import find_pipeline
from nbsnake.job.executed import MARKED
from nbsnake.job.own import remove_own, write_own
from nbsnake.notebook.marked_cells import marked_cells
from nbsnake.notebook.read import read_notebook
from nbsnake.render.script import render_marked
from nbsnake.settings.settings import read_settings


def write_marked(notebooks: Container[str]) -> None:
    """Write these cells of the notebooks, each to a file with the name of its script.

    Raises :class:`NbsnakeError` as :func:`find_pipeline` does.
    """
    words = read_settings().ignore_keys
    for step in find_pipeline().steps:
        path = f"{MARKED}/{posixpath.basename(step.script)}"
        if step.notebook in notebooks and step.program.left_out:
            marked = marked_cells(read_notebook(step.notebook), step.program, words)
            write_own(path, render_marked(step.program, marked).encode())
        else:
            remove_own(path)
