"""Frozen dataclasses as JSON, and back."""

import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

_SCALARS = (str, int, float, bool)


def to_plain(value: Any) -> Any:
    """A value made of dataclasses, named tuples, tuples and sets as JSON can say it."""
    if is_dataclass(value):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, frozenset):
        return sorted(map(to_plain, value))
    if isinstance(value, tuple | list):
        return [to_plain(each) for each in value]
    if isinstance(value, dict):
        return {key: to_plain(each) for key, each in value.items()}
    return value


def from_plain(kind: Any, data: Any) -> Any:
    """The value of a type that :func:`to_plain` made ``data`` of.

    Raises :class:`ValueError` where it did not.
    """
    try:
        return _reader(kind)(data)
    except (TypeError, LookupError, AttributeError) as error:
        raise ValueError(f"is not a {kind}: {error}") from None


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """What reads back values of a type; of JSON's own types, single ones are checked."""
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _reader_of_option([each for each in args if each is not type(None)])
    if origin is frozenset:
        item = _reader(args[0])
        return lambda data: frozenset(map(item, data))
    if origin is tuple:
        return _reader_of_tuple(args)
    if isinstance(kind, type) and (is_dataclass(kind) or hasattr(kind, "_fields")):
        return _reader_of_record(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    return _reader_of_scalar(kind) if kind in _SCALARS else lambda data: data


def _reader_of_scalar(kind: type) -> Callable[[Any], Any]:
    def read(data: Any) -> Any:
        if type(data) is not kind and not (kind is float and type(data) is int):
            raise TypeError(f"{data!r:.60} is not a {kind.__name__}")
        return data

    return read


def _reader_of_option(kinds: list[Any]) -> Callable[[Any], Any]:
    if len(kinds) != 1:
        return lambda data: data  # several of JSON's own types
    read = _reader(kinds[0])
    return lambda data: None if data is None else read(data)


def _reader_of_tuple(args: tuple[Any, ...]) -> Callable[[Any], Any]:
    if args[-1] is Ellipsis:
        item = _reader(args[0])
        return lambda data: tuple(map(item, data))
    readers = [_reader(each) for each in args]
    return lambda data: tuple(read(each) for read, each in zip(readers, data, strict=True))


def _reader_of_record(kind: Any) -> Callable[[Any], Any]:
    hints = get_type_hints(kind)
    if hasattr(kind, "_fields"):
        readers = [_reader(hints[name]) for name in kind._fields]
        return lambda data: kind(*(read(each) for read, each in zip(readers, data, strict=True)))
    named = {name: _reader(hints[name]) for name in kind.__dataclass_fields__}
    return lambda data: kind(**{name: read(data[name]) for name, read in named.items()})
