"""The graph of steps: its layout, and its forms for terminals, Graphviz, Mermaid and browsers."""

import itertools
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from results_builder import Folder, planned
from state_cases import state

from nbsnake.cli import main
from nbsnake.report.graph import MANY, Edge, Graph, Node, folded, graph_of
from nbsnake.report.layout import layout, spread
from nbsnake.report.svg import graph_file, graph_svg
from nbsnake.report.tree import as_dot, as_mermaid, tree_lines

GOLDEN = Path(__file__).parent / "texts"
HOSTILE = "a\"]; <script>alert(1)</script> #quot; \\ \x1b[31m&'b"


@st.composite
def graphs(draw):
    """Names, and edges that go from a name to a later one."""
    count = draw(st.integers(0, 25))
    pairs = [(start, end) for end in range(count) for start in range(end)]
    links = draw(st.lists(st.sampled_from(pairs), max_size=60)) if pairs else []
    return [str(number) for number in range(count)], [(str(a), str(b)) for a, b in links]


@given(graphs())
def test_layout_has_each_node_once_and_each_edge_leads_right(graph):
    names, links = graph
    found = layout(names, links)
    assert found.nodes.keys() == set(names)
    assert len({*found.nodes.values()}) == len(names)
    assert found.edges.keys() == set(links)
    for (start, end), points in found.edges.items():
        assert (points[0], points[-1]) == (found.nodes[start], found.nodes[end])
        first = points[0].layer
        assert [point.layer for point in points] == [*range(first, first + len(points))]
    assert layout(names, links) == found


@given(graphs())
def test_nodes_and_bends_of_a_layer_are_a_row_apart(graph):
    found = layout(*graph)
    bends = [point for path in found.edges.values() for point in path[1:-1]]
    layers = {}
    for point in [*found.nodes.values(), *bends]:
        layers.setdefault(point.layer, []).append(point.row)
    for rows in map(sorted, layers.values()):
        assert all(after - before >= 0.99 for before, after in itertools.pairwise(rows))
        assert rows[0] >= 0


@given(st.lists(st.floats(-100, 100), max_size=30))
def test_places_are_apart_and_nobody_is_moved_without_need(wished):
    places = spread(wished)
    pairs = [*itertools.pairwise(places)]
    assert all(after - before >= 1 - 1e-6 for before, after in pairs)
    if all(after - before >= 1 for before, after in itertools.pairwise(wished)):
        assert places == pytest.approx(wished)


def test_chain_longer_than_the_stack_and_wide_graph_have_a_layout():
    names = [str(number) for number in range(3000)]
    assert layout(names, itertools.pairwise(names)).layers == 3000
    assert layout(names, [(names[0], name) for name in names[1:]]).rows == 2999


def sample():
    """Six steps, one of them with variants."""
    variants = tuple(state(f"train@{rate}", "stale") for rate in (0.1, 0.2))
    nodes = [
        Node("load", (state("load"),)),
        Node("clean", (state("clean", "running"),)),
        Node("other", (state("other", "never run"),)),
        Node("train", (*variants, state("train@0.3"))),
        Node("judge", (state("judge", "waiting"),)),
        Node("plot", (state("plot", "failed"),)),
    ]
    edges = [
        Edge("load", "clean", ("data/raw.csv",)),
        Edge("load", "train", ("data/raw.csv",)),
        Edge("clean", "train", ("data/a.csv", "data/b.csv")),
        Edge("train", "judge", ("m/0.1", "m/0.2", "m/0.3", "m/0.4")),
        Edge("clean", "plot", ("data/a.csv",)),
        Edge("clean", "judge", ("data/a.csv",)),
    ]
    return Graph(tuple(nodes), tuple(edges))


FORMS = {
    "tree.txt": lambda: "".join(f"{line}\n" for line in tree_lines(sample(), None, color=False)),
    "tree_40.txt": lambda: "".join(
        f"{line}\n" for line in tree_lines(sample(), 40, color=False, plain=True)
    ),
    "graph.dot": lambda: as_dot(sample()),
    "graph.mmd": lambda: as_mermaid(sample()),
    "graph.svg": lambda: graph_file(sample()),
}


@pytest.mark.parametrize("name", FORMS)
def test_forms_of_a_graph(name, update_golden):
    text = FORMS[name]()
    file = GOLDEN / name
    if update_golden:
        file.write_text(text)
    assert text == file.read_text()


def test_variants_are_one_node_and_files_are_on_the_edges(folder):
    built = Folder()
    make, _join = built.plan.steps.values()
    variants = [planned(f"join@{n}", "mid.txt", f"{n}.txt") for n in (1, 2)]
    reader = planned("read", "1.txt", "r.txt")._replace(deps=("1.txt", "2.txt"))
    built.plan_steps(make, *variants, reader)
    states = [state(name)._replace(step=step) for name, step in built.plan.steps.items()]
    graph = graph_of(states, built.plan, built.plan.steps.keys())
    assert [node.name for node in graph.nodes] == ["make", "join", "read"]
    assert graph.nodes[1].counts == "2 fresh"
    assert graph.edges == (
        Edge("make", "join", ("mid.txt",)),
        Edge("join", "read", ("1.txt", "2.txt")),
    )
    assert [node.name for node in graph_of(states, built.plan, {"make"}).nodes] == ["make"]


def test_nodes_with_the_same_neighbors_are_one_where_there_are_many():
    middle = [Node(f"m{n}", (state(f"m{n}"),)) for n in range(MANY)]
    ends = [Node(name, (state(name),)) for name in ("first", "last")]
    edges = [Edge("first", node.name, ("a",)) for node in middle]
    edges += [Edge(node.name, "last", (f"{node.name}.txt",)) for node in middle]
    graph = folded(Graph((ends[0], *middle, ends[1]), tuple(edges)))
    assert [node.name for node in graph.nodes] == ["first", f"m0 and {MANY - 1} more", "last"]
    assert [len(edge.files) for edge in graph.edges] == [1, MANY]
    assert folded(sample()) == sample()


def test_names_of_others_are_text_in_every_form():
    graph = Graph(
        (Node(HOSTILE, (state("a"),)), Node("b", (state("b"),))), (Edge(HOSTILE, "b", (HOSTILE,)),)
    )
    root = ET.fromstring(graph_svg(graph, {HOSTILE: "#step-1"}))
    assert not [each for each in root.iter() if each.tag.endswith("script")]
    mermaid = as_mermaid(graph)
    assert "<" not in mermaid
    assert "\x1b" not in mermaid + as_dot(graph) + graph_file(graph)
    assert (
        as_dot(graph).splitlines()[3].count('"') - as_dot(graph).splitlines()[3].count('\\"') == 4
    )
    assert "\x1b" not in "".join(tree_lines(graph, None, color=False))


def test_command_prints_and_writes_the_graph(folder, capsys, monkeypatch):
    built = Folder()
    built.run_all()
    monkeypatch.setattr("nbsnake.commands.graph.current_plan", lambda: built.plan)
    assert main(["graph"]) == 0
    assert capsys.readouterr().out == "● make  fresh\n└─ ● join  fresh\n2 steps: 2 fresh\n"
    assert main(["graph", "make"]) == 0
    assert capsys.readouterr().out == "● make  fresh\n1 step: 1 fresh\n"
    assert main(["graph", "--mermaid"]) == 0
    assert 'n0 -->|"mid.txt"| n1' in capsys.readouterr().out
    assert main(["graph", "--svg", "graph.svg"]) == 0
    ET.parse("graph.svg")
    assert main(["graph", "--svg", "graph.png"]) == 2
