"""A folder of notebooks as a pipeline: which of them become steps, and who reads what who wrote."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from nbsnake.adopt.alike import Alike, find_alike
from nbsnake.adopt.axes import with_axes
from nbsnake.adopt.credentials import find_credentials
from nbsnake.adopt.decide import Followed, decide, matching
from nbsnake.adopt.facts import Certainty, Facts, Hazard
from nbsnake.adopt.given import Given, with_given
from nbsnake.adopt.graph import (
    Node,
    circle_hazards,
    in_order,
    node_of_proposal,
    node_of_step,
    node_of_use,
    two_writers,
    wrong_order,
)
from nbsnake.adopt.included import with_included
from nbsnake.adopt.naming import step_of
from nbsnake.adopt.observe import Seen
from nbsnake.adopt.older import older_versions
from nbsnake.adopt.proposal import AxisSpec, Proposal
from nbsnake.adopt.propose import propose
from nbsnake.adopt.readings import Left, Readings
from nbsnake.errors import NbsnakeError, Where
from nbsnake.notebook.keys import step_name
from nbsnake.notebook.spec import PLAIN, Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What becomes of a folder.

    ``nodes`` are in the order in which they run, those of steps that are there already included.
    ``idle`` are notebooks of which no result is known. ``faults`` are about those that cannot be
    read. ``alike`` are notebooks that are, or could be, variants of one.
    """

    proposals: tuple[Proposal, ...]
    nodes: tuple[Node, ...]
    left: tuple[Left, ...]
    hazards: tuple[Hazard, ...]
    idle: frozenset[str]
    faults: tuple[NbsnakeError, ...]
    alike: tuple[Alike, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """The files that no notebook makes, sorted."""
        made = {path for node in self.nodes for path in node.writes}
        return tuple(sorted({path for node in self.nodes for path in node.reads} - made))

    @property
    def blocked(self) -> frozenset[str]:
        """The notebooks that cannot be written as they are."""
        return frozenset(each.where.file for each in self.hazards if each.blocks)


def make_plan(
    found: Readings,
    chosen_ones: Iterable[str] = (),
    seen: Mapping[str, Seen] | None = None,
    overlays: Mapping[str, Iterable[str]] | None = None,
    lists: Mapping[str, Iterable[str]] | None = None,
    given: Mapping[str, Given] | None = None,
    rules: Reading = PLAIN,
    *,
    variants: bool = False,
) -> Plan:
    """What becomes of notebooks; ``chosen_ones`` are those that the user named one by one.

    ``seen`` is what their runs showed, by notebook; ``overlays`` are values by axis, and
    ``lists`` those of params.yaml, by key. ``given`` is what other tools declare, by notebook.
    With ``variants`` notebooks that differ only in values become variants of one.
    """
    tools = given or {}
    by_path = {each.path: each for each in found.followed}
    facts = _facts(found.followed, tools, seen or {})
    every = {file.path for each in facts for file in each.writes}
    free = [each for each in facts if each.notebook not in tools]
    alike = find_alike(free, by_path, every, rules)
    merged = [each for each in alike if variants]
    offered = {path for each in alike for path in each.others}
    older = dict(older_versions(facts, {*chosen_ones, *tools}, by_path, offered))
    older |= {path: f"it is a variant of {each.main}" for each in merged for path in each.others}
    idle = {each.notebook for each in facts if not each.writes}
    chosen = [each for each in facts if each.notebook not in older and each.notebook not in idle]
    made = _proposals(chosen, by_path, {step.name for step in found.steps}, tools, merged)
    proposals = with_axes(made, overlays or {}, lists or {})
    nodes = [*map(node_of_step, found.steps), *map(node_of_proposal, proposals)]
    nodes += [node_of_use(each.main, use) for each in merged for use in each.uses]
    ordered, circle = in_order(nodes)
    hazards = [*_own_hazards([each for each in facts if each.notebook not in older], by_path)]
    hazards += [*two_writers(chosen), *circle_hazards(circle, chosen), *wrong_order(nodes)]
    old = (Left(notebook=path, why=why) for path, why in older.items())
    return Plan(
        proposals=tuple(proposals),
        nodes=tuple(ordered),
        left=(*found.left, *old, *_idle_ones(idle - older.keys(), hazards)),
        hazards=tuple(sorted(hazards, key=lambda each: _place(each.where))),
        idle=frozenset(idle),
        faults=found.faults,
        alike=tuple(alike),
    )


def _facts(
    followed: Sequence[Followed], tools: Mapping[str, Given], runs: Mapping[str, Seen]
) -> list[Facts]:
    """What is known of each notebook by its code, other tools and its run."""
    by_path = {each.path: each for each in followed}
    starts = {path: "" for path, each in tools.items() if each.at_root}
    facts = []
    for each in decide(followed, starts):
        path = each.notebook
        given = tools.get(path)
        known = with_given(each, by_path[path].cells, given) if given else each
        facts.append(_with_seen(known, runs.get(path)))
    return list(with_included(facts, by_path))


def _proposals(
    chosen: Sequence[Facts],
    followed: Mapping[str, Followed],
    taken: Set[str],
    tools: Mapping[str, Given],
    merged: Sequence[Alike],
) -> list[Proposal]:
    """The steps that notebooks become, with names other than those ``taken``."""
    names = set(taken)
    written = {file.path for each in chosen for file in each.writes}
    shared = {each.main: step_name(each.name) for each in merged if each.name}
    axes: dict[str, tuple[AxisSpec, ...]] = {
        each.main: (each.axis,) for each in merged if each.axis
    }
    axes |= {path: each.axes for path, each in tools.items()}
    proposals = []
    for each in chosen:
        path, tool = each.notebook, tools.get(each.notebook)
        own = step_name(tool.step) if tool and tool.step else shared.get(path, "")
        name = own if own and own not in names else step_of(path, names)
        names.add(name)
        made = propose(followed[path], each, name, written)
        proposals.append(replace(made, axes=axes.get(path, made.axes)))
    return proposals


def _own_hazards(facts: Iterable[Facts], followed: Mapping[str, Followed]) -> Iterator[Hazard]:
    """What is wrong in notebooks, each looked at alone."""
    for each in facts:
        yield from each.hazards
        yield from find_credentials(followed[each.notebook].cells, each.notebook)


def _idle_ones(notebooks: Iterable[str], hazards: Iterable[Hazard]) -> Iterator[Left]:
    """Notebooks without a result, but for those of which a hazard says more."""
    blocked = {each.where.file for each in hazards if each.blocks}
    why = "it writes no file that is known, and a step has a result"
    return (Left(notebook=path, why=why) for path in sorted(notebooks) if path not in blocked)


def _place(where: Where) -> tuple[str, int, int]:
    return (where.file, where.cell or 0, where.line or 0)


def _with_seen(facts: Facts, run: Seen | None) -> Facts:
    """The facts with what a run saw: what both know is sure, what only one knows is marked."""
    if run is None:
        return facts
    seen = run.files
    by_path = {file.path: file for file in seen}
    known = [
        replace(file, certainty=Certainty.SURE if file.path in by_path else Certainty.READING)
        for file in facts.files
    ]
    patterns = {path for each in facts.patterns for path in matching(each.path, by_path)}
    have = {file.path for file in facts.files} | patterns
    folders = [file.path for file in facts.files if file.is_dir]
    new = [
        file
        for file in seen
        if file.path not in have and not any(file.path.startswith(f"{each}/") for each in folders)
    ]
    asked = {file.path: file for file in facts.asked}
    more = [
        replace(file, origins=asked[file.path].origins) if file.path in asked else file
        for file in new
    ]
    return replace(
        facts,
        ran=run.failure is None,
        files=(*known, *more),
        asked=tuple(file for file in facts.asked if file.path not in by_path),
        gaps=facts.gaps if run.failure else (),
        hazards=(*facts.hazards, *([run.failure] if run.failure else [])),
    )
