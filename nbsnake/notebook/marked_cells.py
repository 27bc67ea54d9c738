"""The cells that an author marked '# No effect', as code that can run behind the script."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from nbsnake.errors import NbsnakeError, NotebookError
from nbsnake.ipython.translation import Translated, to_python
from nbsnake.model.step import Cell, Notebook, Program
from nbsnake.notebook.code import SHOWN_TAGS, SKIPPED_TAGS, has_no_effect, read_code
from nbsnake.notebook.kept_cells import includer, is_code


class Marked(NamedTuple):
    """The marked cells as plain Python, and the others, each with why it is none.

    ``helpers`` are the functions that they need beyond those of the script, and ``start`` the lines
    that run before them.
    """

    cells: tuple[Cell, ...]
    refused: dict[int, str]
    helpers: frozenset[str]
    start: tuple[str, ...]


def marked_cells(notebook: Notebook, program: Program, words: Iterable[str]) -> Marked:
    """The cells that ``words``, or the tag for them, leave out of a step's ``program``.

    Cells with another tag are not to run, or have values that are not the step's.
    """
    wanted = tuple(words)
    cells = [cell for cell in notebook.cells if is_code(cell) and _is_marked(cell, wanted)]
    refused: dict[int, str] = {}
    while True:
        chosen = [cell for cell in cells if cell.index not in refused]
        found = _translated(notebook, chosen, wanted)
        own = {cell.index for cell in chosen}
        plain = [cell for cell in found.cells if cell.index in own]
        faults = _faults(notebook, found, plain)
        if not faults:
            return _marked(plain, refused, program, found)
        refused |= faults


def _is_marked(cell: Cell, words: Iterable[str]) -> bool:
    tags = cell.tags & SKIPPED_TAGS
    return tags <= SHOWN_TAGS and has_no_effect(cell, words)


def _translated(notebook: Notebook, chosen: Sequence[Cell], words: tuple[str, ...]) -> Translated:
    own = {cell.index for cell in chosen}
    out = {cell.index for cell in notebook.cells if has_no_effect(cell, words)} - own
    return to_python(
        [cell for cell in notebook.cells if cell.index not in out],
        notebook.path,
        in_step=True,
        left_out=[cell for cell in notebook.cells if cell.index in out],
        include=includer(notebook.path, words, []),
    )


def _faults(notebook: Notebook, found: Translated, plain: Iterable[Cell]) -> dict[int, str]:
    """Why cells cannot run, by their numbers; the first fault of each."""
    faults: list[NbsnakeError] = []
    for cell in plain:
        try:
            read_code(cell, notebook.path, notebook.version)
        except NotebookError as fault:
            faults.append(fault)
    own = {cell.index for cell in plain}
    every = [(fault.where.cell, fault.message) for fault in (*faults, *found.errors) if fault.where]
    return {cell: message for cell, message in every if cell in own}


def _marked(
    plain: Iterable[Cell], refused: dict[int, str], program: Program, found: Translated
) -> Marked:
    cells = tuple(plain)
    there = {name for cell in program.cells for name in cell.helpers}
    known = {line for cell in program.cells for line in _around(cell)}
    own = {cell.index for cell in cells}
    others = [cell for cell in found.cells if cell.index not in own]
    start = [line for cell in others for line in _around(cell) if line not in known]
    called = {name for cell in found.cells for name in cell.helpers} if start else set[str]()
    helpers = called.union(*(cell.helpers for cell in cells)) - there
    return Marked(cells, refused, frozenset(helpers), tuple(start))


def _around(cell: Cell) -> tuple[str, ...]:
    return (*cell.above, *cell.below)
