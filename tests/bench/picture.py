"""What `nbsnake exec` adds to one command, over the number of steps, as SVG."""

from collections.abc import Iterator, Sequence
from html import escape
from math import log10
from typing import Any

WIDTH, HEIGHT = 560, 260  # pixels
LEFT, RIGHT, TOP, BOTTOM = 60, 120, 36, 44
UNITS = {"wall": ("wall time", "#c2410c"), "cpu": ("CPU", "#1d4ed8")}
STYLE = "font: 13px sans-serif; background: #fff"


def points_of(rows: Sequence[dict[str, Any]], unit: str) -> list[tuple[int, float]]:
    """The numbers of steps, each with the milliseconds that exec adds."""
    found = [row for row in rows if row["name"].startswith("exec-")]
    return [
        (int(row["name"].removeprefix("exec-")), 1000 * next(iter(row[unit].values())))
        for row in found
    ]


def picture(rows: Sequence[dict[str, Any]]) -> str:
    """One line for each unit, on a logarithmic axis of steps; "" for fewer than two plans."""
    lines = {unit: points_of(rows, unit) for unit in UNITS}
    steps = [count for count, _ in lines["wall"]]
    if len(steps) < 2:
        return ""
    top = max(value for points in lines.values() for _, value in points) * 1.15
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" style="{STYLE}">',
        _text(LEFT, 20, "What nbsnake exec adds to one command, in ms"),
        *_axes(steps, top),
        *(part for unit, points in lines.items() for part in _line(unit, points, steps, top)),
        "</svg>",
    ]
    return "\n".join([*parts, ""])


def _axes(steps: Sequence[int], top: float) -> Iterator[str]:
    for value in (0.0, top / 2, top):
        y = _y(value, top)
        yield f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>'
        yield _text(LEFT - 8, y + 4, f"{value:.0f}", "end")
    for count in steps:
        yield _text(_x(count, steps), HEIGHT - BOTTOM + 18, f"{count:,}", "middle")
    yield _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "steps of the project", "middle")


def _line(
    unit: str, points: Sequence[tuple[int, float]], steps: Sequence[int], top: float
) -> Iterator[str]:
    name, color = UNITS[unit]
    places = [(_x(count, steps), _y(value, top), value) for count, value in points]
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in places)
    yield f'<polyline points="{joined}" fill="none" stroke="{color}" stroke-width="2"/>'
    for x, y, value in places:
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{color}"/>'
        yield _text(x, y - 8, f"{value:.0f}", "middle", color)
    x, y, _ = places[-1]
    yield _text(x + 22, y + 4, name, "start", color)


def _x(count: int, steps: Sequence[int]) -> float:
    low, high = log10(steps[0]), log10(steps[-1])
    return LEFT + 20 + (log10(count) - low) / (high - low) * (WIDTH - LEFT - RIGHT - 40)


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - max(value, 0.0) / top * (HEIGHT - TOP - BOTTOM)


def _text(x: float, y: float, words: str, anchor: str = "start", color: str = "#222") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}"'
    return f"<text {place}>{escape(words)}</text>"
