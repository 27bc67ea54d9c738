"""Tables as text, as CSV and as Markdown."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from nbsnake.escape import escaped

ABSENT = ""  # an empty cell
# What means something in Markdown, and what GitHub makes a link or a mention of in any case.
_MARKUP = re.compile(r"[\\`*\[\]<>!~&$|]|(?<![^\W_])_|_(?![^\W_])|:(?=[\w+-]+:)")
_LINKED = re.compile(r"://|www\.|[\w.+-]@[\w-]+\.|(?:^|\W)[@#]\w|GH-\d", re.IGNORECASE)
_TICKS = re.compile(r"`+")


class Table(NamedTuple):
    header: Sequence[str]
    rows: Sequence[Sequence[Any]]


def short(value: Any) -> str:
    """A value in one line for the eye, floats with six digits."""
    if isinstance(value, float):
        return f"{value:.6g}"
    return exact(value)


def exact(value: Any) -> str:
    """A value with all its digits; a text is itself, and anything else is as JSON says it."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return escaped(text)


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
    """A table as GitHub shows it; no text becomes a link, an image, HTML or a mention."""
    header, *rows = [[short(cell) for cell in line] for line in (table.header, *table.rows)]
    columns = [_markdown_column(list(cells)) for cells in zip(*rows, strict=True)]
    rule = ["---:" if right else "---" for right in _right(table)]
    lines = (list(map(escape_markup, header)), rule, *zip(*columns, strict=True))
    return _lines(f"| {' | '.join(line)} |" for line in lines)


def _markdown_column(cells: list[str]) -> list[str]:
    """The cells as text; all as code where GitHub would make a link of a part of one."""
    return list(map(_as_code if any(map(_LINKED.search, cells)) else escape_markup, cells))


def escape_markup(text: str) -> str:
    """Text in one line of Markdown, in which it is nothing but text."""
    return _as_code(text) if _LINKED.search(text) else _MARKUP.sub(r"\\\g<0>", text)


def _as_code(text: str) -> str:
    if not text:
        return text
    ticks = "`" * (max(map(len, _TICKS.findall(text)), default=0) + 1)
    padding = " " if "`" in (text[0], text[-1]) else ""
    return f"{ticks}{padding}{text}{padding}{ticks}".replace("|", "\\|")


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
