"""The graph of steps: variants folded into one node, and the files by which steps are linked."""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import NamedTuple

from nbsnake.job.plan import Plan
from nbsnake.names import base_name
from nbsnake.report.layout import find_levels
from nbsnake.report.states import STATES, State, StepState

# Of the states of several steps, the one that is shown.
WORST: tuple[State, ...] = ("failed", "running", "stale", "waiting", "never run", "fresh")
MANY = 60  # nodes beyond which those with the same neighbors become one


class Node(NamedTuple):
    """One step, or several that are shown as one."""

    name: str
    members: tuple[StepState, ...]

    @property
    def state(self) -> State:
        """That of its step; of several, the one that asks most for attention."""
        states = {each.state for each in self.members}
        return next(state for state in WORST if state in states)

    @property
    def counts(self) -> str:
        """How many of its steps are in which state; "" for a single step."""
        if len(self.members) == 1:
            return ""
        counts = Counter(each.state for each in self.members)
        return ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])


class Edge(NamedTuple):
    """``end`` reads the files, which ``start`` writes; patterns stand for those of variants."""

    start: str
    end: str
    files: tuple[str, ...]


class Graph(NamedTuple):
    """Nodes in the order in which they can run, and the edges between them."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def graph_of(states: Sequence[StepState], plan: Plan, chosen: Container[str]) -> Graph:
    """The graph of the steps that are ``chosen``, with one node for all variants of a step."""
    shown = [each for each in states if each.name in chosen]
    group = {each.name: base_name(each.name) for each in shown}
    members: dict[str, list[StepState]] = defaultdict(list)
    for each in shown:
        members[group[each.name]].append(each)
    files = _files(shown, plan, group)
    edges = tuple(Edge(start, end, tuple(paths)) for (start, end), paths in files.items())
    return Graph(tuple(Node(name, tuple(each)) for name, each in members.items()), edges)


def folded(graph: Graph) -> Graph:
    """A large graph with several nodes as one: those with the same neighbors, or else those of one
    layer with the same state."""
    if len(graph.nodes) <= MANY:
        return graph
    before, after = _neighbors(graph)
    twins = {node.name: (before[node.name], after[node.name]) for node in graph.nodes}
    graph = _merged(graph, twins)
    if len(graph.nodes) <= MANY:
        return graph
    names = [node.name for node in graph.nodes]
    levels = find_levels(names, [(edge.start, edge.end) for edge in graph.edges])
    return _merged(graph, {node.name: (levels[node.name], node.state) for node in graph.nodes})


def _merged(graph: Graph, keys: Mapping[str, object]) -> Graph:
    """The graph with one node for all nodes of the same key."""
    groups: dict[object, list[Node]] = defaultdict(list)
    for node in graph.nodes:
        groups[keys[node.name]].append(node)
    names = {key: _name_of(nodes) for key, nodes in groups.items()}
    files: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for edge in graph.edges:
        files[names[keys[edge.start]], names[keys[edge.end]]] |= dict.fromkeys(edge.files)
    nodes = tuple(
        Node(names[key], tuple(each for node in nodes for each in node.members))
        for key, nodes in groups.items()
    )
    edges = tuple(Edge(start, end, tuple(paths)) for (start, end), paths in files.items())
    return Graph(nodes, edges)


def _name_of(nodes: Sequence[Node]) -> str:
    steps = [each for node in nodes for each in node.members]
    groups = [*dict.fromkeys(base_name(each.name) for each in steps)]
    return f"{groups[0]} and {len(groups) - 1} more" if len(nodes) > 1 else nodes[0].name


def _neighbors(graph: Graph) -> tuple[Mapping[str, frozenset[str]], Mapping[str, frozenset[str]]]:
    before: dict[str, set[str]] = {node.name: set() for node in graph.nodes}
    after: dict[str, set[str]] = {node.name: set() for node in graph.nodes}
    for edge in graph.edges:
        before[edge.end].add(edge.start)
        after[edge.start].add(edge.end)
    return (
        {name: frozenset(names) for name, names in before.items()},
        {name: frozenset(names) for name, names in after.items()},
    )


def _files(
    states: Iterable[StepState], plan: Plan, group: Mapping[str, str]
) -> dict[tuple[str, str], dict[str, None]]:
    """By the two groups, the files that go from one to the other."""
    makers = plan.makers()
    found: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for each in states:
        for path in each.step.deps:
            for maker in makers.get(path, ()):
                if maker in group and group[maker] != group[each.name]:
                    found[group[maker], group[each.name]][path] = None
    return found
