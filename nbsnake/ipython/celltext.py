"""The text of a translated cell, what is wrong in it, and where it is translated."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from nbsnake.ipython.around import Around
from nbsnake.ipython.expansion import Names, Refused
from nbsnake.ipython.syntax import Piece, lines


class Fault(NamedTuple):
    """What is wrong in a line of a cell."""

    line: int
    message: str
    hint: str


class Translation(NamedTuple):
    """A cell's new source, and what is wrong in it; there, something harmless replaces it.

    ``lines`` are those that were rewritten, and ``dropped`` names what became a comment.
    """

    source: str
    faults: tuple[Fault, ...] = ()
    lines: frozenset[int] = frozenset()
    dropped: tuple[str, ...] = ()

    def below(self, count: int) -> "Translation":
        """The same with its lines counted from ``count`` lines further up."""
        faults = tuple(fault._replace(line=fault.line + count) for fault in self.faults)
        return self._replace(faults=faults, lines=frozenset(line + count for line in self.lines))


@dataclass(frozen=True, slots=True)
class Place(Around):
    """Where a translation takes place.

    ``local`` are the names that indented code can read, ``bound`` those that any cell binds at
    module level; ``imports_session`` says whether get_ipython is imported from IPython.
    ``certain`` says whether a name is bound for sure at a line of the cell, of which ``above``
    lines come before what is translated.
    """

    local: Names = field(default_factory=Names)
    bound: frozenset[str] = frozenset()
    imports_session: bool = False
    depth: int = 0
    certain: Callable[[str, int], bool] = field(default=lambda name, line: False)
    above: int = 0

    def at(self, line: int, *, is_indented: bool) -> "Place":
        """The same for a statement on a line, be it inside a block."""
        names = self.local if is_indented else self.names
        names = replace(names, certain=lambda name: self.certain(name, self.above + line))
        return replace(self, names=names, is_indented=self.is_indented or is_indented)

    def fixed(self) -> "Place":
        """The same for text that is part of this statement."""
        certain = self.names.certain
        return replace(self, certain=lambda name, line: certain(name))

    def below(self, lines: int) -> "Place":
        """The same for text that is so many lines further down."""
        return replace(self, above=self.above + lines)

    def inside(self) -> "Place":
        """The same for what a magic runs, which can begin with a magic in turn.

        Raises :class:`Refused` where magics run one another too deeply.
        """
        if self.depth == 20:
            raise Refused("the magics in this line run one another", "remove some of them")
        return replace(self, depth=self.depth + 1)


def laid_out(piece: Piece, code: str) -> str:
    """The code on as many lines as the statement had, or the statement as a comment."""
    physical = lines(piece.text)
    if not code:
        first, *others = physical
        mark = "pass  # " if first[:1] in (" ", "\t") else "# "
        return "".join([comment(first, mark), *map(comment, others)])
    written = piece.before + code
    ends = [line[len(line.rstrip("\r\n")) :] for line in physical]
    return written + "".join(ends[len(lines(written)) - 1 :] or ends[-1:])


def comment(line: str, mark: str = "# ") -> str:
    """A line as a comment behind its indentation; a blank line stays."""
    content = line.lstrip(" \t")
    indentation = line[: len(line) - len(content)]
    return f"{indentation}{mark}{content}" if content.strip() else line


def comment_out(line: str) -> str:
    """A line as a comment from its first column, a blank one too."""
    content = line.rstrip("\r\n")
    return f"# {content}".rstrip() + line[len(content) :]


def with_head(head: str, found: Translation) -> Translation:
    """The translation below one more line."""
    below = found.below(1)
    return below._replace(source=head + below.source)


def is_empty(source: str) -> bool:
    """Whether there are only blank lines and comments."""
    return all(line.lstrip()[:1] in ("", "#") for line in lines(source))
