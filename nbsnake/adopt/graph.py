"""The graph of a folder: which step reads what another one writes, and what contradicts it."""

import graphlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from nbsnake.adopt.alike import UseOf
from nbsnake.adopt.axes import is_output, spread
from nbsnake.adopt.facts import Facts, File, Hazard
from nbsnake.adopt.naming import version_of
from nbsnake.adopt.proposal import Proposal
from nbsnake.errors import Where
from nbsnake.notebook.spec import StepSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A step of the graph: what it reads and writes, from the root."""

    step: str
    notebook: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]


def node_of_proposal(proposal: Proposal) -> Node:
    """What the step reads and writes that a notebook is to become, all its variants together."""
    files = proposal.files
    every = [
        (is_output(file), one)
        for file in files
        for path in file.paths
        for one in spread(path, (*proposal.axes, *file.axes))
    ]
    reads = [path for is_out, path in every if not is_out]
    writes = [path for is_out, path in every if is_out]
    return Node(
        step=proposal.step, notebook=proposal.notebook, reads=tuple(reads), writes=tuple(writes)
    )


def node_of_use(notebook: str, use: UseOf) -> Node:
    """What another use of a notebook reads and writes."""
    return Node(step=use.name, notebook=notebook, reads=use.reads, writes=use.writes)


def node_of_step(step: StepSpec) -> Node:
    """What a step reads and writes that is there already."""
    return Node(
        step=step.name,
        notebook=step.notebook,
        reads=tuple(each.path for each in step.artifacts if not each.is_output),
        writes=tuple(each.path for each in step.artifacts if each.is_output),
    )


def needs(node: Node, nodes: Iterable[Node]) -> list[str]:
    """The steps whose files a step reads, be it inside a folder."""
    return [
        other.step
        for other in nodes
        if other is not node
        and any(_overlap(path, made) for path in node.reads for made in other.writes)
    ]


def _overlap(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def in_order(nodes: Sequence[Node]) -> tuple[list[Node], list[str]]:
    """The nodes in the order in which they run, and the steps of a circle, if there is one."""
    graph = {node.step: needs(node, nodes) for node in nodes}
    by_name = {node.step: node for node in nodes}
    try:
        return [by_name[name] for name in graphlib.TopologicalSorter(graph).static_order()], []
    except graphlib.CycleError as error:
        return list(nodes), list(error.args[1])


def two_writers(facts: Sequence[Facts]) -> Iterator[Hazard]:
    """Files that two notebooks write."""
    makers: dict[str, list[File]] = {}
    for each in facts:
        for file in each.writes:
            makers.setdefault(file.path, []).append(file)
    for path, files in makers.items():
        for file in files[1:]:
            yield Hazard(
                file.where,
                f"{path!r} is written here, and in {files[0].where}",
                "write another file here, or leave one of the two out: name the others to adopt",
                blocks=True,
            )


def circle_hazards(circle: Sequence[str], facts: Sequence[Facts]) -> Iterator[Hazard]:
    """Where the files of a circle of steps are read."""
    if not circle:
        return
    files = [file for each in facts for file in each.writes]
    read = {file.path: file for each in facts for file in each.reads}
    loop = " -> ".join(reversed(circle))
    for file in files:
        other = read.get(file.path)
        if (
            other is not None
            and _step(file.where.file) in circle
            and _step(other.where.file) in circle
        ):
            yield Hazard(
                other.where,
                f"{file.path!r} is read here, and written in {file.where}: a circle, {loop}",
                "write one of the files of the circle under another name",
                blocks=True,
            )


def _step(notebook: str) -> str:
    return version_of(notebook).base


def wrong_order(nodes: Sequence[Node]) -> Iterator[Hazard]:
    """Numbers in names that say another order than the files."""
    by_step = {node.step: node for node in nodes}
    for node in nodes:
        own = version_of(node.notebook).order
        for name in needs(node, nodes):
            other = version_of(by_step[name].notebook).order
            if own and other and _number(other) > _number(own):
                yield Hazard(
                    Where(node.notebook),
                    f"is number {own}, but reads what {by_step[name].notebook} writes",
                    "the files decide the order; renumber the notebooks",
                )


def _number(order: str) -> tuple[int, str]:
    digits = order.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return (
        int(digits.replace(".", "").replace("_", "").replace("-", "") or 0),
        order[len(digits) :],
    )
