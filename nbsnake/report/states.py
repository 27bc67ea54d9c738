"""The state of each step as people see it, jobs that are at work included."""

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from typing import Literal, NamedTuple

from nbsnake.job.plan import PlannedStep
from nbsnake.job.receipt import Failure
from nbsnake.results.freshness import Judge, Verdict, is_missing

State = Literal["fresh", "stale", "waiting", "never run", "failed", "running"]
STATES: tuple[State, ...] = ("fresh", "stale", "waiting", "never run", "failed", "running")
STYLES: Mapping[State, str] = {
    "fresh": "green",
    "stale": "yellow",
    "waiting": "yellow",
    "never run": "dim",
    "failed": "red",
    "running": "cyan",
}


class StepState(NamedTuple):
    """A step with its state; ``reasons`` say why it is stale in itself.

    A step that is only ``waiting`` is stale because of the steps in ``waits``. ``since`` is when a
    running job began, in seconds since 1970; ``restorable`` says that the cache has the result.
    """

    step: PlannedStep
    state: State
    reasons: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    restorable: bool = False
    locked: bool = False
    failure: Failure | None = None
    since: float | None = None

    @property
    def name(self) -> str:
        """The step's name."""
        return self.step.name


def states_of(judge: Judge, running: Mapping[str, float]) -> list[StepState]:
    """The state of each step, in the order of the graph; ``running`` is since when, by step."""
    made = judge.plan.makers().keys()
    return [
        _state_of(_without_implied(verdict, made), judge, running.get(name))
        for name, verdict in judge.verdicts().items()
    ]


def totals(states: Iterable[StepState]) -> str:
    """How many steps there are, and how many of each state, as one line."""
    counts = Counter(each.state for each in states)
    count = sum(counts.values())
    parts = [f"{counts[state]} {state}" for state in STATES if counts[state]]
    return f"{count} step{'s' * (count != 1)}: {', '.join(parts) or 'none'}"


def _without_implied(verdict: Verdict, made: Container[str]) -> Verdict:
    """The verdict without what is missing because the steps before are to write it."""
    if not verdict.waits:
        return verdict
    implied = {is_missing(path) for path in verdict.step.deps if path in made}
    reasons = tuple(each for each in verdict.reasons if each not in implied)
    return verdict._replace(reasons=reasons)


def _state_of(verdict: Verdict, judge: Judge, since: float | None) -> StepState:
    return StepState(
        step=verdict.step,
        state=_named(verdict, since),
        reasons=_reasons(judge, verdict) if since is None else (),
        waits=verdict.waits,
        restorable=verdict.restorable and since is None,
        locked=verdict.locked,
        failure=verdict.failure if since is None else None,
        since=since,
    )


def _named(verdict: Verdict, since: float | None) -> State:
    if since is not None:
        return "running"
    if verdict.failure:
        return "failed"
    if verdict.waits and not verdict.reasons and verdict.state == "stale":
        return "waiting"
    return verdict.state


def _reasons(judge: Judge, verdict: Verdict) -> tuple[str, ...]:
    if not verdict.reasons:
        return ()
    from nbsnake.results.cells import reasons_by_cell  # slow, and for stale steps only

    return reasons_by_cell(verdict, judge.receipt(verdict.step.name))
