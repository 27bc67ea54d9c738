"""What an edited script makes of the cells of its notebook."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from nbsnake.errors import NbsnakeError, NotebookError, Where, raise_all
from nbsnake.model.step import Cell
from nbsnake.port.merge import merge_regions
from nbsnake.port.script import read_edited, read_script
from nbsnake.port.source import head_fault, new_source, their_source


class Version(NamedTuple):
    """The cells of a notebook, and the script that it gave."""

    cells: tuple[Cell, ...]
    script: str


class Names(NamedTuple):
    """What the two sides are called in a conflict."""

    notebook: str
    script: str


@dataclass(slots=True, kw_only=True)
class Changes:
    """What is to change in a notebook, whose cells count from 1.

    ``added`` are new cells in order, each with the cell behind which it comes, its kind and its
    source. ``conflicts`` are cells in which both sides have changed the same lines.
    """

    sources: dict[int, str] = field(default_factory=dict)
    added: list[tuple[int, str, str]] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    conflicts: list[int] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.sources or self.added or self.removed)


def find_changes(
    base: Version, edited: str, ours: Sequence[Cell], pairs: Mapping[int, int], names: Names
) -> Changes:
    """Bring the edits of a script to the cells of its notebook as they are now.

    ``base`` is what the script was generated from, and ``pairs`` leads from its cells to those
    that are now in the notebook. Raises :class:`NotebookError`, several together, with the line of
    the script for edits of generated parts, and for cells that the notebook no longer has.
    """
    known = {each.cell or 0: each for each in read_script(base.script)}
    sections = read_edited(edited, known, names.script)
    changes, last = Changes(), 0
    faults: list[NbsnakeError] = [*head_fault(known[0], sections[0], names.script)]
    for section in sections[1:]:
        try:
            if section.cell is None:
                changes.added.append((last, section.kind, new_source(section, names.script)))
                continue
            last = pairs.get(section.cell, last)
            cell = base.cells[section.cell - 1]
            theirs = their_source(cell, known[section.cell], section, names.script)
            _change(cell, theirs, ours, pairs, changes, names)
        except NbsnakeError as fault:
            faults.append(fault)
    seen = {each.cell for each in sections}
    gone = [base.cells[cell - 1] for cell in known if cell not in seen]
    raise_all([*faults, *_remove(gone, ours, pairs, changes, names)])
    return changes


def _change(
    cell: Cell,
    theirs: str,
    ours: Sequence[Cell],
    pairs: Mapping[int, int],
    changes: Changes,
    names: Names,
) -> None:
    """Note the source that a cell is to have."""
    if theirs == cell.source:
        return
    if cell.index not in pairs:
        raise NotebookError(
            f"cell {cell.index} has changed here, and {names.notebook} no longer has it",
            where=Where(names.script),
            hint="restore the cell, or write what changed into another one",
        )
    index = pairs[cell.index]
    source, is_conflict = _merged(cell.source, ours[index - 1].source, theirs, names)
    if source != ours[index - 1].source:
        changes.sources[index] = source
    if is_conflict:
        changes.conflicts.append(index)


def _remove(
    cells: Sequence[Cell],
    ours: Sequence[Cell],
    pairs: Mapping[int, int],
    changes: Changes,
    names: Names,
) -> Iterator[NotebookError]:
    """Note the cells that the script no longer has, unless the notebook has changed them."""
    for cell in cells:
        index = pairs.get(cell.index)
        if index and ours[index - 1].source == cell.source:
            changes.removed.append(index)
        elif index:
            yield NotebookError(
                f"has changed, and {names.script} no longer has it",
                where=Where(names.notebook, index),
                hint="remove the cell in Jupyter, or put its mark back into the script",
            )


def _merged(base: str, ours: str, theirs: str, names: Names) -> tuple[str, bool]:
    """A source that both sides may have changed, and whether they contradict each other there."""
    if base == ours:
        return theirs, False
    found, is_conflict = list[str](), False
    sides = (base.split("\n"), ours.split("\n"), theirs.split("\n"))
    for region in merge_regions(*sides, adjacent=True):
        if region.is_changed_twice:
            is_conflict = True
            found += [f"<<<<<<< {names.notebook}", *region.ours, "======="]
            found += [*region.theirs, f">>>>>>> {names.script}"]
        else:
            found += region.theirs if region.ours == region.base else region.ours
    return "\n".join(found), is_conflict
