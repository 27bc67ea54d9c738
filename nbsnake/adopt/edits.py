"""What changes in the cells of a notebook: what is replaced, and which statements are removed."""

import ast
from collections.abc import Iterator, Sequence

from nbsnake.adopt.facts import Facts
from nbsnake.adopt.proposal import SpanEdit
from nbsnake.adopt.spans import Span, contains, edit_of, removal
from nbsnake.follow.cells import Source, statements
from nbsnake.follow.values import Origin


class Edits:
    """The changes of one notebook, as they are found."""

    def __init__(self) -> None:
        self._replaced: dict[Span, tuple[Origin, str]] = {}
        self._removed: dict[int, list[ast.stmt]] = {}
        self._inside: list[tuple[int, SpanEdit]] = []

    def replace(self, origin: Origin, text: str) -> None:
        """Put code in the place of an expression."""
        self._replaced[origin.span] = (origin, text)

    def replace_inside(self, origin: Origin, begin: int, written: str, name: str) -> None:
        """Put a name in the place of text that begins at a byte of the line of an f-string."""
        line, end = origin.node.lineno, begin + len(written.encode())
        self._inside.append((origin.cell, SpanEdit((line, begin), (line, end), f"{{{name}}}")))

    def remove(self, cell: int, node: ast.stmt) -> None:
        """Remove a statement, which moves to the metadata cell or is not needed."""
        self._removed.setdefault(cell, []).append(node)

    def replaces(self, origin: Origin) -> bool:
        """Whether an expression is replaced."""
        return origin.span in self._replaced

    def covers(self, cell: int, node: ast.expr) -> bool:
        """Whether an expression is in one that is replaced."""
        return any(
            origin.cell == cell and contains(origin.node, node)
            for origin, _ in self._replaced.values()
        )

    def by_cell(self, cells: Sequence[Source], facts: Facts) -> dict[int, list[SpanEdit]]:
        """All changes by the number of the cell, those of the folder included."""
        found: dict[int, list[SpanEdit]] = {}
        for origin, text in self._outer():
            found.setdefault(origin.cell, []).append(edit_of(origin.node, text))
        for cell, nodes in self._removed.items():
            found.setdefault(cell, []).extend(removal(node) for node in nodes)
        for cell, edit in (*_moves(cells, facts), *self._inside):
            found.setdefault(cell, []).append(edit)
        return found

    def _outer(self) -> Iterator[tuple[Origin, str]]:
        """The expressions that are in no other one that is replaced."""
        for origin, text in self._replaced.values():
            if not any(
                other.cell == origin.cell
                and other.span != origin.span
                and contains(other.node, origin.node)
                for other, _ in self._replaced.values()
            ):
                yield origin, text


def _moves(cells: Sequence[Source], facts: Facts) -> Iterator[tuple[int, SpanEdit]]:
    """Changes of the folder are removed; the paths below them are other ones now."""
    lines = set(facts.moves)
    for source in cells:
        for command in source.commands:
            if (source.number, command.line) in lines:
                text = source.cell.source.split("\n")[command.line - 1]
                end = (command.line, len(text.encode()))
                yield source.number, SpanEdit((command.line, 0), end, f"# {text.strip()}")
    for source, node in statements(cells):
        for inner in ast.walk(node):
            is_there = (source.number, getattr(inner, "lineno", 0)) in lines
            if isinstance(inner, ast.Expr) and is_there and "chdir" in ast.unparse(inner):
                edit = removal(inner) if inner is node else edit_of(inner, "pass")
                yield source.number, edit
