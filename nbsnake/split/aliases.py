"""Names that may lead to the same object, found by reading: a change by one shows in the other."""

import ast
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass

_PUTS = frozenset({"add", "append", "appendleft", "extend", "insert", "setdefault", "update"})
_RETURNS_OWN = frozenset(
    {"add_axes", "add_subplot", "fit", "gca", "get", "items", "parameters", "setdefault"}
    | {"twinx", "twiny", "values"}
)
_VIEWS = frozenset({"ravel", "reshape", "squeeze", "swapaxes", "transpose", "view"})
_PASSES_ON = frozenset({"enumerate", "filter", "iter", "list", "map", "reversed", "tuple", "zip"})
_COPIES = frozenset({"train_test_split"})  # several results that have nothing in common
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


@dataclass(frozen=True, slots=True)
class Alias:
    """Names of which one may lead to what another one is, by a node of the code.

    ``view_of`` are the names whose memory an array would share, which no file keeps.
    """

    names: frozenset[str]
    node: ast.AST
    view_of: frozenset[str] = frozenset()


def find_aliases(statement: ast.stmt) -> Iterator[Alias]:
    """The aliases that a statement makes when it runs; those inside of functions stay there."""
    for node in _outside_functions(statement):
        for names, view_of in _made(node):
            if len(names) > 1:
                yield Alias(frozenset(names), node, frozenset(view_of))


def compared(statement: ast.stmt) -> set[str]:
    """The names that code compares by ``is``, other than with None."""
    found = set[str]()
    for node in ast.walk(statement):
        if isinstance(node, ast.Compare) and any(
            isinstance(n, ast.Is | ast.IsNot) for n in node.ops
        ):
            sides = [node.left, *node.comparators]
            if not any(isinstance(each, ast.Constant) for each in sides):
                found = found.union(*map(_leads_to, sides))
    return found


def groups_of(aliases: Iterable[Alias]) -> list[frozenset[str]]:
    """The names that are connected by aliases."""
    groups: list[set[str]] = []
    for each in aliases:
        joined = set(each.names).union(*(own for own in groups if own & each.names))
        groups = [own for own in groups if not own & each.names] + [joined]
    return [frozenset(own) for own in groups]


def made_by_numpy(body: Sequence[ast.stmt], modules: Set[str]) -> set[str]:
    """The names to which statements assign the results of functions of numpy's ``modules``."""
    return {
        target.id
        for statement in body
        for node in _outside_functions(statement)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        if _first_name(node.value.func) in modules
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, _FUNCTIONS):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _outside_functions(child)


def _made(node: ast.AST) -> Iterator[tuple[set[str], set[str]]]:
    """What a node ties together: the names, and those of which one is a view."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _assigned(target, node.value)
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        yield from _assigned(node.target, node.value)
    elif isinstance(node, ast.For):
        yield _targets(node.target) | _leads_to(node.iter), set()
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        puts = node.func.attr in _PUTS
        given = [*node.args, *(each.value for each in node.keywords)] if puts else []
        yield _leads_to(node.func.value).union(*map(_leads_to, given)), set()


def _assigned(target: ast.expr, value: ast.expr) -> Iterator[tuple[set[str], set[str]]]:
    if isinstance(target, ast.Tuple | ast.List):
        if isinstance(value, ast.Tuple | ast.List) and len(target.elts) == len(value.elts):
            for one, own in zip(target.elts, value.elts, strict=True):
                yield from _assigned(one, own)
            return
        if isinstance(value, ast.Call) and _verb(value) in _COPIES:
            return
    yield _targets(target) | _leads_to(value), _viewed(value)


def _targets(target: ast.expr) -> set[str]:
    """The names that an assignment changes, be it an item or attribute of theirs."""
    if isinstance(target, ast.Tuple | ast.List):
        return set().union(*map(_targets, target.elts))
    while isinstance(target, ast.Subscript | ast.Attribute | ast.Starred):
        target = target.value
    return {target.id} if isinstance(target, ast.Name) else set()


def _leads_to(value: ast.expr) -> set[str]:
    """The names whose objects a value is, holds, or is a part of."""
    if isinstance(value, ast.Name):
        return {value.id}
    if isinstance(value, ast.Subscript | ast.Attribute | ast.Starred | ast.Await | ast.NamedExpr):
        return _leads_to(value.value)
    if isinstance(value, ast.Tuple | ast.List | ast.Set):
        return set().union(*map(_leads_to, value.elts))
    if isinstance(value, ast.Dict):
        return set().union(*map(_leads_to, value.values))
    if isinstance(value, ast.IfExp):
        return _leads_to(value.body) | _leads_to(value.orelse)
    if isinstance(value, ast.BoolOp):
        return set().union(*map(_leads_to, value.values))
    if isinstance(value, ast.ListComp | ast.SetComp | ast.GeneratorExp):
        own = set().union(*(_targets(each.target) for each in value.generators))
        inside = _leads_to(value.elt)
        iterated = set().union(*(_leads_to(each.iter) for each in value.generators))
        return (inside - own) | (iterated if inside & own else set())
    return _leads_to_by_call(value) if isinstance(value, ast.Call) else set()


def _leads_to_by_call(call: ast.Call) -> set[str]:
    """An object of a class may keep what it is given; few functions give what they are given."""
    verb = _verb(call)
    found = set[str]()
    if verb[:1].isupper() or verb in _PASSES_ON:
        given = [*call.args, *(each.value for each in call.keywords)]
        found |= set().union(*map(_leads_to, given))
    if isinstance(call.func, ast.Attribute) and verb in _RETURNS_OWN | _VIEWS:
        found |= _leads_to(call.func.value)
    return found


def _viewed(value: ast.expr) -> set[str]:
    """The names of which a value would be a view, were they arrays."""
    if isinstance(value, ast.Subscript):
        return _leads_to(value.value)
    if isinstance(value, ast.Attribute) and value.attr == "T":
        return _leads_to(value.value)
    is_view = isinstance(value, ast.Call) and _verb(value) in _VIEWS
    return _leads_to(value) if is_view else set()


def _verb(call: ast.Call) -> str:
    return str(getattr(call.func, "attr", getattr(call.func, "id", "")))


def _first_name(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
