"""Write docs/benchmarks.md from the JSON of a benchmark: ``make bench-docs``.

The tables stand between two comments; the rest of the page stays. What got slower since the table
before, exec's cost by the number of steps as a picture, and how costs grow stand below the first.
"""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import growth
from picture import picture
from rivals_table import lines

DOCS = Path(__file__).parents[2] / "docs"
PAGE, DATA = DOCS / "benchmarks.md", DOCS / "benchmarks.json"
START, END = "<!-- measured -->", "<!-- end of what was measured -->"
PICTURE = "pictures/exec-cost.svg"
SLOWER = 1.1  # times a figure before


def main() -> None:
    """Put the figures of a run into the page, and keep them beside it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("json", type=Path, help="what rivals_table.py --json wrote")
    found = json.loads(parser.parse_args().json.read_text())
    before = json.loads(DATA.read_text()) if DATA.exists() else {"rows": []}
    PAGE.write_text(with_table(PAGE.read_text(), found, before))
    if drawn := picture(found["rows"]):
        (DOCS / PICTURE).write_text(drawn)
    DATA.write_text(f"{json.dumps(found, indent=1)}\n")


def with_table(page: str, found: dict[str, Any], before: dict[str, Any]) -> str:
    """The page with these figures. Raises :class:`ValueError` where it has no place for them."""
    head, start, rest = page.partition(START)
    _, end, tail = rest.partition(END)
    if not (start and end):
        raise ValueError(f"{PAGE.name} has no lines {START} and {END}")
    parts = [*lines(found), "", *_slower(found, before), "", *_picture(found), *_growth(found)]
    text = "\n".join(parts).rstrip()
    return f"{head}{START}\n{text}\n{END}{tail}"


def _picture(found: dict[str, Any]) -> Iterable[str]:
    if picture(found["rows"]):
        yield f"![CPU that nbsnake exec adds to one command, by the project's steps]({PICTURE})"
        yield ""


def _growth(found: dict[str, Any]) -> Iterable[str]:
    if found.get("growth"):
        yield f"{growth.TITLE}\n"
        yield from growth.lines(found["growth"])


def _slower(found: dict[str, Any], before: dict[str, Any]) -> Iterable[str]:
    """Ratios are compared, for another machine may be faster."""
    then = {row["name"]: row for row in before["rows"]}
    if not then:
        return
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


if __name__ == "__main__":
    main()
