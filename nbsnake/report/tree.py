"""The graph of steps as a tree for a terminal, and in the languages of Graphviz and Mermaid."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from nbsnake.escape import escaped
from nbsnake.job.say import few
from nbsnake.report.columns import GAP, shortened
from nbsnake.report.graph import Edge, Graph, Node
from nbsnake.report.states import STYLES
from nbsnake.styles import styled

MARKS = {
    "fresh": "●",
    "stale": "▲",
    "waiting": "◇",
    "never run": "○",
    "failed": "✖",
    "running": "▶",
}
LETTERS = {**dict.fromkeys(MARKS, "*"), "failed": "!", "running": ">", "never run": "-"}
BRANCHES = ("├─ ", "└─ ", "│  ", "   ")
PLAIN_BRANCHES = ("|- ", "`- ", "|  ", "   ")


def tree_lines(
    graph: Graph, width: int | None, *, color: bool, plain: bool = False
) -> Iterator[str]:
    """A line for each node, below the last of the nodes that it needs.

    What it needs besides is named in its line. ``plain`` uses ASCII only.
    """
    children, others = _tree(graph)
    marks, branches = (LETTERS, PLAIN_BRANCHES) if plain else (MARKS, BRANCHES)
    nodes = {node.name: node for node in graph.nodes}

    def line(name: str, indent: str) -> str:
        node = nodes[name]
        also = f"also needs {few(others[name])}" if others[name] else ""
        more = "; ".join(filter(None, [node.counts or node.state, also]))
        shown = f"{escaped(name)}{GAP}{escaped(more)}"
        left = None if width is None else width - len(indent) - 2
        mark = styled(marks[node.state], STYLES[node.state] if color else "")
        return f"{indent}{mark} {shortened(shown, left)}"

    yield from _lines(children, branches, line)


Line = Callable[[str, str], str]


def _lines(
    children: Mapping[str, Sequence[str]], branches: tuple[str, str, str, str], line: Line
) -> Iterator[str]:
    """Depth first, without recursion: a chain of steps may be longer than Python's stack."""
    stack = [(name, "", "") for name in reversed(children[""])]
    while stack:
        name, indent, below = stack.pop()
        yield line(name, indent)
        last = len(children[name]) - 1
        for place in range(last, -1, -1):
            branch, rest = (branches[1], branches[3]) if place == last else branches[::2]
            stack.append((children[name][place], below + branch, below + rest))


def _tree(graph: Graph) -> tuple[Mapping[str, list[str]], Mapping[str, list[str]]]:
    """By node, the nodes below it ("" for those without any before), and what they need besides."""
    before: dict[str, list[str]] = defaultdict(list)
    for edge in graph.edges:
        before[edge.end].append(edge.start)
    place = {node.name: number for number, node in enumerate(graph.nodes)}
    children: dict[str, list[str]] = {"": [], **{node.name: [] for node in graph.nodes}}
    others: dict[str, list[str]] = {}
    for node in graph.nodes:
        needed = sorted(before[node.name], key=lambda name: place[name])
        children[needed[-1] if needed else ""].append(node.name)
        others[node.name] = needed[:-1]
    return children, others


def as_dot(graph: Graph) -> str:
    """The graph in the language of Graphviz, in which quotes and backslashes are escaped."""
    lines = ["digraph steps {", '  rankdir="LR";', '  node [shape="box", style="rounded"];']
    lines += [f"  {_dot(node.name)} [label={_dot(_label(node))}];" for node in graph.nodes]
    lines += [
        f"  {_dot(edge.start)} -> {_dot(edge.end)} [label={_dot(_files(edge))}];"
        for edge in graph.edges
    ]
    return "\n".join([*lines, "}", ""])


def as_mermaid(graph: Graph) -> str:
    """The graph in the language of Mermaid; names are texts in quotes, and nodes have numbers."""
    number = {node.name: f"n{place}" for place, node in enumerate(graph.nodes)}
    lines = ["flowchart LR"]
    lines += [f'    {number[node.name]}["{_mermaid(_label(node))}"]' for node in graph.nodes]
    lines += [
        f'    {number[edge.start]} -->|"{_mermaid(_files(edge))}"| {number[edge.end]}'
        for edge in graph.edges
    ]
    return "\n".join([*lines, ""])


def _label(node: Node) -> str:
    return f"{node.name}: {node.counts or node.state}"


def _files(edge: Edge) -> str:
    return few(edge.files, 2)


def _dot(text: str) -> str:
    shown = escaped(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{shown}"'


def _mermaid(text: str) -> str:
    """Mermaid has no escape in strings but entities, and reads Markdown and HTML in them."""
    return "".join(
        char if char.isalnum() or char in " ,.:/_-@=" else f"#{ord(char)};"
        for char in escaped(text)
    )
