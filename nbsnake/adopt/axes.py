"""Variants that a folder of notebooks implies: one notebook for several parts, or clients.

A notebook that writes ``train.json`` from ``train.csv`` also makes ``test.json``, where another one
reads that and ``test.csv`` is there. Paths that name a file of an overlay folder
(``clients/acme.yaml``) are those of one client.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from itertools import product

from nbsnake.adopt.decide import fits
from nbsnake.adopt.facts import Constant
from nbsnake.adopt.proposal import AxisSpec, FileParam, Proposal

_PARTS = frozenset({"train", "test", "val", "valid", "validation", "dev", "holdout", "eval"})
_WORD = re.compile(r"[^\W_]+")


def with_axes(
    proposals: Sequence[Proposal],
    overlays: Mapping[str, Iterable[str]],
    lists: Mapping[str, Iterable[str]],
) -> list[Proposal]:
    """The proposals with the axes that their files imply.

    ``overlays`` are values by axis, and ``lists`` those of params.yaml, by key.
    """
    found = _with_parts(list(proposals))
    found = [_with_lists(each, {key: tuple(lists[key]) for key in lists}) for each in found]
    found = _with_patterns(_handed_on(found))
    for name, values in overlays.items():
        found = [_with_overlay(each, name, tuple(values)) for each in found]
    return found


def spread(path: str, axes: Iterable[AxisSpec]) -> list[str]:
    """The paths that all variants have for one of them."""
    paths = [path]
    for axis in axes:
        if axis.is_written:
            values = [(one, value) for one, value in product(paths, axis.values)]
            paths = [with_word(one, axis.value, value) for one, value in values]
    return list(dict.fromkeys(paths))


def with_word(path: str, word: str, new: str) -> str:
    """A path with one of its words replaced, wherever it is."""
    return re.sub(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])", lambda _: new, path)


def _with_parts(proposals: list[Proposal]) -> list[Proposal]:
    made = {path for each in proposals for path in _paths(each, outputs=True)}
    read = {path for each in proposals for path in _paths(each, outputs=False)}
    missing = [path for path in sorted(read - made) if not os.path.exists(path)]
    for path in missing:
        for place, each in enumerate(proposals):
            axis = _axis_for(path, each, made)
            if axis is not None and not each.axes:
                proposals[place] = replace(each, axes=(axis,))
                made |= {new for own in _paths(each, outputs=True) for new in spread(own, [axis])}
                break
            if axis is not None and _extends(each.axes[0], axis):
                values = (*each.axes[0].values, axis.values[-1])
                proposals[place] = replace(each, axes=(replace(each.axes[0], values=values),))
                break
    return proposals


def _with_lists(proposal: Proposal, lists: Mapping[str, tuple[str, ...]]) -> Proposal:
    """An axis for a parameter whose value is in its outputs and in a list of its name."""
    outputs = _paths(proposal, outputs=True)
    for each in proposal.facts.constants:
        value = each.text.strip("\"'")
        key = next((key for key in lists if key.rpartition(".")[2] == each.name), "")
        is_named = bool(outputs) and all(_has_word(path, value) for path in outputs)
        if key and is_named and value in lists[key] and not proposal.axes:
            axis = AxisSpec(each.name, value, lists[key], key=key)
            return replace(proposal, axes=(axis,))
    return proposal


def _handed_on(proposals: list[Proposal]) -> list[Proposal]:
    """Axes go on to steps that name a variant's value both in what they read and write."""
    changed = True
    while changed:
        changed = False
        for place, each in enumerate(proposals):
            for axis in _given(each, proposals):
                outputs = _paths(each, outputs=True)
                is_new = all(axis.name != own.name for own in each.axes)
                if is_new and outputs and all(_has_word(path, axis.value) for path in outputs):
                    each = replace(each, axes=(*each.axes, axis))
                    proposals[place], changed = each, True
    return proposals


