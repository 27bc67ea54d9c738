"""What is known of a notebook: the files that it reads and writes, its parameters, its faults."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from nbsnake.errors import Where
from nbsnake.follow.values import Origin
from nbsnake.model.step import Role


class Certainty(StrEnum):
    """How a file is known."""

    READING = "by reading"
    RUN = "by the run"
    SURE = "sure"  # both
    DECLARED = "declared"  # by another tool
    UNSURE = "not sure"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file or folder, from the project's root, with the literals and expressions that name it.

    ``where`` is the call that takes it first. It is ``called`` so by another tool, "" by none.
    """

    path: str
    role: Role
    where: Where
    certainty: Certainty
    origins: tuple[Origin, ...] = ()
    sources: tuple[Origin, ...] = ()
    is_dir: bool = False
    called: str = ""

    @property
    def is_output(self) -> bool:
        """Whether the notebook writes it."""
        return self.role is not Role.DEP


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A pattern of files to read, such as ``data/*.csv``, from the root, and the expression."""

    path: str
    where: Where
    origin: Origin | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder that the code names: it makes it, or puts paths together with it.

    ``sources`` are the literals of an expression for it.
    """

    path: str
    origin: Origin
    sources: tuple[Origin, ...] = ()


class Hazard(NamedTuple):
    """What keeps a notebook from being a step, or may; ``blocks`` where nothing can be written.

    ``fix`` says what adopting does about it, or what its author can.
    """

    where: Where
    text: str
    fix: str
    blocks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """A parameter: a literal with a name that the notebook uses later."""

    name: str
    type: str
    help: str
    cell: int
    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is known of one notebook; ``asked`` are paths of which it is not known what is done.

    ``start`` is the folder in which it runs, from the root. It ``ran`` where a run came to its end.
    ``spread`` are the spans of expressions that give several paths. Files ``inside`` of a folder
    that it writes are part of that output. ``swaps`` are expressions with the names that replace
    them, and ``drops`` names whose assignments go. Paths are ``rebased`` where the notebook will no
    longer run where it did. ``heres`` are expressions for folders that depend on where it runs,
    each with its folder from the root.
    """

    notebook: str
    start: str
    ran: bool = False
    files: tuple[File, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    folders: tuple[Folder, ...] = ()
    constants: tuple[Constant, ...] = ()
    hazards: tuple[Hazard, ...] = ()
    moves: tuple[tuple[int, int], ...] = ()
    asked: tuple[File, ...] = ()
    spread: frozenset[tuple[int, int, int, int, int]] = frozenset()
    inside: tuple[File, ...] = ()
    swaps: tuple[tuple[Origin, str], ...] = ()
    drops: frozenset[str] = frozenset()
    rebased: bool = False
    gaps: tuple[tuple[Where, str], ...] = ()
    heres: tuple[Folder, ...] = ()

    @property
    def reads(self) -> tuple[File, ...]:
        """The files that it needs."""
        return tuple(file for file in self.files if not file.is_output)

    @property
    def writes(self) -> tuple[File, ...]:
        """The files that it makes."""
        return tuple(file for file in self.files if file.is_output)
