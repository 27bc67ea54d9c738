"""Which names the parts of a notebook bind, need and change, found by reading."""

import ast
import builtins
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from nbsnake.adopt.constants import bound_at_top

Definition = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_OWN_NAMES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, *_COMPREHENSIONS)
_SHOWS = frozenset({"print", "display"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names of one part.

    ``needs`` are used before the part binds them itself. ``definitions`` are imports, functions,
    classes and lambdas, by name: their code, which other parts repeat.
    """

    binds: frozenset[str]
    changes: frozenset[str]
    needs: frozenset[str]
    definitions: dict[str, ast.stmt]


def names_of(body: Iterable[ast.stmt]) -> Names:
    """The names of a part, whose statements are those of its cells in order."""
    bound, changed, needed = set[str](), set[str](), dict[str, None]()
    definitions: dict[str, ast.stmt] = {}
    for node in body:
        needed.update(dict.fromkeys(each for each in _reads(node) if each not in bound))
        own = set(bound_at_top(ast.Module([node], [])))
        changed |= set(_changes(node))
        if is_definition(node):
            definitions |= dict.fromkeys(own, node)
        else:
            definitions = {name: each for name, each in definitions.items() if name not in own}
        bound |= own
    known = {name for name in needed if not hasattr(builtins, name)}
    return Names(
        binds=frozenset(bound),
        changes=frozenset(changed),
        needs=frozenset(known),
        definitions=definitions,
    )


def is_definition(node: ast.stmt) -> bool:
    """Whether a statement only says what a name means, so that it can be repeated."""
    if isinstance(node, Definition):
        return True
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda | ast.Constant)


def free_names(node: ast.stmt) -> set[str]:
    """The names that a definition uses and that are not its own."""
    return {name for name in _reads(node) if not hasattr(builtins, name)}


def _reads(node: ast.AST) -> Iterator[str]:
    """The names of other statements that a statement may read, also later in its functions."""
    local = _local(node) if isinstance(node, _OWN_NAMES) else set()
    for child in ast.iter_child_nodes(node):
        yield from (name for name in _reads(child) if name not in local)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load | ast.Del):
        yield node.id
    elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        yield node.target.id


def _local(node: ast.AST) -> set[str]:
    """The arguments of a function, and the names that it or a comprehension binds itself."""
    if isinstance(node, _COMPREHENSIONS):
        targets = [each.target for each in node.generators]
        return {own.id for each in targets for own in ast.walk(each) if isinstance(own, ast.Name)}
    found = {each.arg for each in ast.walk(node) if isinstance(each, ast.arg)}
    if isinstance(node, ast.Lambda):
        return found
    shared = {
        name
        for each in ast.walk(node)
        if isinstance(each, ast.Global | ast.Nonlocal)
        for name in each.names
    }
    body = getattr(node, "body", [])
    return (found | set(bound_at_top(ast.Module(list(body), [])))) - shared


def _changes(node: ast.stmt) -> Iterator[str]:
    """The names whose values a statement may change in place."""
    for each in ast.walk(node):
        if isinstance(each, ast.Subscript | ast.Attribute) and not isinstance(each.ctx, ast.Load):
            yield from _root(each)
        elif isinstance(each, ast.AugAssign):
            yield from _root(each.target)
        elif isinstance(each, ast.Expr) and isinstance(each.value, ast.Call):
            function = each.value.func
            if getattr(function, "id", "") not in _SHOWS:
                yield from _root(function) if isinstance(function, ast.Attribute) else ()
                yield from (name for arg in each.value.args for name in _root(arg))


def _root(node: ast.expr) -> Iterator[str]:
    while isinstance(node, ast.Subscript | ast.Attribute | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    if isinstance(node, ast.Name):
        yield node.id


def handed_over(parts: Sequence[Names]) -> list[dict[str, int]]:
    """For each part, the names that it takes from an earlier one, with that part's number.

    A part that may change a value that it was given hands it on.
    """
    found: list[dict[str, int]] = []
    holder: dict[str, int] = {}
    for number, part in enumerate(parts):
        wanted = set(part.needs)
        for name in part.needs:
            wanted |= set(_behind(name, parts[:number], set()))
        taken = {name: holder[name] for name in sorted(wanted) if name in holder}
        found.append(taken)
        kept = {name for name in part.binds if name not in part.definitions}
        changed = {name for name in part.changes if name in taken}
        for name in kept | changed:
            holder[name] = number
        for name in part.definitions:
            holder.pop(name, None)
    return found


def _behind(name: str, parts: Sequence[Names], seen: set[str]) -> Iterator[str]:
    """The names that the definition of a name uses, and those that these use."""
    node = next((p.definitions[name] for p in reversed(parts) if name in p.definitions), None)
    for each in free_names(node) - seen if node is not None else ():
        seen.add(each)
        yield each
        yield from _behind(each, parts, seen)


def repeated(number: int, parts: Sequence[Names], *, takes: bool) -> list[ast.stmt]:
    """The definitions of earlier parts that a part needs, in their order.

    A value that it ``takes`` may be of any class, and hold any function.
    """
    wanted: dict[str, None] = {}
    named = {
        name
        for part in parts[:number]
        for name, node in part.definitions.items()
        if takes and isinstance(node, ast.ClassDef | ast.FunctionDef)
    }
    for name in sorted(parts[number].needs | named):
        wanted.setdefault(name)
        wanted.update(dict.fromkeys(_behind(name, parts[:number], set())))
    found: dict[int, ast.stmt] = {}
    latest: dict[str, ast.stmt] = {}
    for part in parts[:number]:
        for name in part.binds - part.definitions.keys():
            latest.pop(name, None)
        latest |= part.definitions
    order = [node for part in parts[:number] for node in part.definitions.values()]
    for node in order:
        if any(latest.get(name) is node for name in wanted):
            found.setdefault(id(node), node)
    return list(found.values())
