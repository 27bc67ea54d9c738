"""Runs on record as revisions: what was tried and left is compared as well.

Pure: the runs come from `nbsnake.dvc.runs`. A run is of the step that writes the same paths; one of
a variant that is gone is known by the paths of the variants that are left. What it rests on are the
runs that gave what it read.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from nbsnake.compare.rows import StageResult


class RecordedRun(NamedTuple):
    """A run; files by path and md5, ``when`` as text, the newest the greatest."""

    when: str
    params: Mapping[str, Mapping[str, Any]]
    deps: Mapping[str, str]
    outs: Mapping[str, str]


Read = Callable[[str, str], Any]  # what a metric file with an md5 holds, by its path


def revisions_of_runs(
    runs: Iterable[RecordedRun], stages: Sequence[StageResult], read: Read
) -> dict[str, list[StageResult]]:
    """For each run of a step with a metric, the newest first, the stages as they were in it.

    ``stages`` are those of today, by which the runs are known.
    """
    known = [(run, stage) for run in runs if (stage := _stage_of(run, stages))]
    known.sort(key=lambda pair: pair[0].when, reverse=True)
    writers: dict[tuple[str, str], tuple[RecordedRun, StageResult]] = {}
    for run, stage in known:
        for place in run.outs.items():
            writers.setdefault(place, (run, stage))
    found: dict[str, list[StageResult]] = {}
    for run, stage in known:
        if stage.metrics:
            line = [_result(each, of, read) for each, of in _line(run, stage, writers)]
            found[_free(run.when, found)] = line
    return found


def _line(
    run: RecordedRun,
    stage: StageResult,
    writers: Mapping[tuple[str, str], tuple[RecordedRun, StageResult]],
) -> list[tuple[RecordedRun, StageResult]]:
    """The run, and those that gave what it read, the nearest first."""
    line = [(run, stage)]
    for each, _ in line:  # which grows
        for place in each.deps.items():
            maker = writers.get(place)
            if maker and all(maker[0] is not known for known, _ in line):
                line.append(maker)
    return line


def _result(run: RecordedRun, stage: StageResult, read: Read) -> StageResult:
    params = {
        (file, key): value for file, given in run.params.items() for key, value in given.items()
    }
    metrics = {path: read(path, run.outs[path]) for path in stage.metrics if path in run.outs}
    return stage._replace(
        params=params, deps=tuple(run.deps), outs=tuple(run.outs), metrics=metrics
    )


def _stage_of(run: RecordedRun, stages: Sequence[StageResult]) -> StageResult | None:
    """The stage that writes the same paths, or the variant that would."""
    for stage in stages:
        if {*stage.outs} == run.outs.keys():
            return stage
    return next((found for stage in stages if (found := _variant(run, stage))), None)


def _variant(run: RecordedRun, stage: StageResult) -> StageResult | None:
    """The stage with other values of its axes, where its paths are those of the run then."""
    if not stage.axes or len(stage.outs) != len(run.outs):
        return None
    values: dict[str, str] = {}
    paths: dict[str, str] = {}
    for out in stage.outs:
        pattern = _pattern(out, stage.axes)
        match = next((each for path in run.outs if (each := pattern.fullmatch(path))), None)
        if match is None or any(values.setdefault(k, v) != v for k, v in match.groupdict().items()):
            return None
        paths[out] = match.string
    axes = {name: _as(values[name], value) for name, value in stage.axes.items() if name in values}
    if {*paths.values()} != run.outs.keys() or axes.keys() != stage.axes.keys():
        return None
    metrics = {paths[path]: None for path in stage.metrics if path in paths}
    key = "-".join(values.values())
    return stage._replace(name=f"{stage.group}@{key}", axes=axes, metrics=metrics)


def _pattern(path: str, axes: Mapping[str, Any]) -> re.Pattern[str]:
    """What the path is for other values of the axes."""
    text = re.escape(path)
    for name, value in axes.items():
        shown = re.escape(str(value))
        text = text.replace(shown, f"(?P<{name}>[^/]+)", 1).replace(shown, f"(?P={name})")
    return re.compile(text)


def _as(text: str, like: Any) -> Any:
    """A value of the same type as another."""
    try:
        return type(like)(text) if isinstance(like, int | float) else text
    except ValueError:
        return text


def _free(name: str, taken: Iterable[str]) -> str:
    number = 1
    while (shown := name if number == 1 else f"{name} ({number})") in taken:
        number += 1
    return shown
