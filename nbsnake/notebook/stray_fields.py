"""Metadata of a step that stands where nothing reads it."""

from nbsnake.errors import NbsnakeError, NotebookError, Where
from nbsnake.model.step import Cell
from nbsnake.notebook.fields import has_metadata, has_second_docstring
from nbsnake.notebook.kept_cells import is_code
from nbsnake.notebook.plain_text import PlainText


def check_no_stray_keys(cells: list[Cell], path: str) -> None:
    """Metadata anywhere but at the beginning would be overlooked, and its step with it."""
    stray = next((cell for cell in cells if is_code(cell) and has_metadata(cell)), None)
    if stray is not None:
        raise NotebookError(
            "the step's metadata is not in the first code cell",
            where=Where(path, stray.index),
            hint="move the docstring to the beginning of the first code cell, before any import",
        )


def lost_fields(text: PlainText) -> list[NbsnakeError]:
    """Metadata below the docstring or in a later cell, which nothing would read."""
    lost = [
        cell
        for cell in filter(is_code, text.cells)
        if (has_second_docstring(cell) if cell is text.metadata else has_metadata(cell))
    ]
    return [
        NotebookError(
            "this step metadata is not in the docstring of the first code cell",
            where=Where(text.notebook.path, cell.index),
            hint="move these lines into the docstring at the start of the first code cell",
        )
        for cell in lost
    ]
