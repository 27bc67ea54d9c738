"""A generated script that a person or a tool has edited, in its cells."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from nbsnake.errors import NotebookError, Where
from nbsnake.ipython.syntax import lines
from nbsnake.python.program import MARK

_NEW = re.compile(r"# ?%%(?: +\[(markdown|raw)\])?(?: .*)?")
_KIND = re.compile(r"# %% \[(\w+)\]")
_LEFT_OUT = re.compile(r"# Cell \d+ is left out: .*")
_HEAD = 0  # the number of what comes before the first cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The lines below a mark, which is on ``line`` of the script, 0 where there is none.

    ``cell`` is the number in the mark, 0 before the first one and None for a cell that is new.
    """

    cell: int | None
    kind: str
    line: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "".join(f"{line}\n" for line in self.lines)


def read_script(text: str) -> list[Section]:
    """The sections of a script as it is generated."""
    return [replace(each, lines=_content(each.lines)) for each in _sections(text)]


def read_edited(text: str, known: Mapping[int, Section], path: str) -> list[Section]:
    """The sections of an edited script; ``known`` are those that were generated, by cell.

    Raises :class:`NotebookError` for marks that do not lead to the cells of the notebook.
    """
    found = _sections(text)
    numbers = [each.cell for each in found if each.cell is not None]
    for before, section in zip([_HEAD, *numbers], found, strict=False):
        fault = _mark_fault(section, before, known)
        if fault:
            hint = "leave the marks as they are; a new cell begins with: # %%"
            raise NotebookError(fault, where=Where(path, line=section.line), hint=hint)
    split = (
        part
        for each in found
        for part in _new_cells(each, frozenset(known[each.cell or _HEAD].lines))
    )
    return [replace(each, lines=_content(each.lines)) for each in split]


def _mark_fault(section: Section, before: int | None, known: Mapping[int, Section]) -> str:
    cell = section.cell or _HEAD
    if cell not in known or section.kind != known[cell].kind:
        return "this mark was not generated"
    if section.line and before is not None and cell <= before:
        return f"the mark of cell {cell} is not in its place"
    return ""


def _sections(text: str) -> list[Section]:
    found = [Section(cell=_HEAD, kind="code", line=0, lines=())]
    for number, line in enumerate(lines(text), start=1):
        plain = line.rstrip("\r\n")
        if mark := MARK.fullmatch(plain):
            kind = _KIND.match(plain)
            section = Section(
                cell=int(mark[1]), kind=kind[1] if kind else "code", line=number, lines=()
            )
            found.append(section)
        else:
            found[-1] = replace(found[-1], lines=(*found[-1].lines, plain))
    return found


def _new_cells(section: Section, known: Collection[str]) -> Iterator[Section]:
    """A section, and the cells that were written into it."""
    if section.cell == _HEAD:
        yield section
        return
    current, first = replace(section, lines=()), section.line + 1
    for number, line in enumerate(section.lines, start=first):
        if line not in known and (mark := _NEW.fullmatch(line)):
            yield current
            current = Section(cell=None, kind=mark[1] or "code", line=number, lines=())
        else:
            current = replace(current, lines=(*current.lines, line))
    yield current


def _content(found: tuple[str, ...]) -> tuple[str, ...]:
    """The lines without what says that cells are left out, and without blank ones at the end."""
    kept = [line for line in found if not _LEFT_OUT.fullmatch(line)]
    while kept and not kept[-1].strip():
        kept.pop()
    return tuple(kept)
