"""Which names a piece of code binds and reads, and in which scope."""

import ast
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from nbsnake.python.nodes import children, walk

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SESSION = re.compile(r"In|Out|_{1,3}|_i{1,3}|_ih|_oh|_dh|_i?\d+|_exit_code")
_IN_TEXT = re.compile(rf"\b(?:{_SESSION.pattern})\b")


@lru_cache(maxsize=256)  # each cell is looked at in several ways, one after another
def parse(text: str) -> ast.Module | None:
    """The tree of some code, or None if it is not Python. Nobody changes a tree."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def parse_expression(text: str) -> ast.expr | None:
    """The tree of one expression, or None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def is_session_name(name: str) -> bool:
    """Whether IPython binds this name again with each cell that runs."""
    return bool(_SESSION.fullmatch(name))


def names_session(text: str) -> bool:
    """Whether some code has such a name anywhere."""
    return bool(_IN_TEXT.search(text))


@dataclass(frozen=True, slots=True)
class Usage:
    """Which names some code uses.

    ``bound`` are those that it binds at module level, ``anywhere`` those that it binds in any
    scope, ``read`` those that it reads in any scope, and ``free`` the reads that no function
    around them serves. ``is_open`` means ``import *``, which binds unknown names.
    """

    bound: frozenset[str]
    anywhere: frozenset[str]
    read: frozenset[str]
    free: tuple[ast.Name, ...]
    is_open: bool


def usage(tree: ast.Module) -> Usage:
    """The names that code uses."""
    declared, anywhere, read = set[str](), set[str](), set[str]()
    is_open = False
    for node in walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            read.add(node.id)
            continue
        anywhere.update([node.arg] if isinstance(node, ast.arg) else bound_by(node))
        declared.update(node.names if isinstance(node, ast.Global) else ())
        is_open |= isinstance(node, ast.alias) and node.name == "*"
    bound = frozenset(bindings(tree.body) | declared)
    free = tuple(free_reads(tree))
    return Usage(bound, frozenset(anywhere), frozenset(read), free, is_open)


def bindings(roots: Iterable[ast.AST]) -> set[str]:
    """The names that these nodes bind in their own scope."""
    found: set[str] = set()
    for node in in_scope(roots):
        found.update(bound_by(node))
        if isinstance(node, _COMPREHENSIONS):
            walruses = (each for each in walk(node) if isinstance(each, ast.NamedExpr))
            found.update(each.target.id for each in walruses)
    return found


def bound_by(node: ast.AST) -> Iterator[str]:
    """The names that a node binds itself; parameters bind theirs in a scope of their own."""
    if isinstance(node, ast.Name):
        if not isinstance(node.ctx, ast.Load):
            yield node.id
    elif isinstance(node, ast.alias):
        if node.name != "*":
            yield (node.asname or node.name).partition(".")[0]
    elif isinstance(node, ast.MatchMapping):
        yield from filter(None, [node.rest])
    elif isinstance(
        node, (*_FUNCTIONS, ast.ClassDef, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)
    ):
        yield from filter(None, [node.name])


def in_scope(roots: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """All nodes below that run in the same scope: not the insides of functions and the like."""
    stack = list(roots)
    while stack:
        node = stack.pop()
        yield node
        outer, inner = _parts(node)
        stack += outer
        stack += inner if not is_scope(node) else []


def is_scope(node: ast.AST) -> bool:
    """Whether a node opens a scope of its own."""
    return isinstance(node, (*_FUNCTIONS, ast.Lambda, ast.ClassDef, *_COMPREHENSIONS))


def _parts(node: ast.AST) -> tuple[list[ast.AST], list[ast.AST]]:
    """The children that run in the scope around a node, and those that run in its own."""
    below = children(node)
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        inner: list[ast.AST] = list(node.body)
    elif isinstance(node, ast.Lambda):
        inner = [node.body]
    elif isinstance(node, _COMPREHENSIONS):
        first = node.generators[0]
        rest: list[ast.AST] = [each for each in below if each is not first]
        return [first.iter], [*rest, first.target, *first.ifs]
    else:
        return [], below
    own = set(map(id, inner))
    return [child for child in below if id(child) not in own], inner


def free_reads(tree: ast.AST) -> Iterator[ast.Name]:
    """The names that are read and that no function around them binds."""
    stack = [(tree, frozenset[str](), frozenset[str]())]
    while stack:
        node, here, nested = stack.pop()
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load) and node.id not in here:
                yield node
            continue
        outer, inner = _parts(node)
        stack += [(child, here, nested) for child in outer]
        if not is_scope(node):
            stack += [(child, here, nested) for child in inner]
            continue
        own = nested | _local_names(node, inner)
        stack += [
            (child, own, nested if isinstance(node, ast.ClassDef) else own) for child in inner
        ]


def _local_names(node: ast.AST, inner: list[ast.AST]) -> frozenset[str]:
    names = bindings(inner)
    if isinstance(node, (*_FUNCTIONS, ast.Lambda)):
        names |= {each.arg for each in walk(node.args) if isinstance(each, ast.arg)}
    declared = {
        name for each in in_scope(inner) if isinstance(each, ast.Global) for name in each.names
    }
    return frozenset(names - declared)
