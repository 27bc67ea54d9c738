"""One metric over one or two parameters, as a picture.

This needs matplotlib, which is an extra; nothing of matplotlib's global state changes.
"""

import io
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure

from nbsnake.compare.ranking import differing_params
from nbsnake.compare.rows import Row
from nbsnake.errors import UsageError
from nbsnake.escape import escaped
from nbsnake.tables import is_number, short

MAX_LINES = 8  # for more values of the second parameter, a map is drawn
MAX_LABELS = 20  # of values along one side of a map
MAX_NUMBERS = 100  # cells of a map that show their value
WIDE = 50  # the ratio from which on an axis is logarithmic
LONG = 50  # characters of labels that fit side by side

# The same rows give the same bytes.
_STYLE: dict[Any, Any] = {"svg.hashsalt": "nbsnake"}
_METADATA = {"png": {"Software": None}, "svg": {"Date": None}}

Coordinate = float | str


class _Point(NamedTuple):
    """The metric of one row; ``series`` names its step and revision, where there are several."""

    x: Coordinate
    other: Coordinate
    series: str
    value: float


def picture(rows: Iterable[Row], metric: str, over: Sequence[str], kind: str) -> bytes:
    """The metric over the parameters that ``over`` names, one or two, as the bytes of a file.

    Where ``over`` is empty, they are the first that differ. Where several rows share a place, a
    line goes through their mean. Raises :class:`UsageError` where there is nothing to draw.
    """
    known = [row for row in rows if math.isfinite(row.metrics.get(metric, math.nan))]
    over = over or _first_differing(known)
    known = [row for row in known if all(name in row.params for name in over)]
    if not over or not known:
        names = " and ".join(over) or "a parameter that differs"
        raise UsageError(
            f"nothing to plot: no rows have {metric} and {names}", hint="see: nbsnake compare --all"
        )
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(6.4, 4.8), dpi=100, layout="constrained")
        _draw(figure, known, metric, over)
        out = io.BytesIO()
        figure.savefig(out, format=kind, metadata=_METADATA[kind])
    return out.getvalue()


def _first_differing(rows: Sequence[Row]) -> list[str]:
    names = differing_params(rows)
    return [name for name in names if all(name in row.params for row in rows)][:2] or names[:1]


def _draw(figure: Figure, rows: Sequence[Row], metric: str, over: Sequence[str]) -> None:
    x = next((name for name in over if _are_numbers(row.params[name] for row in rows)), over[0])
    other = next((name for name in over if name != x), None)
    points = _points(rows, metric, x, other)
    axes = figure.add_subplot()
    repeated = len({point[:3] for point in points}) < len(points)
    axes.set_title(_plain(f"{metric} (mean)" if repeated else metric))
    axes.set_xlabel(_plain(x))
    others = _in_order(point.other for point in points)
    if other is not None and len(others) > MAX_LINES:
        if len({point.series for point in points}) > 1:
            raise UsageError(
                f"{other} has {len(others)} values, which take a map for each step and revision",
                hint=f"choose one step and one revision, or give: --over {x}",
            )
        axes.set_ylabel(_plain(other))
        _draw_map(figure, axes, points)
        return
    axes.set_ylabel(_plain(metric))
    if _are_numbers(point.x for point in points):
        _draw_lines(axes, _by_label(points, other))
    else:
        _draw_bars(axes, _by_label(points, other))
    handles, labels = axes.get_legend_handles_labels()
    if len(labels) > 1:
        _add_legend(figure, handles, labels)


def _add_legend(figure: Figure, handles: Sequence[Any], labels: Sequence[str]) -> None:
    """Long labels go below the picture, which they would make narrow."""
    longest = max(map(len, labels))
    place: dict[str, Any] = {"loc": "outside right upper"}
    if longest > LONG / 2:
        place = {"loc": "outside lower center", "ncols": 2 if longest < 0.8 * LONG else 1}
    figure.legend(handles, labels, fontsize="small", **place)


def _points(rows: Sequence[Row], metric: str, x: str, other: str | None) -> list[_Point]:
    many_steps = len({row.group for row in rows}) > 1
    many_revs = len({row.rev for row in rows}) > 1
    return [
        _Point(
            x=place,
            other=second,
            series=", ".join([row.group] * many_steps + [row.rev] * many_revs),
            value=row.metrics[metric],
        )
        for row, place, second in zip(
            rows,
            _coordinates([row.params[x] for row in rows]),
            _coordinates([row.params[other] for row in rows] if other else [""] * len(rows)),
            strict=True,
        )
    ]


