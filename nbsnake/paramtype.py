"""The types that a ``:param`` may have, and the values that fit them."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

Value = str | int | float | bool | list["Value"] | dict[str, "Value"] | None
Kind = Literal["str", "int", "float", "bool"]

KINDS: tuple[Kind, ...] = get_args(Kind)
_LIST = re.compile(r"[Ll]ist(?:\[\s*(\w+)\s*\])?")
_PARSERS: dict[str, Callable[[str], Value]] = {"str": str, "int": int, "float": float}


@dataclass(frozen=True, slots=True)
class ParamType:
    """``kind`` is the type of the value, or of each item where ``is_list``."""

    kind: Kind
    is_list: bool = False

    def __str__(self) -> str:
        return f"list[{self.kind}]" if self.is_list else self.kind

    def accepts(self, value: Value) -> bool:
        """Whether ``value``, as YAML or Python gave it, is of this type; an int is a float too."""
        if self.is_list:
            item = ParamType(self.kind)
            return isinstance(value, list) and all(item.accepts(each) for each in value)
        if self.kind == "bool" or isinstance(value, bool):
            return self.kind == "bool" and isinstance(value, bool)
        if self.kind == "float":
            return isinstance(value, int | float)
        return isinstance(value, int if self.kind == "int" else str)

    def parse(self, words: list[str]) -> Value:
        """The value that command line words stand for.

        Raises :class:`ValueError` when they stand for no value of this type.
        """
        if self.is_list:
            return [ParamType(self.kind).parse([word]) for word in words]
        if len(words) != 1:
            raise ValueError(f"{len(words)} words where one value belongs")
        if self.kind != "bool":
            return _PARSERS[self.kind](words[0])
        if words[0].lower() not in ("true", "false"):
            raise ValueError(f"{words[0]!r} is neither true nor false")
        return words[0].lower() == "true"


def parse_type(text: str) -> ParamType:
    """Read a type as an author writes it.

    Raises :class:`ValueError` for a type that no parameter can have.
    """
    if text in KINDS:
        return ParamType(text)
    match = _LIST.fullmatch(text)
    if match and (match[1] or "str") in KINDS:
        return ParamType(match[1] or "str", is_list=True)  # type: ignore[arg-type]
    raise ValueError(f"unknown type {text!r}")


def type_of(value: Value) -> ParamType:
    """The type of a literal whose ``:param`` names none; text where nothing better is known."""
    if isinstance(value, list):
        kinds = {type_of(item).kind for item in value}
        if kinds == {"int", "float"}:
            return ParamType("float", is_list=True)
        return ParamType(kinds.pop() if len(kinds) == 1 else "str", is_list=True)
    for kind, cls in (("bool", bool), ("int", int), ("float", float)):
        if isinstance(value, cls):
            return ParamType(kind)  # type: ignore[arg-type]
    return ParamType("str")


def text_of(value: Value) -> str:
    """A value as one command line word, as ``--name=WORD``: text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
