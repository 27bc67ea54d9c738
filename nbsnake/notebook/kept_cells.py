"""Which cells of a notebook become part of a script, those of notebooks that it runs included."""

import ast
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from nbsnake.errors import NotebookError, Where
from nbsnake.ipython.around import Include
from nbsnake.model.notes import About, Note
from nbsnake.model.step import Cell, Notebook
from nbsnake.notebook.code import has_no_effect, late_mark, why_left_out
from nbsnake.notebook.read import read_notebook

_MAGIC = re.compile(r"^[%!].*", re.MULTILINE)
PYTHON = ("python", "ipython", "")  # "" if the notebook does not say: its syntax decides


def is_code(cell: Cell) -> bool:
    """Whether a cell is code, and not blank."""
    return cell.kind == "code" and bool(cell.source.strip())


def check_language(notebook: Notebook) -> None:
    """Raise :class:`NotebookError` for a notebook that is not written in Python."""
    if notebook.language not in PYTHON:
        raise other_language(notebook)


def other_language(notebook: Notebook) -> NotebookError:
    """What to say of a notebook that cannot become a script."""
    return NotebookError(
        f"is written in {notebook.language}, not in Python",
        where=Where(notebook.path),
        hint="open it in Jupyter, choose a Python kernel, and save it; one in R or Julia becomes "
        "a step by a comment with ':dvc-out: path' at the start of its first code cell",
    )


def kept_cells(notebook: Notebook, words: Iterable[str]) -> list[Cell]:
    """The cells that no tag and none of the comments in ``words`` leaves out."""
    wanted = tuple(words)
    return [cell for cell in notebook.cells if not has_no_effect(cell, wanted)]


def left_out_cells(notebook: Notebook, words: Iterable[str]) -> Iterator[tuple[int, str]]:
    """The code cells that are not in the script, each with the reason."""
    wanted = tuple(words)
    for cell in filter(is_code, notebook.cells):
        if reason := why_left_out(cell, wanted):
            yield cell.index, reason


def cell_notes(
    notebook: Notebook, words: Iterable[str], dropped: Mapping[int, tuple[str, ...]]
) -> Iterator[Note]:
    """What of the cells is not in the script, and what looks as if it were not.

    ``dropped`` names the magics that become comments, by cell.
    """
    wanted = tuple(words)
    for index, reason in left_out_cells(notebook, wanted):
        yield Note(About.LEFT_OUT, Where(notebook.path, index), reason)
    for cell in notebook.cells:
        if line := late_mark(cell, wanted):
            mark = cell.source.splitlines()[line - 1].strip()
            text = f"{mark!r} is not at the top of its cell, which therefore stays in the script"
            hint = "move it to the cell's first line, or remove it"
            yield Note(About.KEPT, Where(notebook.path, cell.index, line), text, hint)
    for index, names in dropped.items():
        for name in names:
            yield Note(About.DROPPED, Where(notebook.path, index), "is dropped", name=name)


def includer(path: str, words: Iterable[str], included: list[str]) -> Include:
    """What reads the notebooks that a notebook runs; their paths are added to ``included``."""
    wanted = tuple(words)

    def include(name: str) -> list[Cell]:
        other = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
        included.append(other)
        notebook = read_notebook(other)
        check_language(notebook)
        cells = [cell for cell in kept_cells(notebook, wanted) if is_code(cell)]
        return [_without_docstring(cells[0]), *cells[1:]] if cells else []

    return include


def _without_docstring(cell: Cell) -> Cell:
    """The cell without the docstring that makes its own notebook a step; lines stay in place."""
    try:
        tree = ast.parse(_MAGIC.sub("", cell.source))  # which may be above a docstring
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return cell
    if ast.get_docstring(tree, clean=False) is None:
        return cell
    first = tree.body[0]
    lines = cell.source.split("\n")
    end = first.end_lineno or first.lineno
    rest = lines[end - 1].encode()[first.end_col_offset or 0 :].decode()
    blank = [""] * (end - first.lineno)
    source = "\n".join([*lines[: first.lineno - 1], *blank, rest.lstrip("; "), *lines[end:]])
    return replace(cell, source=source)
