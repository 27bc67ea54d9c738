"""Merging two changed versions of lines, by the version from which both come."""

import ast
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Region:
    """Lines that one version or both have changed; the others are the same in all.

    ``line`` is the number of lines of their version that come before it.
    """

    base: tuple[str, ...]
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    line: int

    @property
    def is_changed_twice(self) -> bool:
        """Whether the two versions differ from the base, and from one another."""
        return self.base not in (self.ours, self.theirs) and self.ours != self.theirs


class _Change(NamedTuple):
    start: int
    end: int
    is_theirs: bool
    lines: tuple[str, ...]


def merge_regions(
    base: Sequence[str], ours: Sequence[str], theirs: Sequence[str], *, adjacent: bool
) -> Iterator[Region]:
    """The lines in regions, in order.

    Changes of both that touch are one region where they are ``adjacent``, as git has it; else only
    where they overlap.
    """
    changes = sorted([*_changes(base, ours, False), *_changes(base, theirs, True)])
    done = line = 0
    while changes:
        start, end, group = changes[0].start, changes[0].end, [changes.pop(0)]
        while changes and _joins(changes[0], start, end, adjacent=adjacent):
            end = max(end, changes[0].end)
            group.append(changes.pop(0))
        same = tuple(base[done:start])
        yield Region(same, same, same, line)
        ours, theirs = (
            _applied(base, start, end, [each for each in group if each.is_theirs is is_theirs])
            for is_theirs in (False, True)
        )
        yield Region(tuple(base[start:end]), ours, theirs, line + len(same))
        line += len(same) + len(theirs)
        done = end
    same = tuple(base[done:])
    yield Region(same, same, same, line)


def _joins(change: _Change, start: int, end: int, *, adjacent: bool) -> bool:
    return change.start <= end if adjacent else change.start < end


def _applied(
    base: Sequence[str], start: int, end: int, changes: Sequence[_Change]
) -> tuple[str, ...]:
    lines = list[str]()
    for change in changes:
        lines += [*base[start : change.start], *change.lines]
        start = change.end
    return (*lines, *base[start:end])


def _changes(base: Sequence[str], other: Sequence[str], is_theirs: bool) -> Iterator[_Change]:
    """Where the other version differs, in pieces that can stand alone."""
    before, after = list(map(line_key, base)), list(map(line_key, other))
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, start, end, first, last in matcher.get_opcodes():
        is_by_line = end - start == last - first and all(map(_is_statement, base[start:end]))
        if tag == "equal" or is_by_line:
            for number in range(end - start):
                line = other[first + number]
                if base[start + number] != line:
                    yield _Change(start + number, start + number + 1, is_theirs, (line,))
        else:
            yield _Change(start, end, is_theirs, tuple(other[first:last]))


def _is_statement(line: str) -> bool:
    return line[:1].strip() != "" and tree_of(line) is not None


@cache
def line_key(line: str) -> str:
    """What a line says, however it is written; the line itself where it is not a statement."""
    text = line.strip()
    tree = tree_of(text) if text and "#" not in text else None
    return f"{line[: len(line) - len(line.lstrip())]}{tree}" if tree else line.rstrip()


def tree_of(code: str) -> str | None:
    """The syntax tree of code as text, be it all indented; None for what is not Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.dump(ast.parse(textwrap.dedent(code)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
