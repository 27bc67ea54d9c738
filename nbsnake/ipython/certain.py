"""Which names are certainly bound where a line runs, whatever way the code took to it."""

import ast
import bisect
from collections.abc import Container, Iterable, Iterator, Mapping

from nbsnake.ipython.scopes import bindings, bound_by, in_scope
from nbsnake.python.nodes import walk

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_LOOPS = (ast.For, ast.AsyncFor)
_WITHS = (ast.With, ast.AsyncWith)


def bound_after(body: Iterable[ast.stmt]) -> set[str]:
    """The names that these statements have bound when they have all run."""
    found = set[str]()
    for statement in body:
        found |= _bound_by(statement)
    return found


def deleted(tree: ast.AST) -> set[str]:
    """The names that code deletes somewhere, of which nothing is certain."""
    return {
        node.id
        for node in walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del)
    }


class Certainty:
    """Which names are bound for sure where a line of a notebook's cells runs.

    Each block of statements is indexed once, for a long cell may ask for many lines. What
    ``failing`` cells bind is not certain, for they may end anywhere.
    """

    def __init__(self, trees: Mapping[int, ast.Module], failing: Container[int]) -> None:
        self._trees = trees
        self._blocks: dict[int, _Block] = {}
        self._deleted = {name for tree in trees.values() for name in deleted(tree)}
        self._cells: dict[str, int] = {}
        for index, tree in trees.items():
            for name in bound_after(tree.body) if index not in failing else ():
                self._cells.setdefault(name, index)

    def has(self, cell: int, name: str, line: int) -> bool:
        """Whether a name is bound where the statement on a line of a cell begins."""
        if name in self._deleted:
            return False
        return self._cells.get(name, cell) < cell or self._has_own(cell, name, line)

    def _has_own(self, cell: int, name: str, line: int) -> bool:
        body = self._trees[cell].body if cell in self._trees else []
        while body:
            block = self._block(body)
            index = block.index_at(line)
            if block.first.get(name, index) < index:
                return True
            if index == len(body) or not _holds(body[index], line):
                return False
            if name in _bound_inside(body[index], line):
                return True
            body = _inner_body(body[index], line)
        return False

    def _block(self, body: list[ast.stmt]) -> "_Block":
        if id(body) not in self._blocks:
            self._blocks[id(body)] = _Block(body)
        return self._blocks[id(body)]


class _Block:
    """Statements in a row; ``first`` is the one that binds a name for sure."""

    def __init__(self, body: list[ast.stmt]) -> None:
        self._body = body
        self._starts = [statement.lineno for statement in body]
        self.first: dict[str, int] = {}
        for index, statement in enumerate(body):
            for name in _bound_by(statement):
                self.first.setdefault(name, index)

    def index_at(self, line: int) -> int:
        """The statement that holds a line, or else the first one below it."""
        index = max(bisect.bisect_right(self._starts, line) - 1, 0)
        is_below = bool(self._body) and (self._body[index].end_lineno or 0) < line
        return index + is_below


def _holds(statement: ast.stmt, line: int) -> bool:
    return statement.lineno <= line <= (statement.end_lineno or statement.lineno)


def _bound_by(statement: ast.stmt) -> set[str]:
    match statement:
        case ast.If(body=body, orelse=orelse):
            return bound_after(body) & bound_after(orelse)
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=last):
            ways = [bound_after([*body, *orelse]), *(bound_after(each.body) for each in handlers)]
            return set.intersection(*ways) | bound_after(last)
        case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
            return bindings(items) | bound_after(body)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.AnnAssign(value=None):
            return set()
        case (
            ast.Assign()
            | ast.AnnAssign()
            | ast.AugAssign()
            | ast.Import()
            | ast.ImportFrom()
            | ast.Expr()
        ):
            return {name for node in in_scope([statement]) for name in bound_by(node)}
    return set()


def _bound_inside(statement: ast.stmt, line: int) -> Iterator[str]:
    """What a statement binds for the code in its body."""
    if isinstance(statement, _FUNCTIONS):
        yield from (each.arg for each in walk(statement.args) if isinstance(each, ast.arg))
    elif isinstance(statement, _LOOPS) and _is_in(statement.body, line):
        yield from bindings([statement.target])
    elif isinstance(statement, _WITHS):
        yield from bindings(statement.items)
    elif isinstance(statement, ast.Try):
        for handler in statement.handlers:
            if handler.name and _is_in(handler.body, line):
                yield handler.name


def _inner_body(statement: ast.stmt, line: int) -> list[ast.stmt]:
    """The statements inside of one among which the line is; none for a simple statement."""
    bodies = [getattr(statement, name, []) for name in ("body", "orelse", "finalbody")]
    bodies += [each.body for each in getattr(statement, "handlers", [])]
    bodies += [each.body for each in getattr(statement, "cases", [])]
    return next((body for body in bodies if _is_in(body, line)), [])


def _is_in(body: list[ast.stmt], line: int) -> bool:
    return bool(body) and body[0].lineno <= line <= (body[-1].end_lineno or 0)
