"""What a run would do, and why."""

from collections.abc import Collection, Iterator

from nbsnake.job.running import running_steps
from nbsnake.report.columns import status_lines
from nbsnake.report.states import StepState, states_of
from nbsnake.report.summary import plan_summary
from nbsnake.results.freshness import Judge


def due_states(judge: Judge, needed: Collection[str], forced: Collection[str]) -> list[StepState]:
    """The states of the steps that a run would run or restore, of those that are ``needed``.

    Those in ``forced`` run though they are fresh.
    """
    states = [each for each in states_of(judge, running_steps()) if each.name in needed]
    return [each for each in states if each.state != "fresh" or each.name in forced]


def due_lines(due: list[StepState], width: int | None, *, color: bool) -> Iterator[str]:
    """A line for each of the steps, and how many there are; ``width`` as for status_lines."""
    yield from status_lines(due, {}, width, color=color)
    yield plan_summary(due)
