"""Rows of parameters and metrics, out of the stages of one or more revisions.

Pure: the stages come from `nbsnake.dvc.revisions`. A metric of ``evaluate@0.1`` belongs to the rate
with which ``train@0.1`` ran, so a row has the parameters of all that its stage rests on.
"""

import posixpath
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from nbsnake.names import PARAMS_FILE, upwards


class StageResult(NamedTuple):
    """A stage at one revision; ``group`` is the name that it shares with its variants.

    ``axes`` are the values that make it this variant; ``params`` maps (file, key) to values, and
    ``metrics`` maps files to what they hold, None for one that is absent or cannot be read;
    ``plots`` maps those that are plots to their settings. Paths are relative to the project's root.
    """

    name: str
    group: str
    notebook: str = ""
    axes: Mapping[str, Any] = {}
    params: Mapping[tuple[str, str], Any] = {}
    deps: tuple[str, ...] = ()
    outs: tuple[str, ...] = ()
    metrics: Mapping[str, Any] = {}
    plots: Mapping[str, Mapping[str, Any]] = {}
    cmd: str | list[str] = ""


class Row(NamedTuple):
    """The metrics of one stage at one revision, and the values that they rest on."""

    step: str
    group: str
    rev: str
    params: dict[str, Any]
    metrics: dict[str, float]


class _Traced(NamedTuple):
    """A stage with the axes and parameters of itself and of all upstream."""

    rev: str
    stage: StageResult
    axes: dict[str, Any]
    params: dict[tuple[str, str], Any]


def rows_of(revisions: Mapping[str, Sequence[StageResult]], chosen: Collection[str]) -> list[Row]:
    """A row for each revision and each of the ``chosen`` stages that declares a metric."""
    traced = [
        each
        for rev, stages in revisions.items()
        for each in _trace(rev, list(stages), frozenset(chosen))
    ]
    columns = _columns(traced, _became_axes(revisions.values()))
    return [
        Row(
            step=each.stage.name,
            group=each.stage.group,
            rev=each.rev,
            params=each.axes | {columns[place]: value for place, value in each.params.items()},
            metrics=_metrics(each.stage.metrics),
        )
        for each in traced
    ]


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """What nested mappings hold, each with its keys joined by dots behind ``path``."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from leaves(each, f"{path}.{key}" if path else str(key))
    else:
        yield path, value


def _trace(rev: str, stages: Sequence[StageResult], chosen: Collection[str]) -> Iterator[_Traced]:
    makers = _Makers(stages)
    for stage in stages:
        if stage.metrics and stage.name in chosen:
            line = makers.line(stage)
            variants = Counter(each.group for each in line)
            given: dict[tuple[str, tuple[str, str]], list[Any]] = defaultdict(list)
            for each in line:
                for place, value in each.params.items():
                    given[each.group, place].append(value)
            axes: dict[str, Any] = {}
            params: dict[tuple[str, str], Any] = {}
            # A row that rests on many variants has what these share; the nearest stage has the say.
            for each in line:
                if each is stage or variants[each.group] == 1:
                    axes = {**each.axes, **axes}
                same = {
                    place: value
                    for place, value in each.params.items()
                    if given[each.group, place] == [value] * variants[each.group]
                }
                params = {**same, **params}
            yield _Traced(rev, stage, axes, params)


class _Makers:
    """Which stage writes what, to walk from a stage to all that it rests on."""

    def __init__(self, stages: Sequence[StageResult]) -> None:
        self._writers = {out: stage for stage in stages for out in stage.outs}
        self._inside: dict[str, list[StageResult]] = defaultdict(list)
        for out, stage in self._writers.items():
            for folder in upwards(out):
                self._inside[folder].append(stage)

    def line(self, stage: StageResult) -> list[StageResult]:
        """The stage and all upstream of it, the nearest first."""
        seen = {stage.name}
        line = [stage]
        for each in line:  # which grows
            for maker in self._makers(each):
                if maker.name not in seen:
                    seen.add(maker.name)
                    line.append(maker)
        return line

    def _makers(self, stage: StageResult) -> Iterator[StageResult]:
        """Who writes a dependency, a folder that it lies in, or a file inside it."""
        for path in stage.deps:
            yield from self._inside.get(path, ())
            yield from (self._writers[up] for up in upwards(path) if up in self._writers)


def _became_axes(revisions: Iterable[Sequence[StageResult]]) -> dict[tuple[str, str], str]:
    """By (file, key), the axis that a step has at another revision in place of the parameter."""
    stages = [stage for revision in revisions for stage in revision]
    axes = {(stage.group, axis) for stage in stages for axis in stage.axes}
    return {
        (PARAMS_FILE, key): axis
        for stage in stages
        for file, key in stage.params
        for group, _, axis in [key.partition(".")]
        if file == PARAMS_FILE and (group, axis) in axes and axis not in stage.axes
    }


def _columns(
    traced: Iterable[_Traced], became: Mapping[tuple[str, str], str]
) -> dict[tuple[str, str], str]:
    """The name of the column for each parameter's (file, key).

    It is the key for params.yaml, and for variants that take the key from a file of their own;
    else ``file:key``, so that no two values of a row share a column. A parameter that ``became``
    an axis has the column of the axis, unless a row has both.
    """
    traced = list(traced)
    both = {place for each in traced for place in each.params if became.get(place) in each.axes}
    axes: set[str] = set()
    shared: set[str] = set()
    files: dict[str, set[str]] = defaultdict(set)
    for each in traced:
        axes |= each.axes.keys()
        counts = Counter(key for _, key in each.params)
        shared |= {key for key, count in counts.items() if count > 1}
        for file, key in each.params:
            files[key].add(file)
    columns = {}
    for key, places in files.items():
        own = len(places) > 1 and key not in shared
        for file in places:
            bare = key not in axes and (own or file == PARAMS_FILE)
            columns[file, key] = key if bare else f"{file}:{key}"
    return columns | {place: axis for place, axis in became.items() if place not in both}


def _metrics(files: Mapping[str, Any]) -> dict[str, float]:
    """The numbers that the files hold; a name that is in several begins with its file's stem.

    A file that holds one number and nothing else gives its stem as the name.
    """
    found = [
        (file, name or _stem(file), value)
        for file, content in files.items()
        for name, value in leaves(content)
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    counts = Counter(name for _, name, _ in found)
    stems = Counter(_stem(file) for file in files)
    metrics = {}
    for file, name, value in found:
        prefix = _stem(file) if stems[_stem(file)] == 1 else file
        metrics[f"{prefix}.{name}" if counts[name] > 1 else name] = value
    return metrics


def _stem(file: str) -> str:
    return posixpath.splitext(posixpath.basename(file))[0]
