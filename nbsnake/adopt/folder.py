"""A folder of notebooks as a pipeline: which of them become steps, and who reads what who wrote."""

import graphlib
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from nbsnake.adopt.alike import Alike, UseOf, find_alike
from nbsnake.adopt.axes import is_output, spread, with_axes
from nbsnake.adopt.credentials import find_credentials
from nbsnake.adopt.decide import Followed, decide, follow, matching
from nbsnake.adopt.facts import Certainty, Facts, File, Hazard
from nbsnake.adopt.given import Given, with_given
from nbsnake.adopt.included import with_included
from nbsnake.adopt.naming import home_of, is_archived, newest, step_of, version_of
from nbsnake.adopt.observe import Seen
from nbsnake.adopt.proposal import AxisSpec, Proposal
from nbsnake.adopt.propose import propose
from nbsnake.errors import NbsnakeError, Where
from nbsnake.follow.cells import shape_of_cells
from nbsnake.model.step import Notebook
from nbsnake.notebook.foreign_literals import LANGUAGES
from nbsnake.notebook.kept_cells import PYTHON
from nbsnake.notebook.kernels import runs_in_kernel
from nbsnake.notebook.keys import step_name
from nbsnake.notebook.read import read_notebook
from nbsnake.notebook.read_step import PLAIN, Reading, StepSpec, read_step


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A notebook that is left alone, with the reason."""

    notebook: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A step of the graph: what it reads and writes, from the root."""

    step: str
    notebook: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """The notebooks of a folder: those whose code was followed, and those that are steps."""

    followed: tuple[Followed, ...]
    steps: tuple[StepSpec, ...]
    left: tuple[Left, ...]
    faults: tuple[NbsnakeError, ...]


def read_all(paths: Iterable[str], rules: Reading) -> Readings:
    """Read notebooks, and follow the code of those that are no steps yet."""
    followed, steps = list[Followed](), list[StepSpec]()
    left, faults = list[Left](), list[NbsnakeError]()
    for path in paths:
        try:
            notebook = read_notebook(path)
            if notebook.language not in PYTHON and not runs_in_kernel(notebook, rules.no_effect):
                left.append(Left(notebook=path, why=_why_foreign(notebook.language)))
            elif step := read_step(notebook, rules):
                steps.append(step)
            else:
                followed.append(follow(notebook, rules.no_effect))
        except NbsnakeError as fault:
            faults.append(fault)
    return Readings(
        followed=tuple(followed), steps=tuple(steps), left=tuple(left), faults=tuple(faults)
    )


def _why_foreign(language: str) -> str:
    why = f"it is written in {language}"
    if language not in LANGUAGES:
        return why
    return f"{why}: a comment with ':dvc-out: path' in its first code cell makes it a step"


def read_parsed(notebooks: Iterable[Notebook], rules: Reading) -> Readings:
    """As :func:`read_all`, of notebooks that are not on disk yet, and none of them a step."""
    followed = tuple(follow(each, rules.no_effect) for each in notebooks)
    return Readings(followed=followed, steps=(), left=(), faults=())


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
    With ``variants`` notebooks that differ in values alone become variants of one.
    """
    tools = given or {}
    by_path = {each.path: each for each in found.followed}
    facts = _facts(found.followed, tools, seen or {})
    every = {file.path for each in facts for file in each.writes}
    free = [each for each in facts if each.notebook not in tools]
    alike = find_alike(free, by_path, every, rules)
    merged = [each for each in alike if variants]
    offered = {path for each in alike for path in each.others}
    older = dict(_older(facts, {*chosen_ones, *tools}, by_path, offered))
    older |= {path: f"it is a variant of {each.main}" for each in merged for path in each.others}
    idle = {each.notebook for each in facts if not each.writes}
    chosen = [each for each in facts if each.notebook not in older and each.notebook not in idle]
    made = _proposals(chosen, by_path, {step.name for step in found.steps}, tools, merged)
    proposals = with_axes(made, overlays or {}, lists or {})
    nodes = [*map(_node_of_step, found.steps), *map(_node, proposals)]
    nodes += [_node_of_use(each.main, use) for each in merged for use in each.uses]
    ordered, circle = _ordered(nodes)
    hazards = [*_own_hazards([each for each in facts if each.notebook not in older], by_path)]
    hazards += [*_two_writers(chosen), *_circle_hazards(circle, chosen), *_wrong_order(nodes)]
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


def _older(
    facts: Sequence[Facts], named: set[str], followed: Mapping[str, Followed], alike: set[str]
) -> Iterator[tuple[str, str]]:
    """The notebooks of which there is a newer version, except those whose files others read."""
    # Of the same name but for its version, in the same folder or one for old ones in it.
    groups: dict[tuple[str, str], list[Facts]] = {}
    for each in facts:
        key = (home_of(each.notebook), version_of(each.notebook).base)
        groups.setdefault(key, []).append(each)
    for group in groups.values():
        latest = newest(each.notebook for each in group)
        made = {file.path for each in group if each.notebook == latest for file in each.writes}
        for each in group:
            own = {file.path for file in each.writes} - made
            others = [one for one in facts if one not in group]
            is_read = own & {file.path for one in others for file in one.reads}
            if each.notebook != latest and each.notebook not in named and not is_read:
                why = f"{latest} is a newer version of it"
                if is_archived(each.notebook):
                    why = f"{latest} has its name, and is not in a folder for old ones"
                    yield each.notebook, why
                    continue
                is_offered = each.notebook in alike
                yield (
                    each.notebook,
                    why if is_offered else _why_older(each, latest, facts, followed),
                )


def _why_older(
    old: Facts, latest: str, facts: Sequence[Facts], followed: Mapping[str, Followed]
) -> str:
    """Why an older version is left; where only parameters differ, how it becomes a variant."""
    why = f"{latest} is a newer version of it"
    new = next(each for each in facts if each.notebook == latest)
    values = {each.name: each.text for each in new.constants}
    differing = [each.name for each in old.constants if values.get(each.name, "") != each.text]
    if not differing or _shape(followed[old.notebook]) != _shape(followed[latest]):
        return why
    shown = ", ".join(
        f"{each.name} {each.text}" for each in old.constants if each.name in differing
    )
    return f"{why}, and differs in values alone ({shown}): write ':foreach' for a variant"


def _shape(followed: Followed) -> list[str]:
    return shape_of_cells(followed.cells)


def _node(proposal: Proposal) -> Node:
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


def _node_of_use(notebook: str, use: UseOf) -> Node:
    return Node(step=use.name, notebook=notebook, reads=use.reads, writes=use.writes)


def _node_of_step(step: StepSpec) -> Node:
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


def _ordered(nodes: Sequence[Node]) -> tuple[list[Node], list[str]]:
    """The nodes in the order in which they run, and the steps of a circle, if there is one."""
    graph = {node.step: needs(node, nodes) for node in nodes}
    by_name = {node.step: node for node in nodes}
    try:
        return [by_name[name] for name in graphlib.TopologicalSorter(graph).static_order()], []
    except graphlib.CycleError as error:
        return list(nodes), list(error.args[1])


def _two_writers(facts: Sequence[Facts]) -> Iterator[Hazard]:
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


def _circle_hazards(circle: Sequence[str], facts: Sequence[Facts]) -> Iterator[Hazard]:
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


def _wrong_order(nodes: Sequence[Node]) -> Iterator[Hazard]:
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
