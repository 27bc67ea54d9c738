"""What a notebook is to become: a metadata cell, and edits of the cells that it takes from."""

from dataclasses import dataclass, field
from typing import NamedTuple

from nbsnake.adopt.facts import Certainty, Facts
from nbsnake.model.step import Role


class Doubt(NamedTuple):
    """What reading does not know, and where; the line is that of the notebook before."""

    cell: int
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class AxisSpec:
    """An axis of variants: ``value`` is the notebook's own, which the paths name.

    One that is not ``is_written`` needs no ``:foreach``: its values are files of a folder. A
    ``key`` of params.yaml leads to the values.
    """

    name: str
    value: str
    values: tuple[str, ...]
    is_written: bool = True
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileParam:
    """A variable that carries one file, or a list of them; a file without a name has none.

    ``texts`` are the paths as the notebook uses them. ``in_place`` where the cell that becomes the
    metadata cell assigns it already. ``folder`` is a variable for the folder of its first path,
    ``levels`` further up, "" where none is needed. A list that a ``pattern`` finds may run over the
    ``axes`` of the step that makes it.
    """

    name: str
    role: Role
    paths: tuple[str, ...]
    texts: tuple[str, ...]
    certainty: Certainty
    is_list: bool = False
    is_dir: bool = False
    in_place: bool = False
    folder: str = ""
    levels: int = 1
    pattern: str = ""
    axes: tuple[AxisSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class SpanEdit:
    """New text from one place of a cell to another; lines count from 1, columns in bytes."""

    start: tuple[int, int]
    end: tuple[int, int]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """``host`` is the cell that becomes the metadata cell, 0 for a new one before ``before``.

    ``edits`` are those of each cell; ``declared`` are the names of parameters that need no line of
    their own, because their cell is tagged; ``unsure`` are comments on what reading does not find.
    """

    facts: Facts
    step: str
    description: str
    files: tuple[FileParam, ...]
    host: int
    before: int
    in_place: frozenset[str] = frozenset()
    declared: frozenset[str] = frozenset()
    edits: dict[int, list[SpanEdit]] = field(default_factory=dict)
    unsure: tuple[Doubt, ...] = ()
    axes: tuple[AxisSpec, ...] = ()

    @property
    def notebook(self) -> str:
        """The notebook, from the project's root."""
        return self.facts.notebook