def _coordinates(values: Sequence[object]) -> list[Coordinate]:
    """Numbers if all of them are, else their texts."""
    numbers = [value for value in values if isinstance(value, int | float) and is_number(value)]
    return [*numbers] if len(numbers) == len(values) else [*map(short, values)]


def _are_numbers(values: Iterable[object]) -> bool:
    return all(map(is_number, values))


def _in_order(values: Iterable[Coordinate]) -> list[Coordinate]:
    """Each value once: numbers by size, texts as they come."""
    unique = list(dict.fromkeys(values))
    numbers = [value for value in unique if not isinstance(value, str)]
    return [*sorted(numbers)] if len(numbers) == len(unique) else unique


def _by_label(points: Sequence[_Point], other: str | None) -> dict[str, list[_Point]]:
    """The points of each line or kind of bar, by what the legend says of it."""
    found = defaultdict(list)
    for second in _in_order(point.other for point in points):
        given = [f"{other} = {short(second)}"] if other else []
        for point in points:
            if point.other == second:
                found[", ".join([point.series] * bool(point.series) + given)].append(point)
    return found


def _means(points: Iterable[_Point]) -> dict[Coordinate, float]:
    """The mean of the values at each x."""
    found = defaultdict(list)
    for point in points:
        found[point.x].append(point.value)
    return {x: fmean(found[x]) for x in _in_order(found)}


def _draw_lines(axes: Axes, lines: Mapping[str, Sequence[_Point]]) -> None:
    xs = [point.x for points in lines.values() for point in points if not isinstance(point.x, str)]
    if min(xs) > 0 and max(xs) / min(xs) > WIDE:
        axes.set_xscale("log")
    for label, points in lines.items():
        means = _means(points)
        (line,) = axes.plot([*means], [*means.values()], marker="o", label=_plain(label))
        if len(points) > len(means):
            all_x, all_y = [point.x for point in points], [point.value for point in points]
            axes.plot(all_x, all_y, linestyle="", marker=".", color=line.get_color(), alpha=0.4)
    axes.grid(alpha=0.3)


def _draw_bars(axes: Axes, kinds: Mapping[str, Sequence[_Point]]) -> None:
    places = _in_order(point.x for points in kinds.values() for point in points)
    width = 0.8 / len(kinds)
    for number, (label, points) in enumerate(kinds.items()):
        means = _means(points)
        shift = (number - (len(kinds) - 1) / 2) * width
        at = [places.index(x) + shift for x in means]
        axes.bar(at, [*means.values()], width, label=_plain(label))
    _label(axes.xaxis, places)
    axes.set_axisbelow(True)
    axes.grid(axis="y", alpha=0.3)


def _draw_map(figure: Figure, axes: Axes, points: Sequence[_Point]) -> None:
    columns = _in_order(point.x for point in points)
    lines = _in_order(point.other for point in points)
    rows = [_means(point for point in points if point.other == line) for line in lines]
    grid = [[row.get(column, math.nan) for column in columns] for row in rows]
    mesh = axes.pcolormesh(_edges(columns), _edges(lines), grid)
    figure.colorbar(mesh, ax=axes)
    _label(axes.xaxis, columns)
    _label(axes.yaxis, lines)
    if len(columns) * len(lines) <= MAX_NUMBERS:
        _write_numbers(axes, grid)


def _edges(values: Sequence[Coordinate]) -> list[float]:
    """The sides of cells around 0, 1, 2, ..."""
    return [place - 0.5 for place in range(len(values) + 1)]


def _write_numbers(axes: Axes, grid: Sequence[Sequence[float]]) -> None:
    values = [value for row in grid for value in row if not math.isnan(value)]
    middle = (min(values) + max(values)) / 2
    for y, row in enumerate(grid):
        for x, value in enumerate(row):
            if not math.isnan(value):
                color = "white" if value < middle else "black"
                axes.text(x, y, f"{value:.3g}", ha="center", va="center", color=color, fontsize=7)


def _label(axis: Axis, values: Sequence[Coordinate]) -> None:
    """Write the values at 0, 1, 2, ..., or every second or third of them if they are many."""
    step = math.ceil(len(values) / MAX_LABELS)
    labels = [_plain(short(value)) for value in values[::step]]
    turn: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    long = axis is axis.axes.xaxis and sum(map(len, labels)) > LONG
    axis.set_ticks(range(0, len(values), step), labels, **(turn if long else {}))


def _plain(text: str) -> str:
    """A text in which no dollar begins a formula, and all is printed."""
    return escaped(text).replace("$", r"\$")
