"""Write docs/benchmarks.md from the JSON of a benchmark: ``make bench-docs``.

The table stands between two comments; the rest of the page stays. What got slower since the table
before, and exec's cost by the number of steps, stand below it.
"""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rivals_table import lines

DOCS = Path(__file__).parents[2] / "docs"
PAGE, DATA = DOCS / "benchmarks.md", DOCS / "benchmarks.json"
START, END = "<!-- measured -->", "<!-- end of what was measured -->"
SLOWER = 1.1  # times a figure before
WIDTH = 40  # signs of the longest bar


def main() -> None:
    """Put the figures of a run into the page, and keep them beside it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("json", type=Path, help="what rivals_table.py --json wrote")
    found = json.loads(parser.parse_args().json.read_text())
    before = json.loads(DATA.read_text()) if DATA.exists() else {"rows": []}
    PAGE.write_text(with_table(PAGE.read_text(), found, before))
    DATA.write_text(f"{json.dumps(found, indent=1)}\n")


def with_table(page: str, found: dict[str, Any], before: dict[str, Any]) -> str:
    """The page with these figures. Raises :class:`ValueError` where it has no place for them."""
    head, start, rest = page.partition(START)
    _, end, tail = rest.partition(END)
    if not (start and end):
        raise ValueError(f"{PAGE.name} has no lines {START} and {END}")
    text = "\n".join([*lines(found), "", *_slower(found, before), "", *_plot(found)])
    return f"{head}{START}\n{text}\n{END}{tail}"


def _slower(found: dict[str, Any], before: dict[str, Any]) -> Iterable[str]:
    """Ratios are compared, for another machine may be faster."""
    then = {row["name"]: row for row in before["rows"]}
    names = [
        f"- {row['title']}: {min(old['values']):.2f}, now {min(row['values']):.2f}"
        for row in found["rows"]
        if (old := then.get(row["name"])) and min(row["values"]) > SLOWER * min(old["values"])
    ]
    yield (
        "Slower than in the table before:"
        if names
        else "Nothing is slower than in the table before."
    )
    yield from names and ["", *names]


def _plot(found: dict[str, Any]) -> Iterable[str]:
    """What exec adds, as bars."""
    rows = [row for row in found["rows"] if row["name"].startswith("exec-")]
    if not rows:
        return
    most = max(row["values"][0] for row in rows)
    yield from (
        "What `nbsnake exec` adds to one command, in ms, by the steps of the project:",
        "",
        "```",
    )
    for row in rows:
        bar = "#" * round(WIDTH * row["values"][0] / most)
        yield f"{row['name'].removeprefix('exec-'):>6}  {bar} {row['values'][0] * 1000:.0f}"
    yield "```"


if __name__ == "__main__":
    main()
