"""The CPU that `nbsnake exec` adds to one command, over the number of steps, as SVG."""

from collections.abc import Iterator, Sequence
from html import escape
from math import log10
from typing import Any

WIDTH, HEIGHT = 520, 240  # pixels
LEFT, RIGHT, TOP, BOTTOM = 60, 24, 44, 44
COLOR = "#1d4ed8"
STYLE = "font: 13px sans-serif; background: #fff"
ROOM = 1.3  # times the highest value, where the axis ends


def points_of(rows: Sequence[dict[str, Any]]) -> list[tuple[int, float]]:
    """The numbers of steps, each with the milliseconds of CPU that exec adds."""
    found = [row for row in rows if row["name"].startswith("exec-")]
    return [
        (int(row["name"].removeprefix("exec-")), 1000 * next(iter(row["cpu"].values())))
        for row in found
    ]


def picture(rows: Sequence[dict[str, Any]]) -> str:
    """A line on a logarithmic axis of steps; "" for fewer than two plans."""
    points = points_of(rows)
    if len(points) < 2:
        return ""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" style="{STYLE}">',
        _text(LEFT, 20, "CPU that nbsnake exec adds to one command, in ms"),
        *_axes([count for count, _ in points], _top(points)),
        *_line(points),
        "</svg>",
    ]
    return "\n".join([*parts, ""])


def _top(points: Sequence[tuple[int, float]]) -> float:
    return ROOM * max(value for _, value in points)


def _axes(steps: Sequence[int], top: float) -> Iterator[str]:
    for value in (0.0, top / 2, top):
        y = _y(value, top)
        yield f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>'
        yield _text(LEFT - 8, y + 4, f"{value:.0f}", "end")
    for count in steps:
        yield _text(_x(count, steps), HEIGHT - BOTTOM + 18, f"{count:,}", "middle")
    yield _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "steps of the project", "middle")


def _line(points: Sequence[tuple[int, float]]) -> Iterator[str]:
    steps = [count for count, _ in points]
    places = [(_x(count, steps), _y(value, _top(points)), value) for count, value in points]
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in places)
    yield f'<polyline points="{joined}" fill="none" stroke="{COLOR}" stroke-width="2"/>'
    for x, y, value in places:
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{COLOR}"/>'
        yield _text(x, y - 8, f"{value:.0f}", "middle", COLOR)


def _x(count: int, steps: Sequence[int]) -> float:
    low, high = log10(steps[0]), log10(steps[-1])
    return LEFT + 20 + (log10(count) - low) / (high - low) * (WIDTH - LEFT - RIGHT - 40)


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - max(value, 0.0) / top * (HEIGHT - TOP - BOTTOM)


def _text(x: float, y: float, words: str, anchor: str = "start", color: str = "#222") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}"'
    return f"<text {place}>{escape(words)}</text>"
