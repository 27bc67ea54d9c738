"""Data files that dvc.yaml declares as plots: their points, and the lines that they make.

As DVC does, a plot has the last column over the number of the row where dvc.yaml says nothing
else. The templates ``linear``, ``simple`` and ``scatter`` are drawn.
Source: https://dvc.org/doc/user-guide/experiment-management/visualizing-plots
"""

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from nbsnake.compare.rows import StageResult
from nbsnake.job.regular import read_regular
from nbsnake.yaml_limits import check_size, limited_time

LARGEST = 2_000_000  # bytes of a data file
MOST = 500  # points of a line; of more, evenly chosen ones
TEMPLATES = ("linear", "simple", "scatter")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotView:
    """One line of a plot; ``x`` is "" for the numbers of rows, which begin at 0."""

    step: str
    path: str
    title: str
    x: str
    y: str
    scattered: bool
    points: tuple[tuple[float, float], ...]


def plots_of(
    stages: Iterable[StageResult], read: Callable[[str], bytes] = read_regular
) -> Iterator[PlotView]:
    """The lines of all data files that are plots; a file that cannot be read has none.

    ``read`` gives the content of a file, or raises OSError.
    """
    for stage in stages:
        for path, options in stage.plots.items():
            if options.get("template", "linear") in TEMPLATES:
                yield from _lines(stage.name, path, options, read)


def _lines(
    step: str, path: str, options: Mapping[str, Any], read: Callable[[str], bytes]
) -> Iterator[PlotView]:
    rows = _rows(path, read)
    if not rows:
        return
    x = str(options.get("x", ""))
    asked = options.get("y", [*rows[0]][-1:])
    for y in map(str, asked if isinstance(asked, list) else [asked]):
        if points := tuple(_points(rows, x, y)):
            yield PlotView(
                step=step,
                path=path,
                title=str(options.get("title", "")),
                x=x,
                y=y,
                scattered=options.get("template") == "scatter",
                points=points[:: math.ceil(len(points) / MOST)],
            )


def _points(rows: Iterable[Mapping[str, Any]], x: str, y: str) -> Iterator[tuple[float, float]]:
    for number, row in enumerate(rows):
        place, value = _number(row.get(x)) if x else float(number), _number(row.get(y))
        if place is not None and value is not None:
            yield place, value


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _rows(path: str, read: Callable[[str], bytes]) -> list[Mapping[str, Any]]:
    """The rows of a table; [] for a file that holds none, or of another format."""
    kind = path.rpartition(".")[2].lower()
    try:
        data = read(path)
        if len(data) > LARGEST:
            return []
        if kind in ("csv", "tsv"):
            text = io.StringIO(data.decode("utf-8-sig"))
            return [*csv.DictReader(text, delimiter="\t" if kind == "tsv" else ",")]
        if kind == "json":
            return _table(json.loads(data))
        return _table(_yaml(data.decode())) if kind in ("yaml", "yml") else []
    except (OSError, ValueError, csv.Error, yaml.YAMLError, RecursionError):
        return []


def _yaml(text: str) -> Any:
    with limited_time(text):
        value = yaml.safe_load(text)
    check_size(value)
    return value


def _table(value: Any) -> list[Mapping[str, Any]]:
    """The first list of rows in a value, from the top."""
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        return value
    inner = value.values() if isinstance(value, dict) else ()
    return next((rows for each in inner if (rows := _table(each))), [])
