"""Changing a value of params.yaml, with the rest of its text unchanged, comments as well. Pure.

The text of the value is replaced where the parser says that it is, and the result is read back
before it counts.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode

from nbsnake.errors import NbsnakeError, PipelineError, Where
from nbsnake.model.paramtype import Value
from nbsnake.names import PARAMS_FILE
from nbsnake.settings.seeding import holds, loaded, seeded
from nbsnake.settings.yaml_text import inline

Keys = Sequence[str]  # a parameter, or a section and a parameter of it


def changed(text: str, keys: Keys, value: Value) -> str:
    """The text of params.yaml with another value; one that is not there yet is added.

    Raises :class:`PipelineError` where that cannot be done with all other values kept.
    """
    wanted = _with(loaded(text), keys, value)
    for found in _attempts(text, keys, value):
        if holds(found, wanted):
            return found
    raise PipelineError(
        f"{'.'.join(keys)} cannot be changed with all else kept as it is",
        where=Where(PARAMS_FILE),
        hint=f"write it by hand: {inline(value)}",
    )


def _with(values: Mapping[str, Any], keys: Keys, value: Value) -> dict[str, Any]:
    found = deepcopy(dict(values))
    inner = found
    for key in keys[:-1]:
        inner[key] = dict(inner.get(key) or {})
        inner = inner[key]
    inner[keys[-1]] = value
    return found


def _attempts(text: str, keys: Keys, value: Value) -> Iterator[str]:
    """Texts that may be the one that is wanted, best first."""
    if found := _find(text, keys):
        yield _replaced(text, *found, inline(value))
    elif len(keys) > 1:
        try:
            yield seeded(text, {keys[0]: {keys[1]: value}})
        except NbsnakeError:  # such as below an alias
            return
    yield from _dumped(text, keys, value)


def _find(text: str, keys: Keys) -> tuple[Node, Node] | None:
    """The nodes of the last key and of its value; None where they are not in the text."""
    node = YAML(typ="safe", pure=True).compose(text)
    pair = None
    for key in keys:
        pairs = node.value if isinstance(node, MappingNode) else []
        pair = next((each for each in pairs if each[0].value == key), None)
        if pair is None or pair[1].start_mark.index < pair[0].start_mark.index:  # of an alias
            return None
        node = pair[1]
    return pair


def _replaced(text: str, key: Node, old: Node, new: str) -> str:
    start, end = old.start_mark.index, _end(text, old)
    colon = text.index(":", key.end_mark.index) + 1
    if not text[colon:start].strip():  # also a list that begins on a line of its own
        start, end, new = colon, end if end > start else colon, f" {new}"
    return text[:start] + new + text[end:]


def _end(text: str, node: Node) -> int:
    """Where the text of a node ends, without the comments and blank lines that follow it."""
    if isinstance(node, CollectionNode) and not node.flow_style:
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last)
    end: int = node.end_mark.index
    is_block = isinstance(node, ScalarNode) and node.style in ("|", ">")
    return len(text[:end].rstrip()) if is_block else end


def _dumped(text: str, keys: Keys, value: Value) -> Iterator[str]:
    """The last resort, which keeps all values but not all of their looks."""
    yaml = YAML()
    yaml.width = 4096  # never fold a text of the user's
    yaml.preserve_quotes = True
    stream = io.StringIO()
    try:
        document = yaml.load(text) or CommentedMap()
        inner = document
        for key in keys[:-1]:
            inner[key] = inner.get(key) or CommentedMap()
            inner = inner[key]
        inner[keys[-1]] = yaml.load(inline(value))
        yaml.dump(document, stream)
    except (YAMLError, TypeError, ValueError):
        return
    yield stream.getvalue()
