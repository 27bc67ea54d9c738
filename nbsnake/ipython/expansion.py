"""What IPython fills into commands and the arguments of magics: ``{expression}`` and ``$name``."""

import ast
import builtins
import re
import string as strings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from nbsnake.ipython.scopes import free_reads, is_session_name, parse_expression
from nbsnake.model.quote import string
from nbsnake.python.nodes import walk

_DOLLAR = re.compile(r"\$(\$?[\w.]+)")
_ALWAYS = frozenset(dir(builtins)) | {"__name__"}
_FROM_IPYTHON = frozenset({"display", "get_ipython"})


class Refused(Exception):  # noqa: N818  (a decision, reported to the author of the notebook)
    """What a script cannot do as the notebook does, and what its author can do about it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Names:
    """The names that code can read; ``are_open`` if ``import *``, %run or exec may bring others.

    A name that is ``certain`` is bound whenever the line runs, another one may be.
    """

    known: frozenset[str] = frozenset()
    are_open: bool = False
    certain: Callable[[str], bool] = field(default=lambda name: False)


class _Field(NamedTuple):
    expression: str
    conversion: str


def fill(text: str, names: Names) -> str:
    """The Python expression whose value IPython would put in the place of ``text``.

    It is all or nothing, as in IPython: where one field cannot be evaluated, the text stays. Where
    that shows only when the line runs, the expression asks then. Raises :class:`Refused` for what
    only IPython can evaluate.
    """
    parts = _parts(text)
    if parts is None:
        return string(text)
    fields = [part for part in parts if isinstance(part, _Field)]
    values = [_value(field, names) for field in fields]
    if None in values:
        return string(text)
    filled = _format(parts, [value for value in values if value])
    if not all(_is_certain(field, names) for field in fields):
        filled = f"_nb_filled({string(text)}, lambda: {filled})"
    if "\n" in text.rstrip("\n") and filled != string(text):
        raise Refused(
            "a command of several lines has values to fill in",
            "put each command with $name or {expression} on a line of its own, with !",
        )
    return filled


def _is_certain(field: _Field, names: Names) -> bool:
    tree = parse_expression(field.expression)
    read = {node.id for node in free_reads(tree)} if tree else set()
    return all(name in _ALWAYS or names.certain(name) for name in read)


def _format(parts: list[str | _Field], values: list[str]) -> str:
    if not values:
        return string("".join(part for part in parts if isinstance(part, str)))
    template = "".join(
        part.replace("{", "{{").replace("}", "}}") if isinstance(part, str) else _hole(part)
        for part in parts
    )
    return f"{string(template)}.format({', '.join(values)})"


def is_filled(text: str, names: Names) -> bool:
    """Whether IPython changes ``text``."""
    return fill(text, names) != string(text)


def _hole(field: _Field) -> str:
    return f"{{!{field.conversion}}}" if field.conversion else "{}"


def _parts(text: str) -> list[str | _Field] | None:
    """The text and the fields in turn; None where IPython takes nothing for a field."""
    parts: list[str | _Field] = []
    try:
        for literal, field, spec, conversion in strings.Formatter().parse(text):
            parts += _dollar_parts(literal)
            if field is not None:
                # A colon belongs to the expression, as in {x[1:2]}.
                expression = f"{field}:{spec}" if spec else field
                parts.append(_Field(expression.lstrip(" \t"), conversion or ""))
    except ValueError:
        return None
    if any(isinstance(part, _Field) and part.conversion not in ("", *"rsa") for part in parts):
        return None
    return parts


def _dollar_parts(literal: str) -> list[str | _Field]:
    """$name outside of single quotes is a field, and $$name means $name."""
    parts: list[str | _Field] = []
    done = counted = 0
    quotes = literal.count("'")  # those behind the match
    for match in _DOLLAR.finditer(literal):
        quotes -= literal.count("'", counted, match.end())
        counted = match.end()
        if quotes % 2:
            continue
        parts.append(literal[done : match.start()])
        parts.append(match[1] if match[1].startswith("$") else _Field(match[1], ""))
        done = match.end()
    return [*parts, literal[done:]]


def _value(field: _Field, names: Names) -> str | None:
    """The field's expression as it can be in a call; None for what cannot be evaluated."""
    tree = parse_expression(field.expression)
    if tree is None:
        return None
    read = {node.id for node in free_reads(tree)} - names.known
    results = {name for name in read if is_session_name(name)}
    if special := sorted(read & _FROM_IPYTHON):
        raise Refused(
            f"{special[0]!r} is filled in, which only IPython binds",
            "assign its value to a name of your own",
        )
    if read - _ALWAYS - results and not names.are_open:
        return None
    if any(
        isinstance(node, ast.NamedExpr | ast.Await | ast.Yield | ast.YieldFrom)
        for node in walk(tree)
    ):
        raise Refused(
            f"'{field.expression}' does more than a value to fill in",
            "compute it in a statement before",
        )
    source = ast.get_source_segment(field.expression, tree) or ""
    is_simple = isinstance(tree, ast.Name | ast.Attribute | ast.Call | ast.Subscript | ast.Constant)
    return source if is_simple else f"({source})"
