"""Places in the cells of a notebook: which assignment an expression is in, what to replace."""

import ast
import re
from collections.abc import Iterable, Iterator

from nbsnake.adopt.proposal import SpanEdit
from nbsnake.follow.cells import Source, statements
from nbsnake.follow.expressions import TO_ITEMS
from nbsnake.follow.values import Origin

Span = tuple[int, int, int, int, int]


class Assigned:
    """A ``name = value`` at the top level, with its cell; ``others`` share its lines."""

    def __init__(self, source: Source, node: ast.Assign | ast.AnnAssign, name: str) -> None:
        self.source, self.node, self.name = source, node, name
        ends = (node.lineno, node.end_lineno or node.lineno)
        body = source.tree.body if source.tree else []
        self.shares_line = any(
            each is not node and each.lineno <= ends[1] and (each.end_lineno or 0) >= ends[0]
            for each in body
        )


def assignments_by_value(cells: Iterable[Source]) -> Iterator[tuple[Span, Assigned]]:
    """The assignments of one value to one name, by the span of the value without ``sorted``."""
    for source, node in statements(cells):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            target = node.target
        else:
            continue
        if isinstance(target, ast.Name) and node.value is not None:
            yield core(node.value, source.number), Assigned(source, node, target.id)


def core(node: ast.expr, cell: int) -> Span:
    """The span of an expression without calls of ``sorted`` and ``list`` around it."""
    while (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in TO_ITEMS
        and len(node.args) == 1
    ):
        node = node.args[0]
    return Origin(cell, node).span


def names_in(cells: Iterable[Source]) -> Iterator[str]:
    """All names that the cells use, so that new ones are others."""
    for source in cells:
        yield from re.findall(r"[^\W\d]\w*", source.cell.source) if source.tree is None else ()
        for node in ast.walk(source.tree) if source.tree else ():
            if isinstance(node, ast.Name):
                yield node.id
            elif isinstance(node, ast.arg):
                yield node.arg
            elif isinstance(node, ast.alias):
                yield (node.asname or node.name).partition(".")[0]
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield node.name


def is_text(node: ast.stmt) -> bool:
    """Whether a statement is a string and nothing else."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def contains(outer: ast.expr, inner: ast.expr) -> bool:
    """Whether one expression of a cell lies in another."""
    begins = (outer.lineno, outer.col_offset) <= (inner.lineno, inner.col_offset)
    return begins and (inner.end_lineno or 0, inner.end_col_offset or 0) <= (
        outer.end_lineno or 0,
        outer.end_col_offset or 0,
    )


def edit_of(node: ast.expr | ast.stmt, text: str) -> SpanEdit:
    """New text in the place of a node."""
    end = (node.end_lineno or node.lineno, node.end_col_offset or 0)
    return SpanEdit((node.lineno, node.col_offset), end, text)


def after_quote(source: Source, node: ast.expr) -> int | None:
    """The column, in bytes, at which the text of an f-string begins."""
    line = source.cell.source.encode().split(b"\n")[node.lineno - 1]
    match = re.match(rb"[fFrR]{1,2}(?:\"{3}|'{3}|\"|')", line[node.col_offset :])
    return node.col_offset + match.end() if match else None


def removal(node: ast.stmt) -> SpanEdit:
    """All lines of a statement that has them for itself."""
    return SpanEdit((node.lineno, 0), ((node.end_lineno or node.lineno) + 1, 0), "")


def pattern_text(origin: Origin | None) -> Origin | None:
    """The string of a call of glob, which alone is to change."""
    if origin is None or not isinstance(origin.node, ast.Call) or not origin.node.args:
        return None
    first = origin.node.args[0]
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        return Origin(origin.cell, first)
    return None
