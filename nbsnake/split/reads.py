"""Which names of other statements code reads, and which of them before it binds them itself."""

import ast
from collections.abc import Iterable, Iterator, Sequence, Set

from nbsnake.adopt.constants import bound_at_top

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_OWN_NAMES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, *COMPREHENSIONS)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_Flow = tuple[set[str], set[str]]  # the names that are needed, and those that are surely bound


def needed(body: Iterable[ast.stmt]) -> set[str]:
    """The names that statements may read before they have bound them."""
    return _through(body, set())[0]


def reads(node: ast.AST) -> set[str]:
    """The names that code uses and that are not its own; a notebook may bind built-in ones too."""
    return set(_reads(node))


def arguments_of(node: ast.AST) -> set[str]:
    """The arguments of the functions in code."""
    return {each.arg for each in ast.walk(node) if isinstance(each, ast.arg)}


def bound_by(*nodes: ast.AST) -> set[str]:
    """The names that code binds, outside of functions and classes."""
    return set(bound_at_top(ast.Module([*nodes], [])))  # type: ignore[list-item]  # also expressions


def _through(body: Iterable[ast.stmt], bound: Set[str]) -> _Flow:
    """The flow through statements after which others have ``bound`` names."""
    needs, own = set[str](), set(bound)
    for node in body:
        more, own = _after(node, own)
        needs |= more
    return needs, own


def _after(node: ast.stmt, bound: set[str]) -> _Flow:
    if isinstance(node, ast.If):
        return _parts([node.test], [node.body, node.orelse], bound)
    if isinstance(node, ast.Match):
        bodies = [_in_case(case) for case in node.cases]
        return _parts([node.subject], [*bodies, []], bound)
    if isinstance(node, ast.Try | ast.TryStar):
        return _of_try(node, bound)
    if isinstance(node, ast.With | ast.AsyncWith):
        return _after_first(node.items, node.body, bound)
    if isinstance(node, _LOOPS):
        first = [node.test] if isinstance(node, ast.While) else [node.iter, node.target]
        return _after_first(first, [*node.body, *node.orelse], bound)  # as if it runs once
    if isinstance(node, ast.AnnAssign) and node.value is None:
        return reads(node.annotation) - bound, bound
    return reads(node) - bound, bound | bound_by(node)


def _after_first(first: Sequence[ast.AST], body: Sequence[ast.stmt], bound: set[str]) -> _Flow:
    """The flow through statements that come after expressions."""
    needs = set[str]()
    for each in first:
        needs |= reads(each) - bound
        bound = bound | bound_by(each)
    more, bound = _through(body, bound)
    return needs | more, bound


def _parts(
    first: Sequence[ast.AST], bodies: Iterable[Sequence[ast.stmt]], bound: set[str]
) -> _Flow:
    """The flow through one of several bodies after expressions: bound is what each one binds."""
    needs, bound = _after_first(first, [], bound)
    flows = [_through(body, bound) for body in bodies]
    return needs.union(*(each for each, _ in flows)), set.intersection(*(own for _, own in flows))


def _in_case(case: ast.match_case) -> list[ast.stmt]:
    """A case as statements, of which the first one binds what its pattern does."""
    names: list[ast.expr] = [ast.Name(name, ast.Store()) for name in bound_by(case.pattern)]
    value = case.guard or ast.Constant(None)
    pattern = [ast.Expr(each) for each in ast.walk(case.pattern) if isinstance(each, ast.expr)]
    binding = [ast.Assign(names, ast.Constant(None))] if names else []
    return [*pattern, *binding, ast.Expr(value), *case.body]


def _of_try(node: ast.Try | ast.TryStar, bound: set[str]) -> _Flow:
    whole = _through([*node.body, *node.orelse], bound)
    flows = [whole]
    for handler in node.handlers:
        first = [handler.type] if handler.type else []
        flows.append(_after_first(first, handler.body, bound | {handler.name or ""}))
    last = _through(node.finalbody, bound)
    needs = last[0].union(*(each for each, _ in flows))
    return needs, set.intersection(*(own for _, own in flows)) | last[1]


def _reads(node: ast.AST) -> Iterator[str]:
    """As :func:`reads`, also what is read later in its functions."""
    local = _local(node) if isinstance(node, _OWN_NAMES) else set()
    for child in ast.iter_child_nodes(node):
        yield from (name for name in _reads(child) if name not in local)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load | ast.Del):
        yield node.id
    elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        yield node.target.id


def _local(node: ast.AST) -> set[str]:
    """The arguments of a function, and the names that it or a comprehension binds itself."""
    if isinstance(node, COMPREHENSIONS):
        targets = [each.target for each in node.generators]
        return {own.id for each in targets for own in ast.walk(each) if isinstance(own, ast.Name)}
    found = arguments_of(node)
    if isinstance(node, ast.Lambda):
        return found
    shared = {
        name
        for each in ast.walk(node)
        if isinstance(each, ast.Global | ast.Nonlocal)
        for name in each.names
    }
    return (found | bound_by(*getattr(node, "body", []))) - shared
