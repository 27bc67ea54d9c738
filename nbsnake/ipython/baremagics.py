"""Magics without their sign, which IPython knows in a cell that contains nothing else."""

import ast
import builtins
import keyword
import re

from nbsnake.ipython import magics
from nbsnake.ipython.celltext import Fault, Place, Translation, comment
from nbsnake.ipython.scopes import parse
from nbsnake.ipython.syntax import Kind, Piece, lines, pieces

_WORD = re.compile(r"([ \t]*)([A-Za-z_]\w*)(?![\w.])[ \t]*([^\r\n]*)")


def bare_magic(text: str, place: Place) -> Piece | None:
    """The magic without its sign that is all of a cell, as a command; None for other cells."""
    if sum(not line.isspace() for line in lines(text)) != 1:
        return None
    found = [each for each in pieces(text) if each.text.strip()]
    if len(found) != 1 or found[0].kind is not Kind.PYTHON:
        return None
    match = _WORD.match(found[0].text)
    if not match or not _is_bare_magic(match[2], match[3], place):
        return None
    is_python = parse(text) is not None
    if is_python and (place.names.are_open or match[3].startswith(("(", ":", "["))):
        return None
    return found[0]._replace(
        kind=Kind.COMMAND, before=match[1], command=f"%{match[2]} {match[3].rstrip()}"
    )


def _is_bare_magic(name: str, rest: str, place: Place) -> bool:
    taken = name in place.bound or hasattr(builtins, name) or keyword.iskeyword(name)
    return not taken and not rest.startswith(("=", ",")) and bool(magics.find(name, "line"))


def hidden_magic(found: Translation, place: Place) -> Translation:
    """Refuse a magic without its sign among other lines, where IPython does not know it."""
    line = _error_line(found.source)
    if line is None or line > len(lines(found.source)):
        return found
    physical = lines(found.source)
    match = _WORD.match(physical[line - 1])
    if not match or not _is_bare_magic(match[2], match[3], place):
        return found
    physical[line - 1] = comment(physical[line - 1], "pass  # ")
    if parse("".join(physical)) is None:
        return found
    fault = Fault(
        line,
        f"'{match[2]}' is a magic only if the cell has nothing else",
        f"write %{match[2]}, or put the line into a cell of its own",
    )
    return found._replace(source="".join(physical), faults=(*found.faults, fault))


def _error_line(source: str) -> int | None:
    try:
        ast.parse(source)
    except SyntaxError as error:
        return error.lineno
    except (ValueError, RecursionError, MemoryError):
        return None
    return None
