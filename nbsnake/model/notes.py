"""What a reader of a notebook leaves out or does otherwise, and its author should know."""

from enum import StrEnum
from typing import NamedTuple

from nbsnake.errors import Where


class About(StrEnum):
    """What a note is about."""

    LEFT_OUT = "left out"  # a cell
    KEPT = "kept"  # a cell that looks as if it should be left out
    DROPPED = "dropped"  # a magic
    NO_PARAM = "no parameter"  # a literal
    PATH = "path"  # one that is not the project's, or not declared


class Note(NamedTuple):
    """One sentence on a place of a notebook, with what to do about it, "" for nothing.

    ``name`` is that of the magic or variable that it is about.
    """

    about: About
    where: Where
    text: str
    hint: str = ""
    name: str = ""
