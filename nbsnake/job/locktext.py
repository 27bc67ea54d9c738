"""One stage of dvc.lock as text, byte for byte as DVC writes it.

Standard library only: this runs inside every job. DVC's printer is ruamel.yaml, which takes
milliseconds for each stage. What it would write in quotes, or in any other way than plainly, is
left to it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

WIDTH = 80  # at which ruamel.yaml folds in dvc.lock
LAST_KEY = 70  # column up to which a key may reach, so that nothing about it is folded
_WORD = r"""(?:[!"$-9;-~]|:(?=[!-~]))"""  # all of ASCII but ``#`` and a last ``:``
_PLAIN = re.compile(rf"(?=[A-Za-z_/]|\.\.?/){_WORD}+(?: {_WORD}+)*")
_MD5 = re.compile(r"[0-9a-f]{32}(?:\.dir)?")
_NUMBER = re.compile(r"[0-9]+(?:e[0-9]+)?|0b[01]+")  # as which a digest could be read
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


class NotPlain(ValueError):  # noqa: N818  (no error: another printer is used)
    """A value that is not written plainly."""


def entry_text(entry: Mapping[str, Any], indent: int = 0, width: int = WIDTH) -> str:
    """A stage's entry, each line indented, and folded behind ``width`` columns.

    Raises :class:`NotPlain` for one that only ruamel.yaml can print.
    """
    return "".join(_mapping(entry, indent, width))


def key_text(key: str) -> str:
    """A key of a mapping; raises :class:`NotPlain` as :func:`entry_text` does."""
    if not isinstance(key, str) or not _is_plain(key):
        raise NotPlain(key)
    return key


def _mapping(mapping: Mapping[str, Any], indent: int, width: int) -> Iterator[str]:
    for key, value in mapping.items():
        start = f"{' ' * indent}{key_text(key)}:"
        if len(start) > LAST_KEY:
            raise NotPlain(key)
        if isinstance(value, dict):
            yield from _nested(start, value, _mapping(value, indent + 2, width))
        elif isinstance(value, list):
            yield from _nested(start, value, _sequence(value, indent, width))
        else:
            yield f"{start}{_scalar(value, len(start) + 1, indent + 2, width)}\n"


def _nested(start: str, value: Any, lines: Iterator[str]) -> Iterator[str]:
    if not value:
        raise NotPlain(value)
    yield f"{start}\n"
    yield from lines


def _sequence(items: list[Any], indent: int, width: int) -> Iterator[str]:
    start = f"{' ' * indent}-"
    for item in items:
        if isinstance(item, dict) and item:
            text = "".join(_mapping(item, indent + 2, width))
            yield f"{start} {text[indent + 2 :]}"
        elif isinstance(item, dict | list | None):
            raise NotPlain(item)
        else:
            yield f"{start}{_scalar(item, indent + 2, indent + 2, width)}\n"


def _scalar(value: Any, column: int, indent: int, width: int) -> str:
    """A value with the space before it; it begins at ``column``, its next lines at ``indent``."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return " true" if value else " false"
    if isinstance(value, int):
        return f" {value}"
    if isinstance(value, float):
        return f" {_float(value)}"
    if not isinstance(value, str) or not _is_plain(value):
        raise NotPlain(value)
    return f" {_folded(value, column, indent, width)}"


def _float(value: float) -> str:
    text = repr(value)
    if not re.fullmatch(r"-?[0-9.]+", text):
        raise NotPlain(value)
    return text


def _is_plain(text: str) -> bool:
    if _MD5.fullmatch(text):
        return not _NUMBER.fullmatch(text)
    return bool(_PLAIN.fullmatch(text)) and text.lower() not in _WORDS


def _folded(text: str, column: int, indent: int, width: int) -> str:
    """Lines as ruamel.yaml breaks them, which leaves a blank at the end of some."""
    if column + len(text) <= width:
        return text
    parts: list[str] = []
    fold = f"\n{' ' * indent}"
    for word in text.split(" "):
        if parts and column >= width:
            parts.append(fold)
            column = indent
        elif parts:
            parts.append(" ")
            column += 1
        if column + len(word) > width and column > indent:
            parts.append(fold)
            column = indent
        parts.append(word)
        column += len(word)
    return "".join(parts)
