"""Where the nodes of a graph go: layers from left to right, few crossings, short edges.

A pure function of names and edges, after the method of Sugiyama, Tagawa and Toda (1981): layers by
the longest path, an order within each layer by barycenters, and then heights. Long edges pass each
layer between as a bend of their own. The same graph always gets the same layout.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from graphlib import TopologicalSorter
from typing import NamedTuple

SWEEPS = 8  # back and forth over the layers

Link = tuple[str, str]
Slot = str | tuple[str, str, int]  # a node, or the bend of an edge in a layer
Neighbors = Mapping[Slot, Sequence[Slot]]


class Point(NamedTuple):
    """``layer`` counts from the left, ``row`` in units of a node's height from the top."""

    layer: int
    row: float


class Layout(NamedTuple):
    """Where each node is, and by which points each edge goes, its two nodes included."""

    nodes: dict[str, Point]
    edges: dict[Link, list[Point]]

    @property
    def layers(self) -> int:
        """How many layers there are."""
        return 1 + max((point.layer for point in self.nodes.values()), default=-1)

    @property
    def rows(self) -> float:
        """The height, from the top of the first node to the bottom of the last."""
        points = [*self.nodes.values(), *(each for path in self.edges.values() for each in path)]
        return 1 + max((point.row for point in points), default=-1.0)


def layout(names: Iterable[str], links: Iterable[Link]) -> Layout:
    """The layout of a graph without circles; raises :class:`graphlib.CycleError` for one with."""
    nodes, edges = [*names], [*dict.fromkeys(links)]
    levels = find_levels(nodes, edges)
    paths = {link: _path(link, levels) for link in edges}
    layers = _layers(nodes, levels, paths)
    before, after = _neighbors(paths)
    for _ in range(SWEEPS):
        _sweep(layers, before)
        _sweep(layers[::-1], after)
    rows = _rows(layers, before, after)
    top = min(rows.values(), default=0.0)
    place = {slot: Point(level, round(rows[slot] - top, 3)) for slot, level in _each(layers)}
    return Layout(
        {name: place[name] for name in nodes},
        {link: [place[slot] for slot in path] for link, path in paths.items()},
    )


def find_levels(nodes: Sequence[str], edges: Sequence[Link]) -> dict[str, int]:
    """The layer of each node: one after all before it, and as near as may be to those after it."""
    before: dict[str, list[str]] = {name: [] for name in nodes}
    after: dict[str, list[str]] = {name: [] for name in nodes}
    for start, end in edges:
        before[end].append(start)
        after[start].append(end)
    order = [*TopologicalSorter(before).static_order()]
    levels: dict[str, int] = {}
    for name in order:
        levels[name] = max((levels[each] + 1 for each in before[name]), default=0)
    for name in reversed(order):
        if after[name] and not before[name]:
            levels[name] = min(levels[each] for each in after[name]) - 1
    return levels


def _path(link: Link, levels: Mapping[str, int]) -> list[Slot]:
    start, end = link
    bends: list[Slot] = [(start, end, level) for level in range(levels[start] + 1, levels[end])]
    return [start, *bends, end]


def _layers(
    nodes: Sequence[str], levels: Mapping[str, int], paths: Mapping[Link, Sequence[Slot]]
) -> list[list[Slot]]:
    layers: list[list[Slot]] = [[] for _ in range(1 + max(levels.values(), default=-1))]
    for name in nodes:
        layers[levels[name]].append(name)
    for (start, _), path in paths.items():
        for level, bend in enumerate(path[1:-1], levels[start] + 1):
            layers[level].append(bend)
    return layers


def _neighbors(paths: Mapping[Link, Sequence[Slot]]) -> tuple[Neighbors, Neighbors]:
    before: defaultdict[Slot, list[Slot]] = defaultdict(list)
    after: defaultdict[Slot, list[Slot]] = defaultdict(list)
    for path in paths.values():
        for first, second in itertools.pairwise(path):
            before[second].append(first)
            after[first].append(second)
    return before, after


def _sweep(layers: Sequence[list[Slot]], beside: Neighbors) -> None:
    """Order each layer by the mean place of its neighbors in the layer before it."""
    places: dict[Slot, int] = {}
    for layer in layers:
        here = {slot: place for place, slot in enumerate(layer)}
        wished = {
            slot: _mean([places[each] for each in beside.get(slot, ())], here[slot])
            for slot in layer
        }
        layer.sort(key=lambda slot: (wished[slot], here[slot]))
        places = {slot: place for place, slot in enumerate(layer)}


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _rows(layers: Sequence[list[Slot]], before: Neighbors, after: Neighbors) -> dict[Slot, float]:
    """Heights by which edges are short, the order of each layer kept."""
    rows: dict[Slot, float] = {slot: float(n) for layer in layers for n, slot in enumerate(layer)}
    for _ in range(SWEEPS):
        for order, beside in ((layers, before), (layers[::-1], after)):
            for layer in order:
                wished = [
                    _mean([rows[each] for each in beside.get(slot, ())], rows[slot])
                    for slot in layer
                ]
                rows.update(zip(layer, spread(wished), strict=True))
    return rows


def spread(wished: Sequence[float]) -> list[float]:
    """The places nearest to those that are wished, in the same order and at least one apart.

    The least squares of the differences, by pooling neighbors that are too near (isotonic
    regression).
    """
    pools: list[tuple[float, int]] = []  # the mean of what is wished, and of how many
    for number, each in enumerate(wished):
        mean, count = each - number, 1
        while pools and pools[-1][0] >= mean:
            other, more = pools.pop()
            mean, count = (mean * count + other * more) / (count + more), count + more
        pools.append((mean, count))
    places = [mean for mean, count in pools for _ in range(count)]
    return [place + number for number, place in enumerate(places)]


def _each(layers: Sequence[list[Slot]]) -> Iterable[tuple[Slot, int]]:
    return ((slot, level) for level, layer in enumerate(layers) for slot in layer)
