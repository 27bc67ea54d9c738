"""The code of ``%timeit`` and ``%%timeit``, which leaves no names behind."""

import ast
from collections.abc import Mapping

from nbsnake.ipython.expansion import Refused
from nbsnake.ipython.scopes import in_scope, parse
from nbsnake.ipython.syntax import lines, pieces

_COMPOUND = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.If, ast.For, ast.AsyncFor),
    *(ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match),
)


def parse_timed(code: str) -> ast.Module:
    """The tree of the code. Raises :class:`Refused` if a function could not contain it."""
    tree = parse(code)
    if tree is None:
        raise Refused("what %timeit would run is not valid Python", "fix it, or remove it")
    outside = (ast.Await, ast.Return, ast.Yield, ast.YieldFrom, ast.AsyncFor, ast.AsyncWith)
    if any(isinstance(node, outside) for node in in_scope(tree.body)):
        raise Refused("%timeit cannot run 'await', 'return' and 'yield'", "call a function instead")
    return tree


def setup_prefix(setup: str, first: ast.stmt) -> str:
    """The setup as it can come before the first statement, in the same line.

    Raises :class:`Refused` if it cannot.
    """
    if not setup:
        return ""
    together = parse(f"{setup}; pass")
    if isinstance(first, _COMPOUND) or not together or not isinstance(together.body[-1], ast.Pass):
        raise Refused(
            "the setup of '%%timeit' cannot come before the code", "put it into the next line"
        )
    return f"{setup}; "


def in_function(source: str, first: int, setup: str) -> str:
    """The code in a block, with the setup before the statement that begins on line ``first``."""
    return in_block(source, 4, {first: setup})


def in_block(source: str, indentation: int = 4, before: Mapping[int, str] = {}) -> str:
    """The code indented, but for lines that begin inside a string.

    ``before`` is text that comes first in some lines.
    """
    in_strings = {line for piece in pieces(source) for line in piece.strings}
    return "".join(
        line
        if number in in_strings or not line.strip()
        else f"{' ' * indentation}{before.get(number, '')}{line}"
        for number, line in enumerate(lines(source), start=1)
    )
