"""The one printer of Python literals, for scripts and rules, and what a command can hold."""

import math
import re

from nbsnake.model.paramtype import Value


def string(text: str) -> str:
    """A string in the quotes that black prefers: double ones, unless they cost escapes."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    escaped = text.replace("\\", "\\\\").replace(quote, f"\\{quote}")
    shown = "".join(char if char.isprintable() else repr(char)[1:-1] for char in escaped)
    return f"{quote}{shown}{quote}"


def docstring(text: str) -> str:
    """A text as a docstring, over several lines where it can be written as it is."""
    lines = text.split("\n")
    readable = all(line.isprintable() for line in lines) and "\\" not in text
    if not readable or '"""' in text or text.endswith('"'):
        return string(text)
    return f'"""{text}"""' if len(lines) == 1 else f'"""{text}\n"""'


def literal(value: Value) -> str:
    """A value as Python reads it back; infinities and NaN have no literal of their own."""
    if isinstance(value, str):
        return string(value)
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        items = (f"{string(key)}: {literal(each)}" for key, each in value.items())
        return f"{{{', '.join(items)}}}"
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    return repr(value)


def comment(text: str) -> str:
    """A text as a comment can hold it, on one line, and not as a declaration of the encoding.

    Python reads one in the first two lines (PEP 263).
    """
    shown = "".join(char if char.isprintable() else "?" for char in text)
    return _CODING.sub(r"\1 \2", shown)


_CODING = re.compile(r"(coding)([:=])")

# DVC writes a value of params.yaml as a word of its own; argparse takes such a one for an option.
OPTION_LIKE = re.compile(r"-(?!\d+$|\d*\.\d+$)")
MAX_WORD = 2000  # characters; a shell gets its whole command as one argument, of 128 KiB at most


def fits_command(text: str) -> bool:
    """Whether a text can be a word of a command.

    DVC runs a command line by line, and takes for the end of a line what str.splitlines does.
    argparse drops the value ``--`` (Python below 3.13).
    """
    one_line = "".join(text.splitlines()) == text and text != "--"
    return one_line and len(text) <= MAX_WORD and "\0" not in text and not has_surrogates(text)


def has_surrogates(text: str) -> bool:
    """Whether a text holds halves of characters, which no file and no command can."""
    return any("\ud800" <= char <= "\udfff" for char in text)


def verbatim(text: str) -> str:
    """A text in which DVC sees no ``${}`` to fill in."""
    return text.replace("${", "\\${")
