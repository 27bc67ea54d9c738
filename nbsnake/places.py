"""Where a key is in a YAML file, for messages about its value."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from nbsnake.errors import Where
from nbsnake.job.regular import read_regular
from nbsnake.yaml_limits import limited_time

_ABSENT = object()
_UNSURE = object()  # stands for a text that is not plain YAML


def place_of(file: str, keys: Sequence[str | int]) -> Where:
    """The file, with the line of the deepest key of the path ``keys`` that it holds.

    A number is an index where it meets a list. The text "1" finds the key ``1:`` too. The file
    alone is the answer where it cannot be read, for the caller has another fault to report.
    """
    try:
        return Where(file, line=_line_in(read_regular(file).decode(), keys))
    except Exception:  # ruamel.yaml raises many kinds of errors for invalid YAML
        return Where(file)


def _line_in(text: str, keys: Sequence[str | int]) -> int | None:
    found = _plain(text)
    return _line(_loaded(text), keys) if found is _UNSURE else _plain_line(found, keys)


@lru_cache(maxsize=8)
def _plain(text: str) -> Any:
    from nbsnake.plain_yaml import NotPlainError, plain_lines  # slow, and needed for faults only

    try:
        with limited_time(text):
            return plain_lines(text)
    except NotPlainError:
        return _UNSURE


def _plain_line(node: Any, keys: Sequence[str | int]) -> int | None:
    line = None
    for key in keys:
        own = _own_key(node, key)
        if own is _ABSENT:
            break
        line, node = node[own]
    return line


@lru_cache(maxsize=8)
def _loaded(text: str) -> Any:
    from ruamel.yaml import YAML  # slow, and needed for faults only

    with limited_time(text, 3):  # it keeps more than other readers
        return YAML().load(text)


def _line(node: Any, keys: Sequence[str | int]) -> int | None:
    """What an alias or a merge brings in counts as found where it is written."""
    line = None
    for key in keys:
        own = _own_key(node, key)
        if own is _ABSENT:
            break
        if place := (node.lc.data or {}).get(own):
            line = place[0] + 1
        node = node[own]
    return line


def _own_key(node: Any, key: str | int) -> Any:
    """The key, or index, by which the node holds what ``key`` asks for."""
    if isinstance(node, dict):
        return key if key in node else next((k for k in node if str(k) == str(key)), _ABSENT)
    if isinstance(node, list) and isinstance(key, int) and 0 <= key < len(node):
        return key
    return _ABSENT
