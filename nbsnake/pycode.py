"""Reading the Python of cells. Nothing is ever executed here."""

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from nbsnake.errors import NbsnakeError, NotebookError, Where
from nbsnake.model import Cell
from nbsnake.paramtype import Value

ARGUMENTS = "_args"  # what a script calls its parsed command line
SKIPPED_TAGS = frozenset(
    {"no-effect", "remove_cell", "remove-cell", "skip-execution", "injected-parameters"}
)
_IPYTHON_ONLY = frozenset({"display", "get_ipython"})
_MAGIC = re.compile(r"\s*(%|!|\?)|.*\?\s*$|\s*\w+\s*=\s*[%!]")


class Docstring(NamedTuple):
    """The text as Python reads it, and the cell's line on which it begins."""

    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A top-level ``name = value`` of a cell. ``literal`` is None unless ``is_literal``."""

    name: str
    node: ast.stmt
    value: ast.expr
    is_literal: bool
    literal: Value


def has_no_effect(cell: Cell, words: Iterable[str]) -> bool:
    """Whether the author left the cell out of the step, by a tag or by a comment line.

    The comment line is one of ``words`` (``# No effect``), alone or with punctuation behind it.
    """
    if cell.tags & SKIPPED_TAGS:
        return True
    if cell.kind != "code":
        return False
    alternatives = "|".join(re.escape(word.lstrip("# ")) for word in words)
    pattern = re.compile(rf"#\s*(?:{alternatives})\s*(?:[-:;,.(].*)?$", re.IGNORECASE)
    return any(pattern.match(comment) for comment in _comment_lines(cell.source))


def _comment_lines(source: str) -> Iterator[str]:
    """The comments that stand on lines of their own; strings are not searched."""
    lines = source.splitlines()
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT and token.line[: token.start[1]].isspace() | (
                token.start[1] == 0
            ):
                yield token.string
    except (tokenize.TokenError, SyntaxError):  # a magic, or a cell that is no Python
        yield from (line.strip() for line in lines if line.lstrip().startswith("#"))


def check_code(cell: Cell, notebook: str) -> ast.Module:
    """Parse a code cell as Python.

    Raises :class:`NotebookError` for what is no Python, or what only IPython understands.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(cell.source)
            compile(cell.source, "<cell>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        raise _syntax_fault(cell, Where(notebook, cell.index, line), error) from None
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            raise NotebookError(
                "'from __future__' is not supported yet",
                where=Where(notebook, cell.index, node.lineno),
                hint="remove the line; Python 3.11 has all but postponed annotations",
            )
    return tree


def ipython_faults(trees: Mapping[int, ast.Module], notebook: str) -> list[NbsnakeError]:
    """The uses of names that only IPython gives, and that no cell binds; trees are by cell."""
    bound = {name for tree in trees.values() for name in _bound_names(tree)}
    return [
        NotebookError(
            f"{node.id}() exists in IPython only and is not supported yet",
            where=Where(notebook, index, node.lineno),
            hint=_LEAVE_OUT,
        )
        for index, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id in _IPYTHON_ONLY - bound
    ]


def _bound_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name


_LEAVE_OUT = "mark the cell with the comment line '# No effect', or use plain Python"


def _syntax_fault(cell: Cell, where: Where, error: Exception) -> NotebookError:
    lines = io.StringIO(cell.source).readlines()
    line = lines[where.line - 1] if where.line and where.line <= len(lines) else ""
    if _MAGIC.match(line):
        message = f"magics are not supported yet: {line.strip()}"
        return NotebookError(message, where=where, hint=_LEAVE_OUT)
    reason = error.msg if isinstance(error, SyntaxError) else str(error)
    hint = "mend it in Jupyter, or leave the cell out with the comment line '# No effect'"
    return NotebookError(f"is not valid Python: {reason}", where=where, hint=hint)


def docstring(cell: Cell) -> Docstring | None:
    """The text that a cell begins with; None where there is none, or the cell is no Python."""
    try:
        body = ast.parse(cell.source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    first = body[0] if body else None
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        return Docstring(first.value.value, first.lineno)
    return None


def other_bindings(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The names that a cell binds at its top level but not by ``name = value``, with lines."""
    plain = {id(assignment.node) for assignment in assignments(tree)}
    for node in tree.body:
        is_scope = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if id(node) not in plain and not is_scope:
            yield from ((name, node.lineno) for name in _bound_names(node))


def assignments(tree: ast.Module) -> Iterator[Assignment]:
    """The assignments of one value to one name at the top level of a cell, in order."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            target, value = node.target, node.value
        else:
            continue
        if isinstance(target, ast.Name):
            is_literal, literal = _literal(value)
            yield Assignment(
                name=target.id, node=node, value=value, is_literal=is_literal, literal=literal
            )


def _position(value: tuple[ast.expr, str]) -> tuple[int, int]:
    return value[0].lineno, value[0].col_offset


def _literal(node: ast.expr) -> tuple[bool, Value]:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, MemoryError, RecursionError):
        return False, None
    if isinstance(value, tuple):
        value = list(value)
    return isinstance(value, str | int | float | bool | list | dict), value


def with_arguments(cell: Cell, replaced: Mapping[str, Assignment]) -> Cell:
    """The cell with the values of these assignments taken from the command line instead."""
    # Lines as Python counts them: unlike str.splitlines, not at form feeds and the like.
    lines = [line.encode() for line in io.StringIO(cell.source, newline="").readlines()]
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    source = b"".join(lines)
    values = [(assignment.value, name) for name, assignment in replaced.items()]
    for node, name in sorted(values, key=_position, reverse=True):
        begin = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        source = source[:begin] + f"{ARGUMENTS}.{name}".encode() + source[end:]
    return replace(cell, source=source.decode())
