"""What a kernel does around cells, as lines of a script above and below them."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from nbsnake.ipython.backends import Backend
from nbsnake.ipython.drawing import executed
from nbsnake.ipython.figures import Figures, find_figures
from nbsnake.ipython.scopes import parse
from nbsnake.ipython.standins import needed
from nbsnake.model.step import Cell
from nbsnake.python.habits import Habit

_STANDIN = re.compile(r"\b_nb_\w+")
_STARTS = re.compile(r"\b(?:create_task|ensure_future)\b")


def with_kernel(cells: Sequence[Cell], figures: Figures, habits: frozenset[Habit]) -> list[Cell]:
    """The cells with what the script must do above and below them.

    ``habits`` are those that the cells meet, and the modules that they import.
    """
    trees = trees_of(cells)
    first = next((index for index, tree in trees.items() if tree.body), 0)
    last = max((index for index, tree in trees.items() if tree.body), default=0)
    starts = Habit.LOOP in habits and any(_STARTS.search(cell.source) for cell in cells)
    found = []
    for cell in cells:
        above, below = [*cell.above], [*cell.below]
        if Habit.LOOP in habits and cell.index == first:
            above.append("_nb_loop()")
        if cell.index in trees:
            above += _above(cell, figures)
            below += _below(cell, figures)
            if starts and cell.index != last and _calls(trees[cell.index]):
                below.append("_nb_turn()")
        found.append(_around(cell, above, below))
    return found


def with_modules(
    cells: Sequence[Cell], backend: Backend, own: frozenset[Habit], modules: frozenset[Habit]
) -> list[Cell]:
    """As :func:`with_kernel`, where modules of the project may meet more than the cells do."""
    if modules <= own and Habit.FIGURES not in modules:
        return list(cells)
    cells = [_without_kernel(cell) for cell in cells]
    return with_kernel(cells, find_figures(trees_of(cells), backend, modules), own | modules)


def trees_of(cells: Iterable[Cell]) -> Mapping[int, ast.Module]:
    """The code cells that are Python, by index."""
    found = ((cell.index, parse(cell.source)) for cell in cells if cell.kind == "code")
    return {index: tree for index, tree in found if tree is not None}


def _above(cell: Cell, figures: Figures) -> Iterator[str]:
    if figures.is_inline and cell.index == figures.first:
        if figures.draws:
            yield "_nb_inline(draw=_nb_draw)"
        if not figures.has_magic:
            yield "_nb_inline(load=False)"


def _below(cell: Cell, figures: Figures) -> Iterator[str]:
    if cell.index in figures.ends:
        alias = figures.alias.get(cell.index, "")
        close = f'{alias}.close("all")' if alias else "_nb_close_figures()"
        call = "_nb_end_figures()" if figures.is_inline else close
        redraw = "_nb_redraw(); " if figures.draws else ""
        yield f"{redraw}{call}  # figures end with their cell"


def _without_kernel(cell: Cell) -> Cell:
    """The cell without the lines of :func:`with_kernel` around it, and their helpers."""
    above = tuple(line for line in cell.above if not _STANDIN.match(line))
    called = {name for name in cell.helpers if re.search(rf"\b{name}\b", cell.source)}
    return replace(cell, above=above, below=(), helpers=needed(called))


def _calls(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.Call) for node in executed(tree.body))


def _around(cell: Cell, above: list[str], below: list[str]) -> Cell:
    if (tuple(above), tuple(below)) == (cell.above, cell.below):
        return cell
    names = {name for line in (*above, *below) for name in _STANDIN.findall(line)}
    helpers = cell.helpers | needed(names)
    return replace(cell, above=tuple(above), below=tuple(below), helpers=helpers)
