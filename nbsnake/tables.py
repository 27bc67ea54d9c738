"""Tables as text, as CSV and as Markdown."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

ABSENT = ""  # an empty cell


class Table(NamedTuple):
    header: Sequence[str]
    rows: Sequence[Sequence[Any]]


def short(value: Any) -> str:
    """A value in one line for the eye, floats with six digits."""
    if isinstance(value, float):
        return f"{value:.6g}"
    text = exact(value)
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def exact(value: Any) -> str:
    """A value with all its digits; a text is itself, and anything else is as JSON says it."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def is_number(value: Any) -> bool:
    """Whether a cell is shown as a number; true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def as_text(table: Table) -> str:
    """Columns two spaces apart; those of numbers are aligned right."""
    lines = [list(map(short, line)) for line in (table.header, *table.rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    pads = [str.rjust if right else str.ljust for right in _right(table)]
    return _lines("  ".join(_padded(line, widths, pads)).rstrip() for line in lines)


def as_markdown(table: Table) -> str:
    """A table as GitHub shows it."""
    header, *rows = (
        [short(cell).replace("\\", "\\\\").replace("|", "\\|") for cell in line]
        for line in (table.header, *table.rows)
    )
    rule = ["---:" if right else "---" for right in _right(table)]
    return _lines(f"| {' | '.join(line)} |" for line in (header, rule, *rows))


def as_csv(table: Table) -> str:
    """The table as CSV, with all digits and a header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows(map(exact, line) for line in (table.header, *table.rows))
    return text.getvalue()


def _right(table: Table) -> list[bool]:
    """Whether each column holds numbers only; empty cells do not count."""
    columns = [[row[place] for row in table.rows] for place in range(len(table.header))]
    filled = [[cell for cell in column if cell != ABSENT] for column in columns]
    return [bool(cells) and all(map(is_number, cells)) for cells in filled]


def _padded(
    line: Sequence[str], widths: Sequence[int], pads: Sequence[Callable[[str, int], str]]
) -> list[str]:
    return [pad(cell, width) for cell, width, pad in zip(line, widths, pads, strict=True)]


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
