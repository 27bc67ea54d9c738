"""What is known of a value by reading: a string or number, several items, or nothing.

An expression may have one of several values (after ``if``, or in a loop), so that what is known of
it is a tuple of alternatives, empty where nothing is.
"""

import ast
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

MOST = 64  # alternatives of one value; more are as good as unknown
LONGEST = 4096  # characters, as PATH_MAX of Linux


class Origin(NamedTuple):
    """The expression of a cell that gives a string; ``maker`` is what makes a Path of it, or ""."""

    cell: int
    node: ast.expr
    maker: str = ""

    @property
    def span(self) -> tuple[int, int, int, int, int]:
        """The cell, and where the expression begins and ends in it."""
        node = self.node
        end = (node.end_lineno or node.lineno, node.end_col_offset or 0)
        return (self.cell, node.lineno, node.col_offset, *end)


@dataclass(frozen=True, slots=True)
class Known:
    """A string, number or path; ``maker`` is how the code makes a Path of it, "" for no Path.

    ``sources`` are the literals that it is put together from. A ``partial`` string has ``*`` for
    each part that is not known. An ``absolute`` path has all folders above it, though its text is
    relative to where the notebook runs.
    """

    value: str | int | float
    origin: Origin | None = None
    maker: str = ""
    sources: tuple[Origin, ...] = ()
    partial: bool = False
    absolute: bool = False

    @property
    def literals(self) -> tuple[Origin, ...]:
        """The literals that it is made of, itself if it is one."""
        return self.sources or ((self.origin,) if self.origin else ())

    @property
    def text(self) -> str:
        """The value as f-strings write it."""
        return str(self.value)


@dataclass(frozen=True, slots=True)
class Items:
    """A list, tuple or mapping, which has ``keys``."""

    items: "tuple[Values, ...]"
    keys: "tuple[Values, ...] | None" = None

    def each(self) -> "Values":
        """What a loop over it gives."""
        return united(self.items if self.keys is None else self.keys)


@dataclass(frozen=True, slots=True)
class Matched:
    """The files that fit a pattern, such as ``data/*.csv``."""

    pattern: str
    origin: Origin | None


@dataclass(frozen=True, slots=True)
class Function:
    """A function or lambda of the notebook, with the cell that defines it."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    cell: int
    defaults: "Mapping[str, Values]" = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Space:
    """A class with its attributes, or an object of one."""

    names: "dict[str, Values]"


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that is open, or its text, by the path as the code has it."""

    text: str


Value: TypeAlias = Opened | Known | Items | Matched | Function | Space
Values: TypeAlias = tuple[Value, ...]


_ANYTHING = Known("*", partial=True)


def united(values: Iterable[Values]) -> Values:
    """All alternatives, each once."""
    found: dict[object, Value] = {}
    for each in itertools.chain.from_iterable(values):
        key = (
            (each.value, each.origin and each.origin.span) if isinstance(each, Known) else id(each)
        )
        found.setdefault(key, each)
    return tuple(itertools.islice(found.values(), MOST))


def known(values: Values) -> Iterator[Known]:
    """The alternatives that are strings, numbers or paths."""
    return (each for each in values if isinstance(each, Known))


def flat(values: Values) -> Iterator[Known]:
    """As :func:`known`, with the items of lists."""
    for each in values:
        if isinstance(each, Known):
            yield each
        elif isinstance(each, Items):
            yield from known(each.each())


def combined(
    parts: Iterable[Values], make: Callable[..., str | None], origin: Origin
) -> tuple[Known, ...]:
    """What a function gives for all combinations of what is known of its arguments.

    Of a path, the first part must be known, and others need not. A text longer than a path can be
    is not known, nor one of very many literals: each loop could double it.
    """
    alternatives = [tuple(known(part)) for part in parts]
    if any(alternatives) and alternatives[0]:
        alternatives = [each or (_ANYTHING,) for each in alternatives]
    found = []
    for chosen in itertools.islice(itertools.product(*alternatives), MOST):
        if sum(len(each.text) + len(each.literals) for each in chosen) > LONGEST:
            continue
        text = make(*chosen)
        if text is not None and len(text) <= LONGEST:
            sources = tuple(one for each in chosen for one in each.literals)
            is_partial = any(each.partial for each in chosen)
            from_top = chosen[0].absolute
            found.append(Known(text, origin, origin.maker, sources, is_partial, from_top))
    return tuple(found)
