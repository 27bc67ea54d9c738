"""Measure nbsnake and its rivals in one run, as a table and as JSON: ``make bench``.

``--quick`` takes 3 minutes, with small projects and 3 rounds: it shows what got much slower, and
its ratios are not those of large projects. Every figure is a median of rounds that all rivals take
in turn.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import growth
from costs import machine
from figures import FIGURES, QUICK, WHOLE, set_memory

GROWTH = "growth"
CHOICES = [*FIGURES, GROWTH]


def main() -> None:
    """Measure what is asked for, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="3 minutes instead of 25")
    parser.add_argument("--only", nargs="+", choices=CHOICES, default=CHOICES)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all rounds to this file")
    args = parser.parse_args()
    size = QUICK if args.quick else WHOLE
    found: dict[str, Any] = {"machine": machine(), "rounds": size.rounds, "rows": []}
    with tempfile.TemporaryDirectory() as folder:
        set_memory(Path(folder))
        for name in args.only:
            print(f"{name} ...", file=sys.stderr, flush=True)
            if name == GROWTH:
                found[GROWTH] = growth.measure(Path(folder), *size.growth)
            else:
                found["rows"] += [row.to_dict() for row in FIGURES[name](Path(folder), size)]
            found["machine"]["load_at_end"] = round(os.getloadavg()[0], 1)
            if args.json:  # after each, for a later one may fail
                args.json.write_text(f"{json.dumps(found, indent=1)}\n")
    print("\n".join(lines(found)))
    if GROWTH in found:
        print("\n".join(["", *growth.lines(found[GROWTH])]))


def lines(found: dict[str, Any]) -> Iterable[str]:
    """The table as Markdown, with the machine above it."""
    facts = found["machine"]
    packages = ", ".join(f"{name} {text}" for name, text in facts["packages"].items())
    yield (
        f"{facts['processor']}, {facts['cores']} cores, {facts['memory_gib']} GiB, "
        f"{facts['system']}, {facts['python']}; {packages}. Medians of {found['rounds']} rounds; "
        f"load {facts['load']} before, {facts['load_at_end']} after."
    )
    yield from ("", "| what | | nbsnake | rival | ratio | goal |", "|---|---|---|---|---|---|")
    for row in found["rows"]:
        yield from _lines_of(row)


def _lines_of(row: dict[str, Any]) -> Iterable[str]:
    (ours, seconds), *rivals = row[row["unit"]].items()
    head = f"| {row['title']} | {'CPU' if row['unit'] == 'cpu' else 'wall'} "
    if not rivals:
        yield f"{head}| {ours}: {seconds:.3f} s | | | {_goal(row, 0, ' s')} |"
    for index, (name, theirs) in enumerate(rivals):
        ratio = f"{row['values'][index]:.2f}x"
        both = f"| {ours}: {seconds:.2f} s | {name}: {theirs:.2f} s "
        yield f"{head}{both}| {ratio} | {_goal(row, index, 'x')} |"


def _goal(row: dict[str, Any], index: int, unit: str) -> str:
    goal, is_met = row["goals"][index], row["met"][index]
    return "" if goal is None else f"{goal}{unit}{'' if is_met else ', missed'}"


if __name__ == "__main__":
    main()
