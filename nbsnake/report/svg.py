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
LIGHT = (
    "--fresh: #1a7f37; --stale: #9a6700; --waiting: #7d4e00; --never-run: #57606a; "
    "--failed: #b3261e; --running: #0b5cad; --name: #1f2328; --edge: #6e7781; --box: #ffffff;"
)
DARK = (
    "--fresh: #4ac26b; --stale: #d4a72c; --waiting: #e0a458; --never-run: #9ea7b3; "
    "--failed: #ff8a80; --running: #6cb6ff; --name: #e6edf3; --edge: #8b949e; --box: #161b22;"
)
_COLORS = "".join(
    f".{state.replace(' ', '-')} {{ color: var(--{state.replace(' ', '-')}); }}\n"
    for state in STATES
)
RULES = f"""\
.g {{ font: 13px system-ui, sans-serif; }}
.g text {{ fill: var(--name); }}
.g .box {{ fill: var(--box); stroke: var(--edge); }}
.g .edge {{ fill: none; stroke: var(--edge); marker-end: url(#s-tip); }}
.tip {{ fill: var(--edge); }}
.g .file, .g .counts {{ font-size: 11px; }}
.g .file {{ paint-order: stroke; stroke: var(--box); stroke-width: 3px; }}
.g a:hover .box, .g a:focus .box {{ stroke-width: 2.5px; }}
{_COLORS}"""


def state_signs() -> str:
    """The signs of all states, and the tip of edges, once for a page or file."""
    tip = '<path class="tip" d="M0 0 7 3.5 0 7z"/>'
    marker = (
        f'<marker id="s-tip" markerWidth="7" markerHeight="7" refX="7" refY="3.5">{tip}</marker>'
    )
    return f"<defs>{''.join(map(_sign, STATES))}{marker}</defs>"


def state_sign(state: State) -> str:
    """The sign of a state, around the origin; its color is the text's."""
    return f'<use href="#s-{state.replace(" ", "-")}"/>'


def _sign(state: State) -> str:
    fill = "none" if state in OUTLINED else "currentColor"
    look = f'd="{SHAPES[state]}" fill="{fill}" stroke="currentColor" stroke-width="1.5"'
    return f'<path id="s-{state.replace(" ", "-")}" {look}/>'


def graph_file(graph: Graph) -> str:
    """The graph as an SVG file of its own."""
    dark = f"@media (prefers-color-scheme: dark) {{ .g {{ {DARK} }} }}"
    return (
        graph_svg(
            graph, {}, head=f"<style>.g {{ {LIGHT} }}\n{dark}\n{RULES}</style>{state_signs()}"
        )
        + "\n"
    )


def graph_svg(graph: Graph, links: Mapping[str, str], *, head: str = "") -> str:
    """The graph as an ``svg`` element; ``links`` are where nodes lead, by name.

    The styles and signs are in ``head``, or elsewhere in the page.
    """
    places = layout(
        (node.name for node in graph.nodes), ((edge.start, edge.end) for edge in graph.edges)
    )
    width = 2 * MARGIN + places.layers * (WIDTH + APART) - APART if graph.nodes else 2 * MARGIN
    height = round(2 * MARGIN + (places.rows - 1) * ROW + HEIGHT) if graph.nodes else 2 * MARGIN
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    label = 'class="g" role="group" aria-label="the graph of steps"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {label} {size}>{head}',
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
        title = f"{edge.start} to {edge.end}: {', '.join(edge.files)}"
        yield f'<path class="edge" d="{_curve(points)}"><title>{text_of(title)}</title></path>'
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
        f"{state_sign(node.state)}</g>"
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
    """From the right side of a node to the left side of another, level where it passes others."""
    x, y = _left(points[0]) + WIDTH, _number(_middle(points[0]))
    parts = [f"M{x} {y}"]
    for point in points[1:]:
        left, middle = _left(point), _number(_middle(point))
        if middle != y:
            half = (left - APART + left) // 2
            parts.append(f"H{left - APART}C{half} {y} {half} {middle} {left} {middle}")
        x, y = left + WIDTH, middle
    return "".join(parts) + f"H{_left(points[-1])}"


def _left(point: Point) -> int:
    return MARGIN + point.layer * (WIDTH + APART)


def _top(point: Point) -> str:
    return _number(MARGIN + point.row * ROW)


def _middle(point: Point) -> float:
    return MARGIN + point.row * ROW + HEIGHT / 2


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
