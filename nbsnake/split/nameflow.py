"""Which names the parts of a notebook bind, need and change, found by reading."""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from nbsnake.split.aliases import Alias, compared, find_aliases, made_by_numpy
from nbsnake.split.changes import (
    GENERATORS,
    calls,
    changes,
    draws,
    has_state,
    is_drawing,
    is_setting,
    seeded,
)
from nbsnake.split.reads import bound_by, needed

Definition = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
STATE = "state of "  # before the name of a random generator, whose state passes like a value


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names of one part.

    ``needs`` are used before the part binds them itself. ``definitions`` are imports, functions,
    classes and lambdas, by name: their code, which other parts repeat. So they do ``settings``,
    which are statements that set up a module; ``order`` are both, in the order of the part.
    ``stateful`` are bound to what each use changes, and ``calls`` maps functions to the names that
    they are called on or with. ``seeds`` are the random generators that are set, and ``draws``
    those that may be used before that. ``aliases`` are names that may lead to the same object,
    ``compared`` those that are compared by identity, and ``arrays`` those that numpy makes.
    """

    binds: frozenset[str]
    changes: frozenset[str]
    needs: frozenset[str]
    definitions: dict[str, ast.stmt]
    settings: tuple[ast.stmt, ...]
    order: tuple[ast.stmt, ...]
    stateful: frozenset[str]
    calls: Mapping[str, frozenset[str]]
    seeds: frozenset[str]
    draws: frozenset[str]
    aliases: tuple[Alias, ...]
    compared: frozenset[str]
    arrays: frozenset[str]


def names_of_parts(bodies: Iterable[Iterable[ast.stmt]]) -> list[Names]:
    """The names of the parts, whose statements are those of their cells in order."""
    found: list[Names] = []
    for body in bodies:
        found.append(_names_of(list(body), found))
    return found


def _names_of(body: Sequence[ast.stmt], before: Sequence[Names]) -> Names:
    bound = set[str]()
    definitions: dict[str, ast.stmt] = {}
    known = {name: node for part in before for name, node in part.definitions.items()}
    settings, order = [], []
    for node in body:
        own = bound_by(node)
        imported = frozenset(n for n, each in known.items() if _is_import(each))
        if is_setting(node, imported):
            settings.append(node)
            order.append(node)
        elif is_definition(node):
            definitions |= dict.fromkeys(own, node)
            known |= dict.fromkeys(own, node)
            order.append(node)
        else:
            definitions = {name: each for name, each in definitions.items() if name not in own}
        bound |= own
    seeds, drawn = _random(body, known)
    return Names(
        binds=frozenset(bound),
        changes=frozenset(name for node in body for name in changes(node)),
        needs=frozenset(needed(body)),
        definitions=definitions,
        settings=tuple(settings),
        order=tuple(order),
        stateful=frozenset(name for node in body if has_state(node) for name in bound_by(node)),
        calls=_calls(body),
        seeds=seeds,
        draws=drawn,
        aliases=tuple(_aliases(body, known)),
        compared=frozenset(name for node in body for name in compared(node)),
        arrays=frozenset(made_by_numpy(body, _numpy_names(known))),
    )


def _aliases(body: Iterable[ast.stmt], known: Mapping[str, ast.stmt]) -> Iterator[Alias]:
    """The aliases of values; what other parts repeat is none."""
    for node in body:
        if is_definition(node):
            continue
        for each in find_aliases(node):
            names = each.names - known.keys()
            if len(names) > 1:
                yield replace(each, names=names)


def _numpy_names(known: Mapping[str, ast.stmt]) -> set[str]:
    return {
        name
        for name, node in known.items()
        if isinstance(node, ast.Import | ast.ImportFrom) and "numpy" in ast.unparse(node)
    }


def _calls(body: Iterable[ast.stmt]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for node in body:
        for function, names in calls(node):
            found[function] = found.get(function, frozenset()) | names
    return found


def _random(
    body: Iterable[ast.stmt], known: Mapping[str, ast.stmt]
) -> tuple[frozenset[str], frozenset[str]]:
    """The random generators that a part seeds, and those that it may use before."""
    seeds, drawn = set[str](), set[str]()
    drawing = frozenset(
        name
        for name, node in known.items()
        if is_drawing(node) or (not _is_import(node) and draws(node, frozenset()))
    )
    for node in body:
        if own := set(seeded(node)):
            seeds |= own
        elif not _is_import(node) and draws(node, drawing):
            drawn |= GENERATORS.keys() - seeds
    return frozenset(seeds), frozenset(drawn)


def _is_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom | ast.Try | ast.If)


def is_definition(node: ast.stmt) -> bool:
    """Whether a statement only says what a name means, so that it can be repeated."""
    if isinstance(node, Definition):
        return True
    if isinstance(node, ast.Try | ast.If):
        inner = [each for each in ast.walk(node) if isinstance(each, ast.stmt)][1:]
        imports = [each for each in inner if isinstance(each, ast.Import | ast.ImportFrom)]
        return bool(imports) and all(
            isinstance(each, ast.Pass) or is_definition(each) for each in inner
        )
    if not isinstance(node, ast.Assign):
        return False
    return isinstance(node.value, ast.Lambda | ast.Constant) or _holds_code(node.value)


def _holds_code(value: ast.expr) -> bool:
    """Whether a list, tuple or mapping has functions without a name in it, which no file holds."""
    is_container = isinstance(value, ast.Dict | ast.List | ast.Tuple)
    return is_container and any(isinstance(each, ast.Lambda) for each in ast.walk(value))
