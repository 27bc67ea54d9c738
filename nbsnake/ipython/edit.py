"""Changing code at the places of some nodes of its tree, and nowhere else."""

import ast
from collections.abc import Callable, Iterable
from typing import NamedTuple

from nbsnake.ipython.syntax import lines


class Edit(NamedTuple):
    """The new text of a node."""

    node: ast.stmt | ast.expr
    change: Callable[[str], str]


def edited(source: str, edits: Iterable[Edit]) -> str:
    """The code with the texts of these nodes, none inside another, changed."""
    if source.startswith("\ufeff"):  # which Python does not count
        return source[0] + edited(source[1:], edits)
    starts = [0]
    for line in lines(source):
        starts.append(starts[-1] + len(line.encode()))
    code = source.encode()
    parts = []
    done = 0
    for begin, end, change in sorted(_span(edit, starts) for edit in edits):
        parts += [code[done:begin], change(code[begin:end].decode()).encode()]
        done = end
    return b"".join([*parts, code[done:]]).decode()


def _span(edit: Edit, starts: list[int]) -> tuple[int, int, Callable[[str], str]]:
    node = edit.node
    begin = starts[node.lineno - 1] + node.col_offset
    end = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
    return begin, end, edit.change