def _given(reader: Proposal, proposals: Iterable[Proposal]) -> Iterator[AxisSpec]:
    """The axes of the steps whose files a step reads, with the value that it reads."""
    inputs = set(_paths(reader, outputs=False))
    for maker in proposals:
        for axis in maker.axes if maker is not reader else ():
            for value in axis.values if axis.is_written else ():
                own = _paths(maker, outputs=True)
                if inputs & {with_word(path, axis.value, value) for path in own}:
                    yield replace(axis, value=value)


def _with_patterns(proposals: list[Proposal]) -> list[Proposal]:
    """Lists that a pattern finds, over the axes of the steps that make them."""
    return [
        replace(each, files=tuple(_over_axes(file, proposals) for file in each.files))
        for each in proposals
    ]


def _over_axes(file: FileParam, proposals: Iterable[Proposal]) -> FileParam:
    for maker in proposals if file.pattern else ():
        axes = tuple(axis for axis in maker.axes if axis.is_written)
        for path in _paths(maker, outputs=True) if axes else ():
            if path in file.paths and all(fits(one, file.pattern) for one in spread(path, axes)):
                return replace(file, paths=(path,), axes=axes)
    return file


def _has_word(path: str, word: str) -> bool:
    return with_word(path, word, "") != path


def _extends(axis: AxisSpec, other: AxisSpec) -> bool:
    return axis.value == other.value and other.values[-1] not in axis.values


def _axis_for(missing: str, maker: Proposal, made: Set[str]) -> AxisSpec | None:
    """The axis over which a notebook would also make a file that is missing."""
    for path in _paths(maker, outputs=True):
        words = differing(path, missing)
        if words is None:
            continue
        old, new = words
        outputs = _paths(maker, outputs=True)
        inputs = [each for each in _paths(maker, outputs=False) if old in _WORD.findall(each)]
        others = [with_word(each, old, new) for each in inputs]
        is_whole = all(old in _WORD.findall(each) for each in outputs)
        if is_whole and inputs and all(each in made or os.path.exists(each) for each in others):
            return AxisSpec(axis_name(old, maker.facts.constants), old, (old, new))
    return None


def differing(one: str, other: str) -> tuple[str, str] | None:
    """The one word in which two paths differ, if they are alike but for it."""
    words = [_WORD.findall(path) for path in (one, other)]
    if len(words[0]) != len(words[1]):
        return None
    pairs = {pair for pair in zip(*words, strict=True) if pair[0] != pair[1]}
    if len(pairs) != 1:
        return None
    ((old, new),) = pairs
    return (old, new) if with_word(one, old, new) == other else None


def axis_name(value: str, constants: Iterable[Constant]) -> str:
    """What to call an axis: as the parameter that has the value, or by what kind of word it is."""
    for each in constants:
        if each.text.strip("\"'") == value:
            return each.name
    if value.lower() in _PARTS:
        return "part"
    return "year" if re.fullmatch(r"(?:19|20)\d\d", value) else "variant"


def _with_overlay(proposal: Proposal, name: str, values: tuple[str, ...]) -> Proposal:
    """The proposal with an axis whose values are files, if its outputs name one of them."""
    outputs = _paths(proposal, outputs=True)
    for value in values:
        if outputs and all(value in _parts(path) for path in outputs):
            axis = AxisSpec(name, value, values, is_written=False)
            return replace(proposal, axes=(*proposal.axes, axis))
    return proposal


def _parts(path: str) -> list[str]:
    """The folders of a path, and its last part without ending."""
    return [*path.split("/")[:-1], os.path.splitext(os.path.basename(path))[0]]


def _paths(proposal: Proposal, *, outputs: bool) -> list[str]:
    return [path for file in proposal.files if is_output(file) is outputs for path in file.paths]


def is_output(file: FileParam) -> bool:
    """Whether the notebook writes the file."""
    return file.role.value != "dep"
