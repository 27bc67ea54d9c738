"""The code cells of a notebook as they are, with the trees of their Python.

What only IPython understands is replaced by Python on the same lines, so that all places stay.
"""

import ast
import copy
import re
import warnings
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from nbsnake.ipython.syntax import Kind, Piece, lines, pieces
from nbsnake.model.step import Cell, Notebook
from nbsnake.notebook.code import has_no_effect
from nbsnake.notebook.kept_cells import is_code

_CELL_MAGIC = re.compile(r"\s*%%(\w+)")
DEEPEST = 200  # levels of a tree that is followed, with a few calls of Python for each
_AROUND = ("time", "timeit", "capture", "prun")  # whose body is Python of the notebook


class Line(NamedTuple):
    """A magic or shell command, with its line in the cell."""

    line: int
    text: str


class Source(NamedTuple):
    """A code cell; ``tree`` is None for one that is not Python.

    What the author left out (``# No effect``) is not ``kept``.
    """

    cell: Cell
    tree: ast.Module | None
    kept: bool
    commands: tuple[Line, ...] = ()

    @property
    def number(self) -> int:
        """The cell's number among all cells of the notebook, from 1."""
        return self.cell.index


def sources(notebook: Notebook, no_effect: Iterable[str]) -> list[Source]:
    """The code cells with something in them."""
    words = tuple(no_effect)
    return [_source(cell, words) for cell in filter(is_code, notebook.cells)]


def _source(cell: Cell, words: tuple[str, ...]) -> Source:
    kept = not has_no_effect(cell, words)
    magic = _CELL_MAGIC.match(cell.source)
    if magic and magic[1] not in _AROUND:
        own = [Line(n, text) for n, text in enumerate(cell.source.splitlines(), 1) if text.strip()]
        return Source(cell, None, kept, tuple(own) if magic[1] in ("bash", "sh", "cd") else ())
    if not re.search(r"^\s*[%!?]|=\s*[%!]|\?\s*$|^\s*[,;/]", cell.source, re.MULTILINE):
        return Source(cell, parsed(cell.source), kept)
    commands: list[Line] = []
    plain = "".join(_plain(piece, commands) for piece in pieces(cell.source))
    return Source(cell, parsed(plain), kept, tuple(commands))


def _plain(piece: Piece, commands: list[Line]) -> str:
    """The statement, or Python on as many lines in its place."""
    if piece.kind is Kind.PYTHON:
        return piece.text
    if piece.command:
        commands.append(Line(piece.line, piece.command))
    ends = "".join("\n" for line in lines(piece.text) if line[-1:] in "\r\n")
    if piece.kind is Kind.ASSIGNMENT:
        return f"{piece.before}...{ends}"
    indent = re.match(r"[ \t]*", piece.text)
    return f"{indent[0] if indent else ''}pass{ends}"


def parsed(source: str) -> ast.Module | None:
    """The tree of a cell; None where it is not Python, or nested more deeply than is followed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return None if _is_deep(tree) else tree


def _is_deep(tree: ast.AST) -> bool:
    level = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    return bool(level)


def statements(cells: Iterable[Source]) -> Iterator[tuple[Source, ast.stmt]]:
    """The statements at the top level of all cells that are Python."""
    for source in cells:
        for node in source.tree.body if source.tree else ():
            yield source, node


def shape_of_cells(cells: Iterable[Source]) -> list[str]:
    """The code of all cells without the values of its literals."""
    return [ast.dump(_Blank().visit(copy.deepcopy(node))) for _, node in statements(cells)]


class _Blank(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant(type(node.value).__name__)
