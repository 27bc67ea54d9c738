"""The graph of steps as SVG: states by color and by shape, files on the edges."""

from collections.abc import Iterator, Mapping
from html import escape

from nbsnake.escape import escaped
from nbsnake.report.columns import shortened
from nbsnake.report.graph import Edge, Graph, Node
from nbsnake.report.layout import Layout, Point, layout
from nbsnake.report.states import STATES, State

# Sizes in pixels.
WIDTH, HEIGHT = 176, 44  # of a node
APART, ROW = 120, 62  # between two layers, and from one row to the next
MARGIN = 12
NAME, COUNTS, FILE = 19, 27, 17  # characters that fit
LABELED = 40  # edges up to which each shows its files

SHAPES: Mapping[State, str] = {
    "fresh": "M-6 0a6 6 0 1 0 12 0a6 6 0 1 0-12 0z",
    "stale": "M0-7 7 6-7 6z",
    "waiting": "M0-7 7 0 0 7-7 0z",
    "never run": "M-5-5h10v10h-10z",
    "failed": "M-6-3-3-6 0-3 3-6 6-3 3 0 6 3 3 6 0 3-3 6-6 3-3 0z",
    "running": "M-5-7 7 0-5 7z",
}
OUTLINED = ("waiting", "never run")
# The colors have at least 4.5 : 1 on the background, for text; both schemes.
STYLE = """\
.g { --fresh: #1a7f37; --stale: #9a6700; --waiting: #7d4e00; --never-run: #57606a;
  --failed: #b3261e; --running: #0b5cad; --ink: #1f2328; --line: #6e7781; --box: #ffffff;
  font: 13px system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { .g:not(.light *) { --fresh: #4ac26b; --stale: #d4a72c;
  --waiting: #e0a458; --never-run: #9ea7b3; --failed: #ff8a80; --running: #6cb6ff;
  --ink: #e6edf3; --line: #8b949e; --box: #161b22; } }
.dark .g { --fresh: #4ac26b; --stale: #d4a72c; --waiting: #e0a458; --never-run: #9ea7b3;
  --failed: #ff8a80; --running: #6cb6ff; --ink: #e6edf3; --line: #8b949e; --box: #161b22; }
.g text { fill: var(--ink); }
.g .box { fill: var(--box); stroke: var(--line); }
.g .edge { fill: none; stroke: var(--line); }
.g .tip { fill: var(--line); }
.g .file, .g .counts { font-size: 11px; }
.g .file { paint-order: stroke; stroke: var(--box); stroke-width: 3px; }
"""
_COLORS = "".join(
    f".g .{state.replace(' ', '-')} {{ color: var(--{state.replace(' ', '-')}); }}\n"
    for state in STATES
)
GRAPH_STYLE = f"{STYLE}{_COLORS}.g a:hover .box, .g a:focus .box {{ stroke-width: 2.5px; }}\n"


def state_shape(state: State) -> str:
    """The sign of a state, around the origin; its color is the text's."""
    fill = "none" if state in OUTLINED else "currentColor"
    return f'<path d="{SHAPES[state]}" fill="{fill}" stroke="currentColor" stroke-width="1.5"/>'


def graph_file(graph: Graph) -> str:
    """The graph as an SVG file of its own."""
    return graph_svg(graph, {}, style=f"<style>{GRAPH_STYLE}</style>") + "\n"


def graph_svg(graph: Graph, links: Mapping[str, str], *, style: str = "") -> str:
    """The graph as an ``svg`` element; ``links`` are where nodes lead, by name."""
    places = layout(
        (node.name for node in graph.nodes), ((edge.start, edge.end) for edge in graph.edges)
    )
    width = 2 * MARGIN + places.layers * (WIDTH + APART) - APART if graph.nodes else 2 * MARGIN
    height = round(2 * MARGIN + (places.rows - 1) * ROW + HEIGHT) if graph.nodes else 2 * MARGIN
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    label = 'class="g" role="group" aria-label="the graph of steps"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {label} {size}>{style}',
        *_edges(graph, places),
        *(_node(node, places.nodes[node.name], links.get(node.name, "")) for node in graph.nodes),
        "</svg>",
    ]
    return "\n".join(parts)


def text_of(text: str) -> str:
    """Text of others as XML."""
    return escape(escaped(text))


def _edges(graph: Graph, places: Layout) -> Iterator[str]:
    shown: set[tuple[str, tuple[str, ...]]] = set()
    for edge in graph.edges:
        points = places.edges[edge.start, edge.end]
        title = text_of(", ".join(edge.files))
        yield (
            f"<g><title>{text_of(edge.start)} to {text_of(edge.end)}: {title}</title>"
            f'<path class="edge" d="{_curve(points)}"/>{_tip(points[-1])}</g>'
        )
    for edge in graph.edges if len(graph.edges) <= LABELED else ():
        if (edge.start, edge.files) not in shown:
            shown.add((edge.start, edge.files))
            yield _file(edge, places.edges[edge.start, edge.end])


def _node(node: Node, point: Point, link: str) -> str:
    left, top = _left(point), _top(point)
    counts = node.counts or node.state
    label = f"{text_of(node.name)}: {text_of(counts)}"
    start, end = (f'<a href="{escape(link)}" aria-label="{label}">', "</a>") if link else ("", "")
    return (
        f'{start}<g class="node" data-state="{node.state}" '
        f'transform="translate({left} {top})"><title>{label}</title>'
        f'<rect class="box" width="{WIDTH}" height="{HEIGHT}" rx="6"/>'
        f'<g class="{node.state.replace(" ", "-")}" transform="translate(18 {HEIGHT // 2})">'
        f"{state_shape(node.state)}</g>"
        f'<text x="34" y="19">{text_of(shortened(node.name, NAME, middle=True))}</text>'
        f'<text class="counts" x="34" y="35">{text_of(shortened(counts, COUNTS))}</text>'
        f"</g>{end}"
    )


def _file(edge: Edge, points: list[Point]) -> str:
    names = ", ".join(path.rpartition("/")[2] for path in edge.files)
    x = _left(points[0]) + WIDTH + APART / 2
    y = (_middle(points[0]) + _middle(points[1])) / 2 - 4
    shown = text_of(shortened(names, FILE, middle=True))
    return (
        f'<text class="file" x="{_number(x)}" y="{_number(y)}" text-anchor="middle">{shown}</text>'
    )


def _curve(points: list[Point]) -> str:
    """From the right side of a node to the left side of another, level at each bend."""
    x, y = _left(points[0]) + WIDTH, _middle(points[0])
    parts = [f"M{_number(x)} {_number(y)}"]
    for point in points[1:]:
        left, middle = _left(point), _middle(point)
        half = _number((left - x) / 2 + x)
        parts.append(f"C{half} {_number(y)} {half} {_number(middle)} {left} {_number(middle)}")
        if point is not points[-1]:
            x, y = left + WIDTH, middle
            parts.append(f"H{x}")
    return "".join(parts)


def _tip(point: Point) -> str:
    left, middle = _left(point), _number(_middle(point))
    return f'<path class="tip" d="M{left} {middle}l-7-3.5v7z"/>'


def _left(point: Point) -> int:
    return MARGIN + point.layer * (WIDTH + APART)


def _top(point: Point) -> str:
    return _number(MARGIN + point.row * ROW)


def _middle(point: Point) -> float:
    return MARGIN + point.row * ROW + HEIGHT / 2


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
