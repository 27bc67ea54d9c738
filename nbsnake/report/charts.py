"""Small pictures of a report as SVG: the timeline of a run, a metric over rows, data plots."""

from collections.abc import Iterator, Sequence

from nbsnake.report.columns import shortened
from nbsnake.report.plots import PlotView
from nbsnake.report.svg import text_of
from nbsnake.report.timeline import Bar, duration

# Sizes in pixels.
WIDE, LANE, TOP = 1000, 24, 20
WIDTH, HEIGHT, PAD = 300, 90, 14
TICKS = 5
LETTER = 7  # the width of a character


def timeline_svg(bars: Sequence[Bar]) -> str:
    """The jobs of a run over time, a line for each that ran beside others; "" for none."""
    if not bars:
        return ""
    start = min(bar.job.started for bar in bars)
    span = max(max(bar.job.ended for bar in bars) - start, 0.001)
    height = TOP + LANE * (1 + max(bar.lane for bar in bars)) + 4
    size = f'viewBox="0 0 {WIDE} {height}" width="{WIDE}" height="{height}"'
    parts = [
        f'<svg class="chart" role="img" aria-label="jobs of the last run over time" {size}>',
        *_ticks(span, height),
        *(_bar(bar, start, span) for bar in bars),
        "</svg>",
    ]
    return "".join(parts)


def _ticks(span: float, height: int) -> Iterator[str]:
    for place in range(TICKS):
        x = round(place * WIDE / TICKS)
        yield f'<path class="tick" d="M{x} {TOP - 4}V{height}"/>'
        yield f'<text x="{x + 3}" y="12">{duration(span * place / TICKS)}</text>'


def _bar(bar: Bar, start: float, span: float) -> str:
    job = bar.job
    x = (job.started - start) / span * WIDE
    width = max(job.seconds / span * WIDE, 2.0)
    y = TOP + bar.lane * LANE
    fits = int((width - 6) // LETTER)
    name = text_of(shortened(job.step, fits, middle=True)) if fits > 3 else ""
    title = f"{text_of(job.step)}: {duration(job.seconds)} on {text_of(job.host)}"
    return (
        f'<g><title>{title}</title><rect class="job" x="{x:.1f}" y="{y}" width="{width:.1f}" '
        f'height="{LANE - 5}" rx="3"/><text x="{x + 4:.1f}" y="{y + 14}">{name}</text></g>'
    )


def metric_svg(name: str, points: Sequence[tuple[str, float]]) -> str:
    """A metric over rows, each with its label; "" for fewer than two that are numbers."""
    known = [(place, label, value) for place, (label, value) in enumerate(points) if value == value]
    values = [value for _, _, value in known if abs(value) != float("inf")]
    if len(values) < 2 or len(values) != len(known):
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1.0

    def at(place: int, value: float) -> tuple[str, str]:
        x = PAD + place * (WIDTH - 2 * PAD) / max(len(points) - 1, 1)
        y = HEIGHT - PAD - (value - low) / span * (HEIGHT - 2 * PAD)
        return f"{x:.1f}", f"{y:.1f}"

    line = " ".join(",".join(at(place, value)) for place, _, value in known)
    dots = "".join(
        f'<circle cx="{at(place, value)[0]}" cy="{at(place, value)[1]}" r="3.5">'
        f"<title>{text_of(label)}: {value:.6g}</title></circle>"
        for place, label, value in known
    )
    label = f"{name} over the rows of the table, from {low:.6g} to {high:.6g}"
    return _framed(label, f'<polyline points="{line}"/>{dots}', low, high)


def plot_svg(plot: PlotView) -> str:
    """The points of a plot, joined by a line unless they are scattered."""
    xs, ys = zip(*plot.points, strict=True)
    left, right, low, high = min(xs), max(xs), min(ys), max(ys)
    at = [
        (
            PAD + (x - left) / ((right - left) or 1.0) * (WIDTH - 2 * PAD),
            HEIGHT - PAD - (y - low) / ((high - low) or 1.0) * (HEIGHT - 2 * PAD),
        )
        for x, y in plot.points
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
    joined = f'<polyline points="{line}"/>'
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2"/>' for x, y in at)
    x_name = plot.x or "row"
    label = f"{plot.y} from {low:.6g} to {high:.6g} over {x_name} from {left:.6g} to {right:.6g}"
    return _framed(label, dots if plot.scattered or len(at) == 1 else joined, low, high)


def _framed(label: str, marks: str, low: float, high: float) -> str:
    return (
        f'<svg class="chart metric" role="img" aria-label="{text_of(label)}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">{marks}'
        f'<text x="2" y="11">{high:.4g}</text><text x="2" y="{HEIGHT - 2}">{low:.4g}</text></svg>'
    )
