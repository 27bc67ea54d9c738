"""Reading the Python of cells. Nothing is ever executed here."""

import ast
import io
import re
import sys
import tokenize
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeGuard

from nbsnake.errors import NotebookError, Where
from nbsnake.ipython.edit import Edit, edited
from nbsnake.ipython.scopes import parse
from nbsnake.model.literals import Literal, literal_of
from nbsnake.model.step import Cell
from nbsnake.python.nodes import children, walk

ARGUMENTS = "_args"  # what a script calls its parsed command line
SKIPPED_TAGS = frozenset(
    {"no-effect", "remove_cell", "remove-cell", "skip-execution", "injected-parameters"}
)
SHOWN_TAGS = frozenset({"no-effect"})  # of these, the one that a comment can stand for
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
    """Whether the author left the cell out of the step."""
    return bool(why_left_out(cell, words))


def why_left_out(cell: Cell, words: Iterable[str]) -> str:
    """The tag or the comment by which the author left a cell out; "" for one that is kept.

    The comment is among the lines of comments at the top of the cell: one of ``words``
    (``# No effect``), alone or with punctuation behind it.
    """
    if tags := sorted(cell.tags & SKIPPED_TAGS):
        return f"it is tagged {tags[0]!r}"
    line = next((n for n in _marks(cell, words) if n <= _lines_of_comments(cell.source)), 0)
    return f"it is marked {cell.source.splitlines()[line - 1].strip()!r}" if line else ""


def late_mark(cell: Cell, words: Iterable[str]) -> int:
    """The first line further down in a cell that would leave it out at its top; 0 for none."""
    if cell.tags & SKIPPED_TAGS:
        return 0
    top = _lines_of_comments(cell.source)
    return next((line for line in _marks(cell, words) if line > top), 0)


def _lines_of_comments(source: str) -> int:
    """How many lines a cell begins with that are blank or comments."""
    lines = source.splitlines()
    return next(
        (n for n, line in enumerate(lines) if line.lstrip()[:1] not in ("", "#")), len(lines)
    )


def _marks(cell: Cell, words: Iterable[str]) -> Iterator[int]:
    """The lines with a comment that leaves out a cell, wherever in it."""
    wanted = [word.lstrip("# ").lower() for word in words]
    if cell.kind != "code" or not any(word in cell.source.lower() for word in wanted):
        return  # most cells, and reading the tokens of one is slow
    alternatives = "|".join(map(re.escape, wanted))
    pattern = re.compile(rf"#\s*(?:{alternatives})\s*(?:[-:;,.(].*)?$", re.IGNORECASE)
    yield from (line for line, text in _comment_lines(cell.source) if pattern.match(text))


def _comment_lines(source: str) -> Iterator[tuple[int, str]]:
    """The comments on lines of their own, with the lines; strings are not searched."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT and token.line[: token.start[1]].isspace() | (
                token.start[1] == 0
            ):
                yield token.start[0], token.string
    except (tokenize.TokenError, SyntaxError):  # a magic, or a cell that is not Python
        lines = enumerate(source.splitlines(), start=1)
        yield from ((n, line.strip()) for n, line in lines if line.lstrip().startswith("#"))


def read_code(cell: Cell, notebook: str, saved_by: str = "") -> Code:
    """Read a code cell as Python; ``saved_by`` is the version of the notebook's own, such as 3.13.

    What only the beginning of a script may hold is taken out, and so is ``global`` outside of any
    function, where it says nothing: in a script it may not follow the use of its name. Raises
    :class:`NotebookError` for what is not Python.
    """
    tree = _parsed(cell, notebook, saved_by)
    futures = [node for node in tree.body if _is_future(node)]
    removed = [*futures, *_global_statements(tree)]
    if removed:
        blank = [_edit(node, _nothing(_line_breaks(node))) for node in removed]
        cell = replace(cell, source=edited(cell.source, blank))
        tree = _parsed(cell, notebook, saved_by)
    names = [(ast.unparse(alias), node.lineno) for node in futures for alias in node.names]
    return Code(cell=cell, tree=tree, futures=tuple(names))


def _parsed(cell: Cell, notebook: str, saved_by: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = parse(cell.source) or ast.parse(cell.source)  # which says what is wrong
            compile(tree, "<cell>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error) or "too complex"
        line = getattr(error, "lineno", None) or 1
        raise _not_python(reason, Where(notebook, cell.index, line), saved_by) from None
    return tree


def _not_python(reason: str, where: Where, saved_by: str) -> NotebookError:
    if saved_by and _version(saved_by) > sys.version_info[:2]:
        ours = ".".join(map(str, sys.version_info[:2]))
        return NotebookError(
            f"is not valid in Python {ours}, but was saved by Python {saved_by}: {reason}",
            where=where,
            hint=f"run nbsnake and the steps with Python {saved_by}, or {_FIX}",
        )
    return NotebookError(f"is not valid Python: {reason}", where=where, hint=_FIX)


def _version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def _is_future(node: ast.stmt) -> TypeGuard[ast.ImportFrom]:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__" and not node.level


def _global_statements(tree: ast.AST) -> Iterator[ast.Global]:
    """Those outside of functions and classes."""
    for node in children(tree):
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
        for node in walk(tree)
    )


def bound_names(tree: ast.AST) -> Iterator[str]:
    """The names that code binds, in any scope."""
    for node in walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name


def docstring(cell: Cell) -> Docstring | None:
    """The text that a cell begins with; None where there is none, or the cell is not Python."""
    tree = parse(cell.source)
    first = tree.body[0] if tree and tree.body else None
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
