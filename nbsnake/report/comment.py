"""What differs from a revision and what runs, as Markdown: the comment on a pull request."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nbsnake.escape import escaped
from nbsnake.report.columns import reasons_of
from nbsnake.report.differences import Change, Differences
from nbsnake.report.states import StepState, totals
from nbsnake.tables import ABSENT, Table, as_markdown, escape_markup, is_number


def comment(found: Differences, states: Sequence[StepState], old: str, new: str) -> str:
    """The text; ``states`` are those of the workspace, () where a revision is compared.

    Nothing in it becomes a link, an image, HTML or a mention.
    """
    title = escape_markup(escaped(f"{old} to {new or 'here'}"))
    parts = [f"### nbsnake: {title}", *_runs(states), *_changed(found)]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def _runs(states: Sequence[StepState]) -> Iterator[str]:
    due = [each for each in states if each.state != "fresh"]
    if states:
        yield totals(states) + ("" if due else "; nothing is to run")
    if due:
        rows = [(each.name, each.state, "; ".join(reasons_of(each, ""))) for each in due]
        yield as_markdown(Table(("step", "state", "why"), rows))


def _changed(found: Differences) -> Iterator[str]:
    if found.metrics:
        yield as_markdown(_values("metric", found.metrics))
    if found.params:
        yield as_markdown(_values("parameter", found.params))
    if found.cells:
        rows = [(name, ", ".join(map(str, cells))) for name, cells in found.cells.items()]
        yield as_markdown(Table(("notebook", "cells that differ"), rows))
    if found.outs:
        yield as_markdown(Table(("output", "what"), list(found.outs.items())))
    if not any(found):
        yield "Nothing differs."


def _values(title: str, changes: Mapping[str, Change]) -> Table:
    rows = [(name, *_sides(old, new)) for name, (old, new) in changes.items()]
    return Table((title, "was", "is", "change"), rows)


def _sides(old: Any, new: Any) -> tuple[Any, Any, str]:
    """Both values, and the change of a number with its sign."""
    change: str = ABSENT
    if is_number(old) and is_number(new):
        with contextlib.suppress(OverflowError):  # an integer that no float holds
            change = f"{new - old:+.6g}"
    before, after = (ABSENT if each is None else each for each in (old, new))
    return before, after, change
