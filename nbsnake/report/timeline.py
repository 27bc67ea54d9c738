"""Times of steps: the last run job by job, the longest chain, and what a run would take.

Pure functions; times are seconds since 1970, durations seconds.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from nbsnake.names import base_name

PAUSE = 60.0  # seconds without a job between two runs


class Job(NamedTuple):
    """When a step's job ran, and where."""

    step: str
    started: float
    ended: float
    host: str

    @property
    def seconds(self) -> float:
        """How long it took."""
        return max(self.ended - self.started, 0.0)


class Bar(NamedTuple):
    """A job in the timeline; ``lane`` counts what ran beside it, from 0."""

    job: Job
    lane: int


def last_run(jobs: Iterable[Job]) -> list[Bar]:
    """The jobs of the last run, by host and start; jobs at the same time are in other lanes.

    No record says which jobs were one run: it is those without a pause between.
    """
    run: list[Job] = []
    first = 0.0
    for job in sorted(jobs, key=lambda each: each.ended, reverse=True):
        if run and job.ended < first - PAUSE:
            break
        first = min(first, job.started) if run else job.started
        run.append(job)
    return _in_lanes(sorted(run, key=lambda job: (job.host, job.started, job.step)))


def _in_lanes(jobs: Iterable[Job]) -> list[Bar]:
    bars: list[Bar] = []
    lanes: list[float] = []
    host = ""
    first = 0
    for job in jobs:
        if job.host != host:
            host, first = job.host, len(lanes)
        free = (n for n in range(first, len(lanes)) if lanes[n] <= job.started)
        lane = next(free, len(lanes))
        lanes[lane : lane + 1] = [job.ended]
        bars.append(Bar(job, lane))
    return bars


def longest_chain(
    before: Mapping[str, Sequence[str]], seconds: Mapping[str, float]
) -> tuple[str, ...]:
    """The chain of steps that takes the longest one after another: the critical path.

    ``before`` maps each step, in an order in which they can run, to those that it needs.
    """
    total: dict[str, float] = {}
    last: dict[str, str] = {}
    for name, needed in before.items():
        known = [each for each in needed if each in total]
        best = max(known, key=lambda each: total[each], default="")
        total[name] = seconds.get(name, 0.0) + total.get(best, 0.0)
        last[name] = best
    chain: list[str] = []
    name = max(total, key=lambda each: total[each], default="")
    while name:
        chain.append(name)
        name = last[name]
    return tuple(reversed(chain))


def expected_seconds(names: Iterable[str], known: Mapping[str, float]) -> dict[str, float]:
    """What steps are expected to take: as last time, or as the other variants of the step."""
    of_group: dict[str, list[float]] = defaultdict(list)
    for name, seconds in known.items():
        of_group[base_name(name)].append(seconds)
    found = {}
    for name in names:
        if name in known:
            found[name] = known[name]
        elif others := of_group.get(base_name(name)):
            from statistics import median  # slow, and seldom needed

            found[name] = median(others)
    return found


def duration(seconds: float) -> str:
    """A duration for the eye."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
