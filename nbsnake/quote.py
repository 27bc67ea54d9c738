"""The one printer of Python literals, for scripts and rules."""

import math

from nbsnake.paramtype import Value


def string(text: str) -> str:
    """A string in the quotes that black prefers: double ones, unless they cost escapes."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    escaped = text.replace("\\", "\\\\").replace(quote, f"\\{quote}")
    shown = "".join(char if char.isprintable() else repr(char)[1:-1] for char in escaped)
    return f"{quote}{shown}{quote}"


def literal(value: Value) -> str:
    """A value as Python reads it back; infinities and NaN have no literal of their own."""
    if isinstance(value, str):
        return string(value)
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    return repr(value)
