"""A table that a notebook shows as HTML, and a terminal as text."""

from html import escape

from nbsnake.tables import Table, as_text, short

# By state; each has at least 4.5 : 1 with black text.
COLORS = {
    "fresh": "#cdebcd",
    "stale": "#ffe0a3",
    "waiting": "#ffe0a3",
    "restorable": "#cfe3f7",
    "running": "#cfe3f7",
    "failed": "#fbc4c0",
    "not generated": "#fbc4c0",
}


class RichTable:
    """``lines`` are shown above; a table without rows is left out, and no text is markup."""

    def __init__(self, table: Table, lines: str = "") -> None:
        self._table, self._lines = table, lines.strip()

    def __repr__(self) -> str:
        table = as_text(self._table).rstrip("\n") if self._table.rows else ""
        return "\n".join(filter(None, [self._lines, table]))

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(each)}</th>" for each in self._table.header)
        rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in self._table.rows)
        above = f"<pre>{escape(self._lines)}</pre>" if self._lines else ""
        if not rows:
            return above
        return f"{above}<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(value: object) -> str:
    text = short(value)
    color = f"background:{COLORS[text]};color:#000;" if text in COLORS else ""
    return f'<td style="{color}text-align:left">{escape(text)}</td>'
