"""What a report shows, as values: the same data for the page and for ``--json``.

Times are seconds since 1970, durations seconds, sizes bytes; None is what is not known.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from nbsnake.report.graph import Graph
from nbsnake.report.plots import PlotView
from nbsnake.report.states import State
from nbsnake.report.timeline import Bar


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """A dep or an output; ``maker`` is the step that writes a dep, "" for a source."""

    path: str
    md5: str = ""
    size: int | None = None
    maker: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """The run that gave what is on record.

    ``restored`` says that its outputs came from the cache later; ``as_committed`` whether the
    script was that of ``commit``. ``environment`` is the place in :attr:`View.environments`.
    """

    started: float
    seconds: float | None
    host: str
    cpu_seconds: float | None
    peak_memory: int | None
    restored: bool
    accepted: str
    commit: str
    as_committed: bool | None
    environment: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One step; ``expected`` is how long its next run would take.

    ``diff`` are the lines by which its code differs from that of its last run. ``log`` is the end
    of what its last job printed, ``asked`` what it requests of a cluster.
    """

    name: str
    notebook: str
    description: str
    state: State
    reasons: tuple[str, ...]
    waits: tuple[str, ...]
    since: float | None
    failure: str
    diff: tuple[str, ...]
    command: str
    params: Mapping[str, Any]
    deps: tuple[FileView, ...]
    outs: tuple[FileView, ...]
    run: RunView | None
    asked: Mapping[str, str]
    undeclared: tuple[str, ...]
    log_path: str
    log: str
    expected: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRow:
    """Parameters and metrics of a step at a revision."""

    step: str
    rev: str
    params: Mapping[str, Any]
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A project. ``critical`` is the chain of steps that takes longest, ``due`` what would run.

    ``due_seconds`` is what these are expected to take one after another, ``due_least`` with as
    many cores as they can use; ``unknown`` are those of which no time is known.
    ``rev`` is the revision of an earlier state, and ``not_known`` what no record tells of that.
    """

    project: str
    commit: str
    dirty: bool | None
    totals: str
    steps: tuple[StepView, ...]
    graph: Graph
    timeline: tuple[Bar, ...]
    critical: tuple[str, ...]
    due: tuple[str, ...]
    due_seconds: float
    due_least: float
    unknown: tuple[str, ...]
    metrics: tuple[MetricRow, ...]
    environments: tuple[tuple[str, ...], ...]
    plots: tuple[PlotView, ...] = ()
    rev: str = ""
    not_known: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        own = {
            name: getattr(self, name) for name in ("project", "rev", "commit", "dirty", "totals")
        }
        return {
            **own,
            "steps": [asdict(step) for step in self.steps],
            "edges": [
                {"from": edge.start, "to": edge.end, "files": edge.files}
                for edge in self.graph.edges
            ],
            "timeline": [{**bar.job._asdict(), "lane": bar.lane} for bar in self.timeline],
            "critical_path": self.critical,
            "due": {
                "steps": self.due,
                "seconds": self.due_seconds,
                "least_seconds": self.due_least,
                "unknown": self.unknown,
            },
            "metrics": [asdict(row) for row in self.metrics],
            "plots": [asdict(plot) for plot in self.plots],
            "environments": self.environments,
            "not_known": self.not_known,
        }
