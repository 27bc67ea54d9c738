"""What reading finds: a path in the code, what is done with it, and where."""

from typing import NamedTuple

from nbsnake.follow.calls import How
from nbsnake.follow.values import Origin


class Mention(NamedTuple):
    """A path as the code has it, in the folder ``cwd`` (relative to where the notebook starts).

    ``line`` is that of the call. A mention that is not ``kept`` is of a cell that the author left
    out. ``sources`` are the literals behind it. A
    ``partial`` one has ``*`` where its text is not known. What is done with a database the
    statements say that go to it.
    """

    text: str
    how: How
    cell: int
    line: int
    origin: Origin | None
    cwd: str = "."
    kept: bool = True
    sources: tuple[Origin, ...] = ()
    partial: bool = False
    is_database: bool = False


class Gap(NamedTuple):
    """A call that takes a path which reading does not find."""

    cell: int
    line: int
    name: str


class Move(NamedTuple):
    """A change of the working directory; ``folder`` is None for one that the code computes."""

    cell: int
    line: int
    folder: str | None
    text: str


class Here(NamedTuple):
    """An expression for the folder in which the notebook runs, or one ``text`` leads to from there.

    Its origin has a maker where it is a Path.
    """

    origin: Origin
    text: str
