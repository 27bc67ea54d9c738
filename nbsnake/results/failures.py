"""Failed steps in the words of the notebook: which cell, which line, the code around it."""

import os
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from nbsnake.job.executed import cut_off_steps, failure_of_killed, notebook_path
from nbsnake.job.plan import PlannedStep
from nbsnake.job.receipt import Failure, failed_steps, read_failure
from nbsnake.job.regular import read_regular
from nbsnake.job.running import was_cut_off
from nbsnake.job.shape import from_json

AROUND = 2  # lines of code above and below the one that failed


class Spot(NamedTuple):
    """A cell as Jupyter shows it: its source, and the number in ``In [n]`` (None for none).

    ``line`` counts from 1, 0 where it is not known.
    """

    source: tuple[str, ...]
    number: int | None
    line: int


def recent_failures(steps: Iterable[PlannedStep], since: float) -> Iterator[str]:
    """Lines about the steps whose last job failed at or after a time, in seconds since 1970."""
    failed, killed = failed_steps(), cut_off_steps()
    for step in steps:
        failure = read_failure(step.name) if step.name in failed else None
        if step.name in killed and was_cut_off(step.name):
            failure = failure_of_killed(step.name, killed[step.name])
        if failure and failure.ended >= since:
            yield from failure_lines(step, failure)


def failure_lines(step: PlannedStep, failure: Failure) -> Iterator[str]:
    """The place, the error, the code around it, what it printed last, and where more is."""
    spot = _spot(step.notebook, failure) if step.notebook and failure.cell else None
    yield f"{step.name} failed: {_place(step, failure, spot)}{_what(failure)}"
    if spot and spot.line:
        yield from _code(spot)
    if failure.said:
        yield "  it printed last:"
        yield from (f"  | {line}" for line in failure.said.splitlines())
    notebook = notebook_path(step.name, failed=True)
    if os.path.exists(notebook):
        yield f"  its notebook: {notebook}; its log: {step.log}"
    else:
        yield f"  its log: {step.log}"


def _what(failure: Failure) -> str:
    if failure.error:
        return f": {failure.error}"
    if failure.exit_code > 128:
        return f": ended by signal {failure.exit_code - 128}"
    return f": exit code {failure.exit_code}"


def _place(step: PlannedStep, failure: Failure, spot: Spot | None) -> str:
    if not failure.cell:
        return step.source
    count = f" (In [{spot.number}])" if spot and spot.number is not None else ""
    line = f", line {spot.line}" if spot and spot.line else ""
    return f"{step.notebook}, cell {failure.cell}{count}{line}"


def _spot(notebook: str, failure: Failure) -> Spot | None:
    """The failed cell of the notebook as it is now; None where it is no longer there."""
    try:
        document: dict[str, Any] = from_json(read_regular(notebook))
        cell = document["cells"][failure.cell - 1]
        source = cell["source"]
        text = source if isinstance(source, str) else "".join(source)
        count = cell.get("execution_count")
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
    lines = tuple(text.splitlines())
    return Spot(lines, count if isinstance(count, int) else None, _line(lines, failure))


def _line(lines: tuple[str, ...], failure: Failure) -> int:
    """The line that the script's line comes of, which may have moved by some lines."""
    if not failure.code:
        return 0
    same = [number for number, line in enumerate(lines, 1) if line.strip() == failure.code]
    return min(same, key=lambda number: abs(number - failure.line), default=0)


def _code(spot: Spot) -> Iterator[str]:
    first, last = max(spot.line - AROUND, 1), min(spot.line + AROUND, len(spot.source))
    for number in range(first, last + 1):
        mark = ">" if number == spot.line else " "
        yield f"  {mark} {number:3} {spot.source[number - 1]}"
