"""Which values pass from part to part of a notebook, and which definitions each part repeats."""

import ast
import builtins
from collections.abc import Iterator, Mapping, Sequence

from nbsnake.split.aliases import Alias, groups_of
from nbsnake.split.changes import changes
from nbsnake.split.nameflow import STATE, Names
from nbsnake.split.reads import arguments_of, reads


def handed_over(parts: Sequence[Names]) -> list[dict[str, int]]:
    """For each part, the names that it takes from an earlier one, with that part's number.

    A part that may change a value that it was given hands it on, with all names that may lead to
    it. The state of a random generator that a part has set to a seed passes like a value.
    """
    found: list[dict[str, int]] = []
    holder: dict[str, int] = {}
    known: dict[str, ast.stmt] = {}
    stateful = set[str]()
    groups = shared_groups(parts)
    for number, part in enumerate(parts):
        known |= part.definitions
        wanted = _wanted(part, known)
        stateful = (stateful - part.binds) | part.stateful
        changed = _changed(part, known, stateful)
        tied = {name for each in part.aliases for name in each.names}
        touched = [group for group in groups if group & wanted and group & (changed | tied)]
        wanted = wanted.union(*touched)
        taken = {name: holder[name] for name in sorted(wanted) if name in holder}
        found.append(taken)
        kept = {name for name in part.binds if name not in part.definitions}
        on = {name for name in taken if name in changed or any(name in each for each in touched)}
        for name in kept | on | _seeded(part, taken):
            holder[name] = number
        for name in part.definitions:
            holder.pop(name, None)
    return found


def shared_groups(parts: Sequence[Names]) -> list[frozenset[str]]:
    """The names that may lead to the same object of which a later part could tell.

    That is a part that changes it, or compares it by identity.
    """
    aliases = [each for part in parts for each in part.aliases]
    first = {
        name: number
        for number, part in reversed([*enumerate(parts)])
        for each in part.aliases
        for name in each.names
    }
    noticed = [
        {name for name in names if first.get(name, number) < number}
        for number, names in enumerate(_noticed(parts))
    ]
    return [group for group in groups_of(aliases) if any(group & names for names in noticed)]


def lost_views(parts: Sequence[Names]) -> Iterator[Alias]:
    """The aliases by which an array shares the memory of another one, and a later part could tell.

    No file keeps that.
    """
    arrays = {name for part in parts for name in part.arrays}
    changed = list(_noticed(parts))
    for number, part in enumerate(parts):
        later = set[str]().union(*changed[number + 1 :])
        for each in part.aliases:
            if each.view_of & arrays and each.names & later:
                yield each


def _noticed(parts: Sequence[Names]) -> Iterator[set[str]]:
    """For each part, the names whose values it may change, or compares by identity."""
    known: dict[str, ast.stmt] = {}
    stateful = set[str]()
    for part in parts:
        known |= part.definitions
        stateful = (stateful - part.binds) | part.stateful
        yield _changed(part, known, stateful) | part.compared


def _wanted(part: Names, known: Mapping[str, ast.stmt]) -> set[str]:
    """The names that a part uses, also behind definitions, and the generators it draws from."""
    wanted = set(part.needs)
    for name in part.needs:
        wanted |= set(_behind(name, known, set()))
    return wanted | {f"{STATE}{name}" for name in part.draws}


def _changed(part: Names, known: Mapping[str, ast.stmt], stateful: set[str]) -> set[str]:
    """The names whose values a part may change, also by functions it calls."""
    changed, used = set(part.changes), set[str]()
    for function, names in part.calls.items():
        used |= names
        for name in (function, *_behind(function, known, set())):
            if (node := known.get(name)) is not None:
                own, arguments = set(changes(node)), arguments_of(node)
                changed |= own - arguments
                changed |= names if own & arguments else set()
    return changed | (stateful & used)


def _seeded(part: Names, taken: Mapping[str, int]) -> set[str]:
    """The states of random generators that a part leaves, as they come from a seed."""
    return {f"{STATE}{name}" for name in part.seeds} | {n for n in taken if n.startswith(STATE)}


def _behind(name: str, known: Mapping[str, ast.stmt], seen: set[str]) -> Iterator[str]:
    """The names that the definition of a name uses, and those that these use."""
    node = known.get(name)
    for each in reads(node) - seen if node is not None else ():
        seen.add(each)
        yield each
        yield from _behind(each, known, seen)


def repeated(number: int, parts: Sequence[Names], *, takes: bool) -> list[ast.stmt]:
    """The definitions of earlier parts that a part needs, and what sets up modules, in their order.

    A value that it ``takes`` may be of any class, and hold any function.
    """
    latest: dict[str, ast.stmt] = {}
    for part in parts[:number]:
        for name in part.binds - part.definitions.keys():
            latest.pop(name, None)
        latest |= part.definitions
    settings = [
        node
        for part in parts[:number]
        for node in part.settings
        if reads(node) <= latest.keys() | vars(builtins).keys()
    ]
    wanted = set(parts[number].needs).union(*map(reads, settings))
    if takes:
        wanted |= {
            n for n, each in latest.items() if isinstance(each, ast.ClassDef | ast.FunctionDef)
        }
    for name in tuple(wanted):
        wanted |= set(_behind(name, latest, set()))
    kept = {id(latest[name]) for name in wanted if name in latest} | set(map(id, settings))
    return [node for part in parts[:number] for node in part.order if id(node) in kept]
