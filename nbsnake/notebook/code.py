"""Reading the Python of cells. Nothing is ever executed here."""

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeGuard

from nbsnake.errors import NotebookError, Where
from nbsnake.ipython.edit import Edit, edited
from nbsnake.model.literals import Literal, literal_of
from nbsnake.model.step import Cell

ARGUMENTS = "_args"  # what a script calls its parsed command line
SKIPPED_TAGS = frozenset(
    {"no-effect", "remove_cell", "remove-cell", "skip-execution", "injected-parameters"}
)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.expr)
_FIX = "fix it in Jupyter, or leave the cell out with the comment line '# No effect'"


class Docstring(NamedTuple):
    """The text as Python reads it, and the cell's line on which it begins."""

    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A top-level ``name = value`` of a cell; ``literal`` is None where it is an expression.

    ``annotation`` and ``comment`` are the text between and after, "" for nothing.
    """

    name: str
    node: ast.stmt
    value: ast.expr
    literal: Literal | None
    annotation: str
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A cell as it is in a script: plain Python, with its syntax tree.

    ``futures`` are the features that it imports from ``__future__``, with their lines; the script
    does that at its top.
    """

    cell: Cell
    tree: ast.Module
    futures: tuple[tuple[str, int], ...]


def has_no_effect(cell: Cell, words: Iterable[str]) -> bool:
    """Whether the author left the cell out of the step, by a tag or by a comment line.

    The comment line is one of ``words`` (``# No effect``), alone or with punctuation behind it.
    """
    if cell.tags & SKIPPED_TAGS:
        return True
    if cell.kind != "code":
        return False
    wanted = [word.lstrip("# ").lower() for word in words]
    if not any(word in cell.source.lower() for word in wanted):
        return False  # most cells, and reading the tokens of one is slow
    alternatives = "|".join(map(re.escape, wanted))
    pattern = re.compile(rf"#\s*(?:{alternatives})\s*(?:[-:;,.(].*)?$", re.IGNORECASE)
    return any(pattern.match(comment) for comment in _comment_lines(cell.source))


def _comment_lines(source: str) -> Iterator[str]:
    """The comments on lines of their own; strings are not searched."""
    lines = source.splitlines()
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT and token.line[: token.start[1]].isspace() | (
                token.start[1] == 0
            ):
                yield token.string
    except (tokenize.TokenError, SyntaxError):  # a magic, or a cell that is not Python
        yield from (line.strip() for line in lines if line.lstrip().startswith("#"))


def read_code(cell: Cell, notebook: str) -> Code:
    """Read a code cell as Python.

    What only the beginning of a script may hold is taken out, and so is ``global`` outside of any
    function, where it says nothing: in a script it may not follow the use of its name. Raises
    :class:`NotebookError` for what is not Python.
    """
    tree = _parsed(cell, notebook)
    futures = [node for node in tree.body if _is_future(node)]
    removed = [*futures, *_global_statements(tree)]
    if removed:
        blank = [_edit(node, _nothing(_line_breaks(node))) for node in removed]
        cell = replace(cell, source=edited(cell.source, blank))
        tree = _parsed(cell, notebook)
    names = [(ast.unparse(alias), node.lineno) for node in futures for alias in node.names]
    return Code(cell=cell, tree=tree, futures=tuple(names))


def _parsed(cell: Cell, notebook: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(cell.source)
            compile(tree, "<cell>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise NotebookError(
            f"is not valid Python: {reason}",
            where=Where(notebook, cell.index, getattr(error, "lineno", None) or 1),
            hint=_FIX,
        ) from None
    return tree


def _is_future(node: ast.stmt) -> TypeGuard[ast.ImportFrom]:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__" and not node.level


def _global_statements(tree: ast.AST) -> Iterator[ast.Global]:
    """Those outside of functions and classes."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Global):
            yield node
        elif not isinstance(node, _SCOPES):
            yield from _global_statements(node)


def _nothing(line_breaks: int) -> str:
    """A statement that does nothing, on as many lines as another one had."""
    return f"({chr(10) * line_breaks})" if line_breaks else "pass"


def _line_breaks(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno


def has_annotations(tree: ast.Module) -> bool:
    """Whether postponing annotations could change what the code does."""
    return any(
        isinstance(node, ast.AnnAssign)
        or (isinstance(node, ast.arg) and node.annotation is not None)
        or (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None)
        for node in ast.walk(tree)
    )


def bound_names(tree: ast.AST) -> Iterator[str]:
    """The names that code binds, in any scope."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name


def docstring(cell: Cell) -> Docstring | None:
    """The text that a cell begins with; None where there is none, or the cell is not Python."""
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
            yield from ((name, node.lineno) for name in bound_names(node))


def assignments(tree: ast.Module, source: str = "") -> Iterator[Assignment]:
    """The assignments of one value to one name at the top level of a cell, in order.

    Comments are read from ``source``, where it is given.
    """
    comments = _trailing_comments(source) if "#" in source else {}
    for node in tree.body:
        annotation = ""
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            target, value = node.target, node.value
            annotation = ast.unparse(node.annotation)
        else:
            continue
        if isinstance(target, ast.Name):
            yield Assignment(
                name=target.id,
                node=node,
                value=value,
                literal=_literal(value),
                annotation=annotation,
                comment=comments.get(node.end_lineno or node.lineno, ""),
            )


def _trailing_comments(source: str) -> dict[int, str]:
    """The comment that ends each line, without its ``#``; the source must be valid Python."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        token.start[0]: token.string.lstrip("# ").rstrip()
        for token in tokens
        if token.type == tokenize.COMMENT
    }


def _literal(node: ast.expr) -> Literal | None:
    try:
        return literal_of(ast.literal_eval(node))
    except (ValueError, TypeError, MemoryError, RecursionError):
        return None


def is_literal(node: ast.expr) -> bool:
    """Whether an expression is a literal of Python."""
    return _literal(node) is not None


def with_arguments(cell: Cell, replaced: Mapping[str, Assignment]) -> Cell:
    """The cell with the values of these assignments taken from the command line instead."""
    edits = [_edit(each.value, f"{ARGUMENTS}.{name}") for name, each in replaced.items()]
    return replace(cell, source=edited(cell.source, edits))


def _edit(node: ast.expr | ast.stmt, text: str) -> Edit:
    return Edit(node, lambda _: text)
