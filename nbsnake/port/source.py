"""The source of one cell as an edited script has it: what was not edited stays the notebook's.

The generated section is the base of a merge, the cell one side of it, the edited section the other.
So a magic, or the literal of a parameter, comes back wherever its line in the script is the same.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from nbsnake.errors import NotebookError, Where
from nbsnake.ipython.celltext import is_empty
from nbsnake.ipython.syntax import lines, pieces
from nbsnake.ipython.timedcode import in_block
from nbsnake.model.step import RAISES, Cell
from nbsnake.port.merge import Region, merge_regions, tree_of
from nbsnake.port.script import Section

_OWN_NAME = re.compile(r"\b(?:_nb_\w+|_args|_parse_args)\b")
_OPTION = re.compile(r"\b_args\b")
_BLOCK = "    "  # how far the code of a cell is indented that may fail
_HINT = "edit the notebook instead, and undo this line: nbsnake generate writes it"


def their_source(cell: Cell, known: Section, edited: Section, path: str) -> str:
    """What the script at ``path`` makes of a cell; ``known`` is what was generated of it.

    Raises :class:`NotebookError` for edits of what is not the cell's.
    """
    if known.lines == edited.lines:
        return cell.source
    body = cell.source.rstrip()
    end = cell.source[len(body) :]
    if cell.kind != "code":
        return "\n".join(_their_text(body, known, edited, path)) + end
    if RAISES not in cell.tags or is_empty(body):
        return "\n".join(_their_code(body, known, edited, path)) + end
    found = _their_code(in_block(f"{body}\n", len(_BLOCK)).rstrip("\n"), known, edited, path)
    return _outside_block("\n".join(found)) + end


def new_source(section: Section, path: str) -> str:
    """The source of a cell that was written into the script."""
    if section.kind != "code":
        return "\n".join(_uncommented(section, path))
    for number, line in enumerate(section.lines, start=section.line + 1):
        _check_names((line,), path, number)
    return "\n".join(section.lines).strip("\n")


def head_fault(known: Section, head: Section, path: str) -> Iterator[NotebookError]:
    """What is wrong with edits above the first cell: no cell can take them."""
    if tree_of(known.text) == tree_of(head.text):
        return
    regions = merge_regions(known.lines, known.lines, head.lines, adjacent=False)
    changed = (each for each in regions if _tree(each.base) != _tree(each.theirs))
    yield from (_generated(path, each.line + 1) for each in [*changed][:1])


class Statement(NamedTuple):
    """A statement at module level: its line, its tree, and whether it uses generated names."""

    line: int
    tree: str
    is_generated: bool


def statements(section: Section) -> Iterator[Statement]:
    """The statements of a section, which must be Python."""
    for node in ast.parse(section.text).body:
        tree = ast.dump(node)
        yield Statement(section.line + node.lineno, tree, bool(_OWN_NAME.search(tree)))


def _their_code(body: str, known: Section, edited: Section, path: str) -> Iterator[str]:
    own = [line.rstrip("\r\n") for line in lines(body)]
    is_same = tree_of(known.text) == tree_of(edited.text)
    for region in merge_regions(known.lines, own, edited.lines, adjacent=False):
        if region.base == region.theirs or (
            region.base != region.ours and (is_same or _tree(region.base) == _tree(region.theirs))
        ):
            yield from region.ours
        else:
            _check_edit(region, path, edited.line + region.line + 1)
            yield from region.theirs


def _check_edit(region: Region, path: str, line: int) -> None:
    """Raise :class:`NotebookError` for an edit of what the notebook has in another form."""
    is_translated = region.base != region.ours
    if is_translated and (not region.ours or _OPTION.search("\n".join(region.base))):
        raise _generated(path, line)
    known = set(_OWN_NAME.findall("\n".join(region.base))) if not is_translated else set[str]()
    _check_names(region.theirs, path, line, known)


def _check_names(
    edited: Sequence[str], path: str, line: int, known: set[str] | frozenset[str] = frozenset()
) -> None:
    for number, text in enumerate(edited, start=line):
        if set(_OWN_NAME.findall(text)) - known:
            raise _generated(path, number)


def _generated(path: str, line: int) -> NotebookError:
    where = Where(path, line=line)
    return NotebookError("this line is generated, and no cell has it", where=where, hint=_HINT)


def _tree(found: Sequence[str]) -> str:
    """What lines do, however they are written; they themselves where they are no statements."""
    text = "".join(f"{line}\n" for line in found)
    return tree_of(text) or text


def _outside_block(text: str) -> str:
    inner = {line for piece in pieces(text) for line in piece.strings}
    return "".join(
        line if number in inner else line.removeprefix(_BLOCK)
        for number, line in enumerate(lines(text), start=1)
    )


def _their_text(body: str, known: Section, edited: Section, path: str) -> Iterator[str]:
    sides = ([*_uncommented(known, path)], body.splitlines(), [*_uncommented(edited, path)])
    for region in merge_regions(*sides, adjacent=False):
        yield from region.ours if region.base == region.theirs else region.theirs


def _uncommented(section: Section, path: str) -> Iterator[str]:
    for number, line in enumerate(section.lines, start=section.line + 1):
        if line.strip() and not line.startswith("#"):
            raise NotebookError(
                "this is code below the mark of a text cell",
                where=Where(path, line=number),
                hint="begin a new cell with: # %%",
            )
        yield line.removeprefix("#").removeprefix(" ")
