"""The cells of a notebook as plain Python: without magics, and parsed once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from nbsnake.errors import NbsnakeError, NotebookError
from nbsnake.ipython.celltext import comment_out
from nbsnake.ipython.syntax import lines
from nbsnake.ipython.translation import to_python
from nbsnake.model.notes import Note
from nbsnake.model.step import RAISES, Cell, Notebook
from nbsnake.notebook.code import Code, read_code
from nbsnake.notebook.fields import may_declare
from nbsnake.notebook.kept_cells import cell_notes, includer, is_code
from nbsnake.notebook.keys import KEYS
from nbsnake.notebook.params import PARAMETERS_TAG
from nbsnake.notebook.spec import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainText:
    """The kept cells as plain Python; ``codes`` are those with code, by index."""

    notebook: Notebook
    cells: list[Cell]
    codes: dict[int, Code]
    metadata: Cell | None
    faults: list[NbsnakeError]
    habits: frozenset[str]
    backend: str
    included: tuple[str, ...]
    notes: tuple[Note, ...]


def plain_text(
    notebook: Notebook, cells: list[Cell], reading: Reading, *, in_step: bool
) -> PlainText:
    """These kept cells as plain Python; what is wrong with them is in its ``faults``."""
    indexes = {cell.index for cell in cells}
    left_out = [cell for cell in notebook.cells if cell.index not in indexes]
    included = list[str]()
    plain, faults, habits, backend, dropped = to_python(
        cells,
        notebook.path,
        in_step=in_step,
        left_out=left_out,
        include=includer(notebook.path, reading.no_effect, included),
    )
    codes = {}
    for cell in filter(is_code, plain):
        try:
            codes[cell.index] = read_code(cell, notebook.path, notebook.version)
        except NotebookError as fault:
            if RAISES not in cell.tags:
                faults.append(fault)
    kept = [codes[cell.index].cell if cell.index in codes else _failing(cell) for cell in plain]
    return PlainText(
        notebook=notebook,
        cells=kept,
        codes=codes,
        metadata=_metadata_cell(kept, codes),
        faults=faults,
        habits=habits,
        backend=backend,
        included=tuple(dict.fromkeys(included)),
        notes=tuple(cell_notes(notebook, reading.no_effect, dropped)),
    )


def _metadata_cell(cells: list[Cell], codes: Mapping[int, Code]) -> Cell | None:
    """The first cell with code; the second where one tagged ``parameters`` comes first.

    What holds comments only, or magics that became comments, does not count.
    """
    found = [
        cell
        for cell in filter(is_code, cells)
        if cell.index not in codes or codes[cell.index].tree.body
    ]
    if len(found) > 1 and PARAMETERS_TAG in found[0].tags and not may_declare(found[0], KEYS):
        return found[1]
    return found[0] if found else None


def _failing(cell: Cell) -> Cell:
    """A cell that is not Python, and that is to fail: all that it does is to show its error."""
    if cell.kind != "code" or RAISES not in cell.tags:
        return cell
    return replace(cell, source="".join(map(comment_out, lines(cell.source))))


def tagged_cell(text: PlainText) -> Code | None:
    """The first cell tagged ``parameters``; papermill, too, knows only one."""
    return next((each for each in text.codes.values() if PARAMETERS_TAG in each.cell.tags), None)


def declaring_cells(text: PlainText) -> list[Code]:
    """The cells that assign values to parameters."""
    tagged = tagged_cell(text)
    metadata = text.codes.get(text.metadata.index) if text.metadata else None
    found = [code for code in (metadata, tagged) if code is not None]
    return list({code.cell.index: code for code in found}.values())
