"""What a magic's translation knows of the notebook around it, and how it reads its arguments."""

import posixpath
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nbsnake.ipython.expansion import Names, Refused
from nbsnake.model.step import Cell

Include = Callable[[str], Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Around:
    """What a magic's translation must know of the notebook around it.

    ``names`` are those that the magic can read. ``elsewhere`` is whether code reads a name.
    ``is_indented`` means code inside a block, and ``is_fresh`` that nothing has run before.
    ``include`` gives the code cells of another notebook by its path, and ``within`` are the
    notebooks that are being included. ``is_inline`` is whether the script sets up a backend of its
    own, as Jupyter's inline one; ``figure_end`` is the line that ends figures, "" for none.
    """

    notebook: str
    in_step: bool
    names: Names
    elsewhere: Callable[[str], bool]
    is_indented: bool = False
    is_fresh: bool = False
    is_inline: bool = False
    figure_end: str = ""
    include: "Include | None" = None
    within: tuple[str, ...] = ()


def from_root(path: str, around: Around) -> str:
    """A path as the notebook has it, from where the script runs."""
    if not around.in_step or path.startswith(("/", "~", "{", "$")):
        return path
    return posixpath.normpath(posixpath.join(posixpath.dirname(around.notebook), path))


def words_of(args: str) -> list[str]:
    """The words of some arguments. Raises :class:`Refused` where they have none."""
    try:
        return shlex.split(args)
    except ValueError as error:
        raise Refused(f"the arguments cannot be read: {error}", "balance the quotes") from None
