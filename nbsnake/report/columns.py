"""The states of steps as columns that fit a terminal."""

import time
from collections.abc import Iterable, Iterator, Sequence

from nbsnake.escape import escaped
from nbsnake.job.say import few
from nbsnake.report.states import STYLES, StepState
from nbsnake.results.freshness import ONLY_TEXT
from nbsnake.styles import styled

GAP = "  "
LEAST = 12  # characters of a name that stay


def status_lines(
    states: Sequence[StepState], notes: dict[str, str], width: int | None, *, color: bool
) -> Iterator[str]:
    """A line for each step: its name, its state, and why.

    ``notes`` are further words by step. Lines are at most ``width`` characters long, None for any
    length.
    """
    longest = max((len(escaped(each.name)) for each in states), default=0)
    names = longest if width is None else min(longest, max(LEAST, width * 2 // 5))
    column = max((len(each.state) for each in states), default=0)
    for each in states:
        name = shortened(escaped(each.name), names, middle=True)
        state = styled(each.state, STYLES[each.state] if color else "")
        padding = " " * (column - len(each.state))
        left = None if width is None else width - names - column - 2 * len(GAP)
        why = shortened(escaped("; ".join(reasons_of(each, notes.get(each.name, "")))), left)
        yield f"{name:{names}}{GAP}{state}{padding}{GAP}{why}".rstrip()


def shortened(text: str, width: int | None, *, middle: bool = False) -> str:
    """The text with dots for what does not fit, at its end or in its middle."""
    if width is None or len(text) <= width:
        return text
    kept = max(width - 3, 0)
    end = kept // 2 if middle else 0
    return f"{text[: kept - end]}...{text[len(text) - end :] if end else ''}"


def reasons_of(each: StepState, note: str = "") -> Iterable[str]:
    """Why the step has its state, in words; ``note`` is one more of them."""
    if each.since is not None:
        yield f"since {time.strftime('%H:%M:%S', time.localtime(each.since))}"
    if each.failure:
        yield _failure(each)
    yield from each.reasons
    if each.waits:
        yield f"waits for {few(each.waits)}"
    if each.state == "fresh" and not each.locked:
        yield "not in dvc.lock"
    if note:
        yield note
    if each.restorable:
        yield "its result is in the cache"


def _failure(each: StepState) -> str:
    failure = each.failure
    if failure is None:
        return ""
    cell = f"cell {failure.cell}: " if failure.cell else ""
    return f"{cell}{failure.error or f'exit code {failure.exit_code}'}, see {each.step.log}"


def note_on_code(paths: Sequence[str]) -> str:
    """That a result stays though files of its code differ; "" for none."""
    return f"{ONLY_TEXT} {few(paths)}" if paths else ""
