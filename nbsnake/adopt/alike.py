"""Notebooks that differ only in values, as variants of one: ``train_a`` and ``train_b``.

Where one value tells their files apart (``models/0.1.json`` and ``models/0.2.json``), they are an
axis of the step (``:foreach``), else further uses of its notebook in nbsnake.yaml.
"""

import ast
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from nbsnake.adopt.axes import axis_name, differing, with_word
from nbsnake.adopt.decide import Followed
from nbsnake.adopt.facts import Facts, File
from nbsnake.adopt.given import FileEdit
from nbsnake.adopt.naming import newest, step_of, version_of
from nbsnake.adopt.proposal import AxisSpec, FileParam, Proposal
from nbsnake.adopt.propose import propose
from nbsnake.adopt.rewrite import rewritten
from nbsnake.errors import NbsnakeError
from nbsnake.follow.cells import shape_of_cells
from nbsnake.model.paramtype import Value, text_of
from nbsnake.notebook.read import parse_notebook, read_bytes
from nbsnake.notebook.read_step import read_step
from nbsnake.notebook.spec import Reading, StepSpec
from nbsnake.settings.adding import with_uses

_AXIS_VALUE = re.compile(r"[\w.+-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class UseOf:
    """A further use of a notebook: what another one was; ``values`` are those that differ."""

    name: str
    was: str
    values: Mapping[str, Value]
    reads: tuple[str, ...]
    writes: tuple[str, ...]

    def entry(self, notebook: str) -> dict[str, Value]:
        """As nbsnake.yaml has it, for the notebook of which it is a use."""
        return {"name": self.name, "notebook": notebook, "values": dict(self.values)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Notebooks that differ only in values; ``others`` can be variants of ``main``.

    They are so by the ``axis``, or by the ``uses`` where it is None.
    """

    main: str
    others: tuple[str, ...]
    values: Mapping[str, str]
    axis: AxisSpec | None
    uses: tuple[UseOf, ...] = ()

    @property
    def name(self) -> str:
        """The words with which all names of the notebooks of an axis begin, "" for none."""
        names = [version_of(path).base.split("_") for path in (self.main, *self.others)]
        shared = itertools.takewhile(lambda words: len(set(words)) == 1, zip(*names, strict=False))
        return "_".join(words[0] for words in shared) if self.axis else ""

    @property
    def text(self) -> str:
        """What they are, in words."""
        shown = "; ".join(f"{path} ({self.values[path]})" for path in self.others)
        how = f"':foreach {self.axis.name}'" if self.axis else "'uses:' of nbsnake.yaml"
        return f"{self.main} differs only in values from {shown}: one step by {how}"


@dataclass(frozen=True, slots=True)
class _Reading:
    """A notebook as the step that it would be, its files in the order of the code."""

    facts: Facts
    files: tuple[FileParam, ...]
    spec: StepSpec

    @property
    def outputs(self) -> set[str]:
        return {path for file in self.files if file.role.value != "dep" for path in file.paths}


def find_alike(
    facts: Sequence[Facts], followed: Mapping[str, Followed], written: Set[str], rules: Reading
) -> list[Alike]:
    """The groups of notebooks that can be variants of one, whose results are files of their own."""
    rough = _grouped((each for each in facts if each.writes), lambda each: _sizes(followed[each]))
    groups = [
        group
        for some in rough  # to compare the code of all is slow
        for group in _grouped(some, lambda each: tuple(shape_of_cells(followed[each].cells)))
    ]
    return [found for group in groups if (found := _alike(group, followed, written, rules))]


def _grouped(facts: Iterable[Facts], key: Callable[[str], object]) -> list[list[Facts]]:
    """The notebooks that share a key, which their path gives, with another one."""
    groups: dict[object, list[Facts]] = {}
    for each in facts:
        groups.setdefault(key(each.notebook), []).append(each)
    return [group for group in groups.values() if len(group) > 1]


def _sizes(followed: Followed) -> tuple[int, ...]:
    """How many statements each cell has."""
    return tuple(len(each.tree.body) if each.tree else 0 for each in followed.cells)


def _alike(
    group: Sequence[Facts], followed: Mapping[str, Followed], written: Set[str], rules: Reading
) -> Alike | None:
    latest = newest(each.notebook for each in group)
    first = next(each for each in group if each.notebook == latest)
    own = {file.path for file in first.writes}
    group = [each for each in group if not own & {file.path for file in each.writes}]
    main = _read(first, followed, written, rules, ()) if group else None
    if main is None:
        return None
    found = list[_Reading]()
    made = set(main.outputs)
    for each in group:
        other = _read(each, followed, written, rules, main.files)
        if other and not made & other.outputs and _same_program(main, other):
            found.append(other)
            made |= other.outputs
    if not found:
        return None
    axis = _axis(main, found)
    uses = () if axis else tuple(_uses(main, found))
    return Alike(
        main=latest,
        others=tuple(each.facts.notebook for each in found),
        values={each.facts.notebook: _shown(main, each) for each in found},
        axis=axis,
        uses=uses,
    )


def _read(
    facts: Facts,
    followed: Mapping[str, Followed],
    written: Set[str],
    rules: Reading,
    names: Sequence[FileParam],
) -> _Reading | None:
    """The notebook as a step, with the ``names`` that another one gives to its files."""
    files = _in_order(facts)
    if names:
        called = {path: each.name for each, own in zip(names, files, strict=False) for path in own}
        named = [replace(each, called=called.get(each.path, "")) for each in facts.files]
        facts = replace(facts, files=tuple(named))
    try:
        made = propose(followed[facts.notebook], facts, "step", written)
        text = rewritten(read_bytes(facts.notebook), made)
        spec = read_step(parse_notebook(text, facts.notebook), rules)
    except NbsnakeError:
        return None
    return _Reading(facts, _ordered(made, facts), spec) if spec else None


def _place(file: File) -> tuple[int, int, int]:
    places = [(one.cell, one.node.lineno, one.node.col_offset) for one in file.origins]
    return min(places, default=(0, 0, 0))


def _in_order(facts: Facts) -> list[list[str]]:
    """The paths of each file, in the order in which the code names them."""
    return [[each.path] for each in sorted(facts.files, key=_place)]


def _ordered(made: Proposal, facts: Facts) -> tuple[FileParam, ...]:
    places = {each.path: _place(each) for each in facts.files}
    return tuple(sorted(made.files, key=lambda each: places.get(each.paths[0], (0, 0, 0))))


def _same_program(one: _Reading, other: _Reading) -> bool:
    """Whether the scripts are the same but for the values of options."""
    kinds = [
        [(each.name, each.role, each.is_list, each.is_dir, len(each.paths)) for each in own.files]
        for own in (one, other)
    ]
    types = [[(each.name, str(each.type)) for each in own.spec.params] for own in (one, other)]
    codes = [
        [ast.dump(_body(cell.source)) for cell in own.spec.program.cells if cell.kind == "code"]
        for own in (one, other)
    ]
    return kinds[0] == kinds[1] and types[0] == types[1] and codes[0] == codes[1]


def _body(source: str) -> ast.Module:
    """The statements of a cell, without a docstring, which names paths."""
    tree = ast.parse(source)
    body = tree.body[1:] if ast.get_docstring(tree) is not None else tree.body
    return ast.Module(body, [])


def _literals(found: _Reading) -> dict[str, Value]:
    """The values of the parameters that carry no file."""
    files = {each.name for each in found.files}
    return {each.name: each.literal for each in found.spec.params if each.name not in files}


def _differing_values(main: _Reading, other: _Reading) -> dict[str, Value]:
    own = _literals(main)
    return {name: value for name, value in _literals(other).items() if value != own[name]}


def _shown(main: _Reading, other: _Reading) -> str:
    values = _differing_values(main, other)
    if values:
        return ", ".join(f"{name} {text_of(value)}" for name, value in values.items())
    return ", ".join(sorted(other.outputs))


def _axis(main: _Reading, others: Sequence[_Reading]) -> AxisSpec | None:
    """The axis whose values make the paths of each notebook, where there is one."""
    every = (main, *others)
    names = {name for other in others for name in _differing_values(main, other)}
    if len(names) == 1:
        name = min(names)
        values = [text_of(_literals(each)[name]) for each in every]
    elif not names:
        pairs = [differing(min(main.outputs), min(other.outputs)) for other in others]
        if None in pairs or len({pair[0] for pair in pairs if pair}) != 1:
            return None
        values = [pairs[0][0], *(pair[1] for pair in pairs if pair)] if pairs[0] else []
        name = axis_name(values[0], main.facts.constants)
    else:
        return None
    if len(set(values)) != len(values) or not all(map(_AXIS_VALUE.fullmatch, values)):
        return None
    for other, value in zip(others, values[1:], strict=True):
        for one, file in zip(main.files, other.files, strict=True):
            if [with_word(path, values[0], value) for path in one.paths] != list(file.paths):
                return None
    return AxisSpec(name, values[0], tuple(sorted(values, key=_by_size)))


def _by_size(text: str) -> tuple[float, str]:
    try:
        return (float(text), text)
    except ValueError:
        return (0, text)


def _uses(main: _Reading, others: Iterable[_Reading]) -> Iterator[UseOf]:
    taken = {version_of(main.facts.notebook).base}
    for other in others:
        files: dict[str, Any] = {
            file.name: list(file.paths) if file.is_list else file.paths[0]
            for one, file in zip(main.files, other.files, strict=True)
            if file.name and file.paths != one.paths
        }
        name = step_of(other.facts.notebook, taken)
        taken.add(name)
        yield UseOf(
            name=name,
            was=other.facts.notebook,
            values={**_differing_values(main, other), **files},
            reads=tuple(file.path for file in other.facts.reads),
            writes=tuple(file.path for file in other.facts.writes),
        )


def edit_of_settings(path: str, old: str, found: Iterable[Alike]) -> FileEdit:
    """The edit of nbsnake.yaml for all further uses."""
    new = old
    for each in found:
        if each.uses:
            new = with_uses(new, [one.entry(each.main) for one in each.uses], path)
    return FileEdit(path, old, new)
