"""Plain YAML, read by libyaml in a small part of the time that ruamel.yaml takes.

DVC reads YAML 1.2 with ruamel.yaml, and libyaml knows 1.1. So only texts are read here that mean
the same in both (https://yaml.org/spec/1.2.2/#12-summary-of-changes); any other text is refused,
and its reader is ruamel.yaml.
"""

import re
from collections.abc import Callable
from typing import Any

import yaml

# Tabs, and characters that only one of the two takes for a line break or refuses.
_UNSURE = re.compile(
    r"[^\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{0,40})?(?:[eE][-+]?[0-9]{1,4})?")
_SURE_START = re.compile(r"[^-+.0-9?:<=]")  # of a text that is no number, date or merge key
_NUMBER_LIKE = re.compile(r"[-+0-9_.:a-fA-FoOxXinINtTZ ]*")  # numbers of any kind, and dates
# An md5, but for one of digits alone, or with what makes a number of them: one "e", or "0b" before.
_MD5 = re.compile(r"(?!0b)(?=[0-9]*(?:[a-df]|e[0-9]*[a-f]))[0-9a-f]{32}")
_BLOCK = re.compile(r"[|>][-+]?\n")  # the first line of a block of text
_LONGEST_KEY = 1000  # characters; neither reader takes more than 1024


class NotPlainError(ValueError):
    """A text that the two readers could take for different values, or one of them for a fault."""


def load_yaml(text: str) -> Any:
    """The value of a YAML text, as DVC reads it. Raises what ruamel.yaml raises."""
    try:
        return read_plain(text)
    except NotPlainError:
        from ruamel.yaml import YAML  # slow, and seldom needed

        return YAML(typ="safe", pure=True).load(text)


def read_plain(text: str) -> Any:
    """The value of a YAML text, as ruamel.yaml's safe reader gives it.

    Raises :class:`NotPlainError` where that is not certain.
    """
    if not yaml.__with_libyaml__ or _UNSURE.search(text):
        raise NotPlainError("characters")
    parser = yaml.CBaseLoader(text)
    try:
        return _Reader(text, parser.get_event).document()
    except (yaml.YAMLError, RecursionError) as error:
        raise NotPlainError(str(error)) from None
    finally:
        parser.dispose()


def plain_lines(text: str) -> Any:
    """The line of each key, counted from 1, with those below it: in mappings by key, in lists.

    Raises :class:`NotPlainError` as :func:`read_plain` does.
    """
    read_plain(text)
    return _lines(yaml.compose(text, Loader=yaml.CBaseLoader))


def _lines(node: Any) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {_key(key): (_line(key), _lines(value)) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [(_line(each), _lines(each)) for each in node.value]
    return None


def _key(node: Any) -> Any:
    return node.value if node.style else _plain_scalar(node.value)


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1


class _Reader:
    """Makes values of the events of a text; ``following`` gives the next event."""

    def __init__(self, text: str, following: Callable[[], Any]) -> None:
        self._text = text
        self._following = following

    def document(self) -> Any:
        self._following()
        start = self._following()
        if type(start) is yaml.StreamEndEvent:
            return None
        if start.explicit:
            raise NotPlainError("a marker of documents")
        first = self._following()
        if type(first) is yaml.ScalarEvent:
            raise NotPlainError("a scalar alone")
        value = self._value(first, is_flow=False)
        if self._following().explicit or type(self._following()) is not yaml.StreamEndEvent:
            raise NotPlainError("several documents")
        return value

    def _value(self, event: Any, *, is_flow: bool) -> Any:
        kind = type(event)
        if kind is yaml.AliasEvent or event.anchor or event.tag:
            raise NotPlainError("an anchor or a tag")
        if kind is yaml.ScalarEvent:
            return self._scalar(event, is_flow=is_flow)
        is_flow = is_flow or event.flow_style
        if kind is yaml.MappingStartEvent:
            if event.flow_style and self._text[event.start_mark.index] != "{":
                raise NotPlainError("a pair in a list")
            return self._mapping(is_flow=is_flow)
        items = []
        while type(event := self._following()) is not yaml.SequenceEndEvent:
            items.append(self._value(event, is_flow=is_flow))
        return items

    def _mapping(self, *, is_flow: bool) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        while type(event := self._following()) is not yaml.MappingEndEvent:
            if type(event) is not yaml.ScalarEvent:
                raise NotPlainError("a key that is no scalar")
            key = self._value(event, is_flow=is_flow)
            if key in found or _length(event) > _LONGEST_KEY:
                raise NotPlainError("a key that appears twice, or is too long")
            found[key] = self._value(self._following(), is_flow=is_flow)
        return found

    def _scalar(self, event: Any, *, is_flow: bool) -> Any:
        text: str = event.value
        if event.implicit[0]:
            if is_flow and (":" in text or "?" in text):
                raise NotPlainError("a key without a blank after it, as in JSON")
            return _plain_scalar(text)
        if event.style in ("|", ">") and not _BLOCK.match(self._text, event.start_mark.index):
            raise NotPlainError("a block of text with an indent of its own, or a comment")
        return text


def _length(event: Any) -> int:
    """How many characters a scalar takes in the text."""
    return int(event.end_mark.index - event.start_mark.index)


def _plain_scalar(text: str) -> Any:
    """What a scalar means that is not in quotes."""
    if text in _WORDS:
        return _WORDS[text]
    if _SURE_START.match(text):
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _MD5.fullmatch(text):
        return text
    if text[0] in "?:<=" or text[:2] == "- " or _NUMBER_LIKE.fullmatch(text):
        raise NotPlainError(f"{text!r}")
    return text
