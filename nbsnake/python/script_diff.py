"""Comparing two versions of a script, cell by cell.

What counts is what Python reads. Formatting and comments are free, so that a formatter may run
over the scripts, and so that a new word in a notebook's text makes no step run again; only the
lines that mark the cells must be the same, for tracebacks lead to them.
"""

import ast
import difflib
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from nbsnake.python.program import MARK

_OPTION = re.compile(r"^(\w+(?: *:[^=\n]+)? *= *)_args\.\w+\b(.*)$", re.MULTILINE)


class Section(NamedTuple):
    """What follows one mark; ``cell`` 0 is what comes before the first."""

    cell: int
    text: str


def is_same_program(old: str, new: str) -> bool:
    """Whether two scripts do the same in the same cells."""
    if old == new:
        return True
    if _code_marks(old) != _code_marks(new):
        return False
    before = _tree(old)
    return before is not None and before == _tree(new)


def _code_marks(text: str) -> list[str]:
    return [section.group() for section in MARK.finditer(text) if "[" not in section.group()]


def _tree(text: str) -> str | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.dump(ast.parse(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def sections(text: str) -> list[Section]:
    """A script in its sections: what comes before the first cell, then one for each cell."""
    starts = [(0, 0), *((mark.start(), int(mark[1])) for mark in MARK.finditer(text))]
    ends = [start for start, _ in starts[1:]] + [len(text)]
    return [Section(cell, text[start:end]) for (start, cell), end in zip(starts, ends, strict=True)]


def changed_cells(old: str, new: str) -> list[int]:
    """The cells whose code differs, 0 for what comes before the first."""
    return differing_cells(dict(sections(old)), dict(sections(new)))


def code_of(script: str) -> dict[int, str]:
    """The code of each cell of a script, without the line that marks it."""
    return {
        cell: text.partition("\n")[2].strip("\n")
        for cell, text in sections(script)
        if cell and text.startswith(f"# %% cell {cell}")
    }


def with_options(then: Mapping[int, str], now: Mapping[int, str]) -> dict[int, str]:
    """The code of a run, as its notebook shows it, with options in place of the values it had."""
    return {cell: _with_options(text, now.get(cell, "")) for cell, text in then.items()}


def _with_options(then: str, now: str) -> str:
    lines = then.splitlines()
    for option in _OPTION.finditer(now):
        start, end = option[1], option[2]
        place = next((n for n, each in enumerate(lines) if each.startswith(start)), None)
        if place is not None and lines[place].endswith(end):
            lines[place] = option[0]
    return "\n".join(lines)


def code_diff(then: Mapping[int, str], now: Mapping[int, str], old: str, new: str) -> Iterator[str]:
    """A unified diff for each cell whose code differs; ``old`` and ``new`` name the two."""
    for cell in differing_cells(then, now):
        yield from difflib.unified_diff(
            [f"{line}\n" for line in then.get(cell, "").splitlines()],
            [f"{line}\n" for line in now.get(cell, "").splitlines()],
            f"{old}, cell {cell}",
            f"{new}, cell {cell}",
        )


def differing_cells(before: Mapping[int, str], after: Mapping[int, str]) -> list[int]:
    """The cells whose code differs, by what each version has in which cell."""
    return sorted(
        cell
        for cell in {*before, *after}
        if not is_same_program(before.get(cell, ""), after.get(cell, ""))
    )


def cell_diff(old: str, new: str, path: str, notebook: str) -> Iterator[str]:
    """A unified diff for each cell whose code differs; ``old`` is the script at ``path``."""
    before, after = dict(sections(old)), dict(sections(new))
    for cell in changed_cells(old, new):
        place = f"cell {cell}" if cell else "before the first cell"
        yield from difflib.unified_diff(
            before.get(cell, "").splitlines(keepends=True),
            after.get(cell, "").splitlines(keepends=True),
            f"{path}, {place}",
            f"{notebook}, {place}",
        )
