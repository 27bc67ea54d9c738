"""What JSON files contain, parsed into its types.

Standard library only: this runs inside every job.
"""

import json
import types
from collections.abc import Callable
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

LIMIT = 2**63  # of numbers: no size, time or date is larger, and arithmetic stays finite
Parser = Callable[[Any, str], Any]


class ShapeError(ValueError):
    """A field that is not of the type that it should have."""

    def __init__(self, field: str, wanted: str) -> None:
        super().__init__(f"{field or 'its content'} is not {wanted}")


def from_json(data: bytes | str) -> Any:
    """The value of a JSON text.

    Raises :class:`ValueError` for text that is not JSON, or is nested too deeply.
    """
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError("is nested too deeply") from None


def parse(kind: Any, value: Any, field: str = "") -> Any:
    """The value as a type made of JSON's own types, tuples, and named tuples for objects.

    Raises :class:`ShapeError`, which names the field below ``field``.
    """
    return _parser(kind)(value, field)


def is_count(value: object) -> bool:
    """Whether a value is a number of things, or of bytes."""
    return type(value) is int and 0 <= value < LIMIT


def is_texts(values: object) -> bool:
    """Whether a value is a list of texts."""
    return type(values) is list and {*map(type, values)} <= {str}


def is_text_map(values: object) -> bool:
    """Whether a value is an object of texts."""
    return type(values) is dict and {*map(type, values.values())} <= {str}


@cache
def _parser(kind: Any) -> Parser:
    origin, args = get_origin(kind), get_args(kind)
    if kind is Any:
        return lambda value, _: value
    if origin in (Union, types.UnionType):
        return _of_union(args)
    if origin in (list, tuple):
        return _of_list(origin, args[0])
    if origin is dict:
        return _of_dict(args[1])
    if hasattr(kind, "_fields"):
        return _of_record(kind)
    return _of_scalar(kind)


def _of_scalar(kind: Any) -> Parser:
    names = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
    kind = type(None) if kind is None else kind
    wanted = names.get(kind, "null")

    def read(value: Any, field: str) -> Any:
        is_number = kind in (int, float) and type(value) in (int, kind)
        if type(value) is not kind and not is_number:
            raise ShapeError(field, wanted)
        if is_number and not abs(value) < LIMIT:
            raise ShapeError(field, f"{wanted} below 2**63")
        return float(value) if kind is float else value

    return read


def _of_union(kinds: tuple[Any, ...]) -> Parser:
    parsers = [_parser(kind) for kind in kinds]

    def read(value: Any, field: str) -> Any:
        for parser in parsers[:-1]:
            try:
                return parser(value, field)
            except ShapeError:
                continue
        return parsers[-1](value, field)

    return read


def _of_list(kind: Any, item: Any) -> Parser:
    parser = _parser(item)

    def read(value: Any, field: str) -> Any:
        if type(value) is not list:
            raise ShapeError(field, "a list")
        return kind(parser(each, f"{field}[{place}]") for place, each in enumerate(value))

    return read


def _of_dict(item: Any) -> Parser:
    parser = _parser(item)

    def read(value: Any, field: str) -> Any:
        if type(value) is not dict:
            raise ShapeError(field, "an object")
        return {key: parser(each, f"{field}.{key}") for key, each in value.items()}

    return read


def _of_record(kind: Any) -> Parser:
    parsers = {name: _parser(each) for name, each in get_type_hints(kind).items()}
    needed = {*kind._fields} - {*kind._field_defaults}

    def read(value: Any, field: str) -> Any:
        if type(value) is not dict or not needed <= value.keys() <= parsers.keys():
            raise ShapeError(field, f"an object with {', '.join(sorted(needed))}")
        found = {name: parsers[name](each, f"{field}.{name}") for name, each in value.items()}
        return kind(**found)

    return read
