"""The printer of YAML for entries added to hand-written files: YAML 1.1 and 1.2 read them alike."""

import json
import math
import re
from collections.abc import Mapping
from typing import NamedTuple

from nbsnake.model.paramtype import Value

# What YAML takes for a text without quotes, inside of braces too, unless it is one of the words.
_PLAIN = re.compile(r"(?:[^\W\d]|/)(?:[\w./+ -]*[\w./+-])?")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


class Style(NamedTuple):
    """How a file ends its lines, and by how many columns it indents."""

    newline: str
    indent: int


def yaml_lines(entries: Mapping[str, Value], style: Style, column: int) -> str:
    """The entries as lines, each mapping in them too."""
    text, indent = "", " " * column
    for name, value in entries.items():
        text += f"{indent}{inline(name)}:"
        if isinstance(value, dict) and value:
            text += style.newline + yaml_lines(value, style, column + style.indent)
        elif isinstance(value, str) and _is_block(value):
            text += _block(value, style, column + style.indent)
        else:
            text += f" {inline(value)}{style.newline}"
    return text


def _is_block(text: str) -> bool:
    """Whether these are lines that look the same when they are indented."""
    lines = text.removesuffix("\n").split("\n")
    plain = all(line.isprintable() and line == line.rstrip() for line in lines)
    return len(lines) > 1 and plain and bool(lines[-1]) and lines[0][:1] not in ("", " ")


def _block(text: str, style: Style, column: int) -> str:
    lines = text.removesuffix("\n").split("\n")
    indented = (" " * column + line if line else "" for line in lines)
    head = " |" if text.endswith("\n") else " |-"
    return "".join(f"{line}{style.newline}" for line in (head, *indented))


def listed(entries: Mapping[str, Value]) -> str:
    """The entries of a mapping in one line, without braces."""
    return ", ".join(f"{inline(name)}: {inline(value)}" for name, value in entries.items())


def inline(value: Value) -> str:
    """A value on one line, for YAML 1.1 and YAML 1.2 alike."""
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) and value.lower() not in _WORDS else _quoted(value)
    if isinstance(value, dict):
        return f"{{{listed(value)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(inline, value))}]"
    if isinstance(value, float):
        return _number(value)
    return json.dumps(value)


def _number(value: float) -> str:
    """YAML 1.1 takes for a number only what has a point."""
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    digits, e, exponent = repr(value).partition("e")
    return f"{digits}.0e{exponent}" if e and "." not in digits else repr(value)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    shown = "".join(char if char.isprintable() else repr(char)[1:-1] for char in escaped)
    return f'"{shown}"'
