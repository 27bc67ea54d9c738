"""What only IPython understands, written as plain Python, or refused.

A cell that is Python already stays as it is. In another one each statement that IPython would
take for its own is replaced in its place, so that all other lines keep their numbers; then the
names and the ``await`` that only IPython knows are looked for in the tree of what came of it.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from nbsnake.errors import NbsnakeError, NotebookError, Where
from nbsnake.ipython.around import Include
from nbsnake.ipython.awaits import string_faults, without_awaits
from nbsnake.ipython.backends import Backend, backend_of, begins_inline, has_settings
from nbsnake.ipython.cellmagics import translate
from nbsnake.ipython.celltext import Fault, Place, Translation
from nbsnake.ipython.certain import Certainty
from nbsnake.ipython.displays import are_updated, with_displays
from nbsnake.ipython.expansion import Names
from nbsnake.ipython.figures import Figures, find_figures
from nbsnake.ipython.kernel import with_kernel
from nbsnake.ipython.results import find_results
from nbsnake.ipython.scopes import (
    Usage,
    bound_by,
    free_reads,
    parse,
    usage,
)
from nbsnake.ipython.sessioncalls import session_calls
from nbsnake.ipython.standins import HELPERS, needed
from nbsnake.ipython.syntax import lines
from nbsnake.model.step import RAISES, Cell
from nbsnake.python.habits import Habit, habits_of
from nbsnake.python.nodes import walk

_BINDING = re.compile(r"\bexec\(|\b(?:globals|locals|vars)\(\)(?:\[|\.(?:update|setdefault)\b)")
_LIST_ATTRIBUTES = frozenset(
    {"fields", "get_list", "get_nlstr", "get_paths", "get_spstr", "grep", "l", "list", "n"}
    | {"nlstr", "p", "paths", "s", "sort", "spstr"}
)


@dataclass(frozen=True, slots=True)
class _Code:
    """A translated cell that is Python, with the names that it uses.

    ``inner`` is the code that it hands to ``_nb_once``.
    """

    source: str
    tree: ast.Module
    names: Usage
    inner: tuple[ast.Module, ...]

    def free_reads(self) -> Iterator[ast.Name]:
        yield from self.names.free
        for tree in self.inner:
            yield from free_reads(tree)


_Codes = Mapping[int, _Code]


class Translated(NamedTuple):
    """The cells as plain Python, all that was refused, and what they meet of a kernel."""

    cells: list[Cell]
    errors: list[NbsnakeError]
    habits: frozenset[Habit]
    backend: Backend
    dropped: Mapping[int, tuple[str, ...]]


def to_python(
    cells: Sequence[Cell],
    notebook: str,
    *,
    in_step: bool,
    left_out: Sequence[Cell] = (),
    include: Include | None = None,
) -> Translated:
    """The cells with everything that only IPython understands written as plain Python.

    ``helpers`` of a cell names the functions of :mod:`nbsnake.ipython.standins` that it then
    needs. The errors are all that was refused, each with its place; a cell that is not Python for
    another reason is left to the caller.
    """
    texts = {cell.index: cell.source for cell in cells if cell.kind == "code"}
    failing = {cell.index for cell in cells if RAISES in cell.tags}
    place = Place(notebook, in_step, Names(), lambda name: False, include=include)
    first = {
        index: _translated(text, replace(place, is_fresh=number == 0))
        for number, (index, text) in enumerate(texts.items())
    }
    rough = _read(first)
    backend = backend_of(texts.values())
    figures = _figures(texts, rough, backend)
    place_of = _places(texts, rough, _with_figures(place, figures, backend), failing)
    found = _translated_again(texts, first, place_of)
    bound = {index: code.names.bound for index, code in _read(found, rough).items()}
    results = find_results(cells, left_out, found, bound)
    found = {index: results.applied(index, each) for index, each in found.items()}
    codes = _read(found, rough)
    needs = _needs(codes, updates=are_updated(texts.values()))
    habits = habits_of(code.tree for code in codes.values())
    plain = [_plain(cell, found, needs) for cell in cells]
    top = next((index for index, code in codes.items() if code.tree.body), 0)
    own = [*_own_display(codes, texts), *results.first()]
    above = {**results.inputs, top: (*own, *results.inputs.get(top, ()))}
    around = [
        replace(cell, above=(*above.get(cell.index, ()), *cell.above))
        for cell in with_kernel(plain, figures, habits)
    ]
    dropped = {index: each.dropped for index, each in found.items() if each.dropped}
    return Translated(around, _errors(found, codes, needs, notebook), habits, backend, dropped)


def _figures(texts: Mapping[int, str], codes: _Codes, backend: Backend) -> Figures:
    return find_figures(
        {index: code.tree for index, code in codes.items()},
        backend,
        frozenset(),
        settings=has_settings(texts.values()),
        magic=next((index for index, text in texts.items() if begins_inline(text)), None),
    )


def _with_figures(place: Place, figures: Figures, backend: Backend) -> Place:
    end = "_nb_end_figures()" if figures.is_inline else "_nb_close_figures()"
    end = "" if backend is Backend.OTHER else end
    return replace(place, is_inline=figures.is_inline, figure_end=end)


def _translated_again(
    texts: Mapping[int, str],
    first: Mapping[int, Translation],
    place_of: Callable[[int], Place],
) -> dict[int, Translation]:
    """The cells translated with all that a first translation shows of them.

    To know more names never makes a magic of what was none.
    """
    found = {
        index: without_awaits(
            first[index]
            if first[index] == Translation(text)
            else _translated(text, place_of(index))
        )
        for index, text in texts.items()
    }
    return with_displays(found) if are_updated(texts.values()) else found


def _plain(
    cell: Cell, found: Mapping[int, Translation], needs: Mapping[int, frozenset[str]]
) -> Cell:
    if cell.kind != "code":
        return cell
    return replace(cell, source=_harmless(found[cell.index]), helpers=needed(needs[cell.index]))


def _own_display(codes: _Codes, texts: Mapping[int, str]) -> Iterator[str]:
    if are_updated(texts.values()) and _reads_display(codes):
        yield "display = _nb_display"


def _errors(
    found: Mapping[int, Translation],
    codes: _Codes,
    needs: Mapping[int, frozenset[str]],
    notebook: str,
) -> list[NbsnakeError]:
    """All that is refused, in the order of the cells."""
    whole = _Whole(
        bound=_all(code.names.bound for code in codes.values()),
        lists=frozenset(name for code in codes.values() for name in _lists(code)),
        used=_all(needs.values()),
    )
    return [
        NotebookError(fault.message, where=Where(notebook, index, fault.line), hint=fault.hint)
        for index, each in found.items()
        for fault in sorted({*each.faults, *_faults(codes.get(index), each, whole)})
    ]


def _translated(text: str, place: Place) -> Translation:
    return session_calls(translate(text, place), place)


def _harmless(translation: Translation) -> str:
    """The source, or comments for one with faults, reported or not."""
    if not translation.faults or parse(translation.source) is not None:
        return translation.source
    return "".join(f"# {line}" for line in lines(translation.source))


def _read(translations: Mapping[int, Translation], known: _Codes | None = None) -> _Codes:
    """The names that each cell uses, except cells that are not Python."""
    found = {}
    for index, translation in translations.items():
        if known and index in known and known[index].source == translation.source:
            found[index] = known[index]
        elif tree := parse(translation.source):
            once = tuple(_codes_in_strings(tree, "_nb_once", translation.source))
            waiting = tuple(_codes_in_strings(tree, "_nb_async", translation.source))
            names = _together([usage(tree), *map(usage, waiting)]) if waiting else usage(tree)
            found[index] = _Code(translation.source, tree, names, once)
    return found


def _codes_in_strings(tree: ast.AST, function: str, source: str) -> Iterator[ast.Module]:
    for node in walk(tree) if function in source else ():
        match node:
            case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(code)), *_]) if (
                name == function
            ):
                yield parse(code) or ast.Module([], [])


def _together(each: Sequence[Usage]) -> Usage:
    return Usage(
        bound=_all(names.bound for names in each),
        anywhere=_all(names.anywhere for names in each),
        read=_all(names.read for names in each),
        free=tuple(name for names in each for name in names.free),
        is_open=any(names.is_open for names in each),
    )


def _places(
    texts: Mapping[int, str], rough: _Codes, place: Place, failing: Container[int]
) -> Callable[[int], Place]:
    """What a cell can read, as far as a first translation shows; ``failing`` cells may not end."""
    bound = _all(code.names.bound for code in rough.values())
    is_open = any(map(_BINDING.search, texts.values())) or any(
        code.names.is_open or any(name.startswith("_nb_run") for name in code.names.read)
        for code in rough.values()
    )
    read = _all(code.names.read for code in rough.values()) | {
        name.id for code in rough.values() for name in code.free_reads()
    }

    def elsewhere(name: str) -> bool:
        filled_in = re.compile(rf"\$\$?{name}\b|\{{[^{{}}\n]*\b{name}\b[^{{}}\n]*\}}")
        return name in read or any(map(filled_in.search, texts.values()))

    whole = replace(
        place,
        names=Names(bound, is_open),
        elsewhere=elsewhere,
        bound=bound,
        imports_session=any(map(_imports_session, rough.values())),
    )
    first = next(iter(texts), None)
    certain = Certainty({index: code.tree for index, code in rough.items()}, failing)

    def place_of(index: int) -> Place:
        local = rough[index].names.anywhere if index in rough else frozenset[str]()
        own = Names(bound | local, is_open)
        known = partial(certain.has, index)
        return replace(whole, local=own, is_fresh=index == first, certain=known)

    return place_of


def _all(names: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset[str]().union(*names)


def _imports_session(code: _Code) -> bool:
    return "get_ipython" in code.names.bound and any(
        isinstance(node, ast.ImportFrom)
        and (node.module or "").partition(".")[0] == "IPython"
        and any(alias.name == "get_ipython" for alias in node.names)
        for node in walk(code.tree)
    )


def _needs(codes: _Codes, *, updates: bool) -> Mapping[int, frozenset[str]]:
    """The functions that each cell calls and that the notebook does not define itself."""
    needs: dict[int, frozenset[str]] = defaultdict(frozenset)
    bound: frozenset[str] = frozenset()
    for index, code in codes.items():
        bound |= code.names.bound
        read = {node.id for node in code.free_reads()} & HELPERS.keys()
        if "display" in bound:
            read -= {"display"}
        elif updates and "display" in read:
            read = (read - {"display"}) | {"_nb_display"}
        needs[index] = frozenset(read)
    return needs


def _reads_display(codes: _Codes) -> bool:
    """Whether a cell uses the ``display`` that IPython has without an import."""
    bound: frozenset[str] = frozenset()
    for code in codes.values():
        bound |= code.names.bound
        if "display" not in bound and any(node.id == "display" for node in code.free_reads()):
            return True
    return False


@dataclass(frozen=True, slots=True)
class _Whole:
    """What is known of all cells together: the names that they bind at module level, those of
    lists of lines, and the functions that they need."""

    bound: frozenset[str]
    lists: frozenset[str]
    used: frozenset[str]


def _faults(code: _Code | None, translation: Translation, whole: _Whole) -> Iterator[Fault]:
    """What is wrong with the names of a cell."""
    if code is None:
        return
    yield from _exit_faults(code, whole.bound)
    yield from _list_faults(code, whole.lists)
    yield from _clashes(code, whole.used)
    yield from string_faults(code.tree, translation.lines)


def _exit_faults(code: _Code, bound: frozenset[str]) -> Iterator[Fault]:
    match code.tree.body:
        case [ast.Expr(value=ast.Name(id="exit" | "quit" as name))] if name not in bound:
            hint = f"write '{name}()', or mark the cell '# No effect'"
            yield Fault(
                code.tree.body[0].lineno,
                f"{name!r} ends IPython, but not a script",
                hint,
            )


def _lists(code: _Code) -> Iterator[str]:
    """The names of lists of lines, which IPython gives attributes of its own."""
    for node in walk(code.tree) if "_nb_lines" in code.names.read else ():
        match node:
            case ast.Assign(
                targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id="_nb_lines"))
            ):
                yield name


def _list_faults(code: _Code, names: frozenset[str]) -> Iterator[Fault]:
    for node in walk(code.tree) if names & code.names.read else ():
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if (
                name in names and attribute in _LIST_ATTRIBUTES
            ):
                yield Fault(
                    node.lineno,
                    f"'{name}.{attribute}' is for IPython's lists, but {name!r} is a plain list",
                    'use methods of Python lists, such as "\\n".join(...)',
                )


def _clashes(code: _Code, used: frozenset[str]) -> Iterator[Fault]:
    own = code.names.anywhere & {name for name in used if name.startswith("_nb_")}
    for node in walk(code.tree) if own else ():
        for name in own.intersection([node.arg] if isinstance(node, ast.arg) else bound_by(node)):
            line = getattr(node, "lineno", 1)
            yield Fault(
                line, f"{name!r} is a name that the script needs itself", "choose another one"
            )
