"""The types that a parameter may have, and the values that fit them."""

import ast
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from nbsnake.guess import nearest

Value = str | int | float | bool | list["Value"] | dict[str, "Value"] | None
Kind = Literal["str", "int", "float", "bool", "Path", "dict", "number", "json"]
Made = Literal["list", "tuple", "set"]

KINDS: tuple[Kind, ...] = ("str", "int", "float", "bool", "Path", "dict")
SPELLINGS = (
    f"{', '.join(KINDS)}, int | float, list[TYPE], tuple[TYPE, ...], set[TYPE], TYPE | None,"
    " Literal[VALUE, ...]"
)
_SHOWN = {"number": "int | float", "json": "Any"}
_MADE: dict[str, Made] = {
    **dict.fromkeys(("list", "List", "Sequence", "MutableSequence", "Iterable"), "list"),
    **dict.fromkeys(("Collection", "Iterator"), "list"),
    **dict.fromkeys(("tuple", "Tuple"), "tuple"),
    **dict.fromkeys(("set", "Set", "frozenset", "FrozenSet", "AbstractSet", "MutableSet"), "set"),
}
_SLIPS = {"string": "str", "integer": "int", "boolean": "bool", "number": "float"}
TEXTS: tuple[Kind, ...] = ("str", "Path")


@dataclass(frozen=True, slots=True)
class ParamType:
    """``kind`` is the type of the value, or of each item where ``is_list``.

    ``number`` is an int or a float, as it is written; ``json`` is any item of a list. ``optional``
    allows None as well; where there are ``choices``, the value is one of them. Of a list, the
    script ``makes`` a tuple or a set; ``is_bare`` means that the type of its items is not named.
    """

    kind: Kind
    is_list: bool = False
    optional: bool = False
    choices: tuple[Value, ...] = ()
    makes: Made = "list"
    is_bare: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        kind = _SHOWN.get(self.kind, self.kind)
        text = f"Literal[{', '.join(map(repr, self.choices))}]" if self.choices else kind
        if self.is_list:
            text = f"{self.makes}[{text}{', ...' * (self.makes == 'tuple')}]"
        return f"{text} | None" if self.optional else text

    @property
    def is_text(self) -> bool:
        """Whether a value is written as it is, and not as JSON."""
        return self.kind in TEXTS and not self.is_list

    @property
    def is_flag(self) -> bool:
        """Whether a value is a single true or false."""
        return self.kind == "bool" and not self.is_list

    def accepts(self, value: Value) -> bool:
        """Whether ``value``, as YAML or Python gave it, is of this type; an int is a float too."""
        if self.kind == "json" and not self.is_list:
            return is_json(value)
        if value is None:
            return self.optional
        if self.is_list:
            item = ParamType(self.kind)
            return isinstance(value, list) and all(item.accepts(each) for each in value)
        if self.choices:
            return any(type(value) is type(each) and value == each for each in self.choices)
        if self.kind == "dict":
            return isinstance(value, dict) and is_json(value)
        if self.kind == "bool" or isinstance(value, bool):
            return self.kind == "bool" and isinstance(value, bool)
        if self.kind in ("float", "number"):
            return isinstance(value, int | float)
        return isinstance(value, int if self.kind == "int" else str)

    def parse(self, words: list[str]) -> Value:
        """The value that command line words mean.

        Raises :class:`ValueError` when they mean no value of this type.
        """
        if self.is_list and self.kind == "json":
            return _parse_json(words, list)
        if self.is_list:
            return [ParamType(self.kind).parse([word]) for word in words]
        if len(words) != 1:
            raise ValueError(f"{len(words)} words where one value belongs")
        if self.kind == "dict":
            return _parse_json(words, dict)
        if self.kind != "bool":
            return _PARSERS[self.kind](words[0])
        if words[0].lower() not in ("true", "false"):
            raise ValueError(f"{words[0]!r} is neither true nor false")
        return words[0].lower() == "true"


def is_json(value: object) -> bool:
    """Whether JSON can say the value; of mappings only with texts as keys."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_json(each) for key, each in value.items())
    if isinstance(value, list):
        return all(map(is_json, value))
    return value is None or isinstance(value, str | int | float)


def _parse_json(words: list[str], kind: type) -> Value:
    text = words[0] if len(words) == 1 else ""
    value: Value = json.loads(text)
    if not isinstance(value, kind):
        raise ValueError(f"{text!r} is not a JSON {'array' if kind is list else 'object'}")
    return value


def _number(text: str) -> Value:
    return int(text) if text.strip("+-").isdigit() else float(text)


_PARSERS: dict[str, Callable[[str], Value]] = {
    "str": str,
    "Path": str,
    "int": int,
    "float": float,
    "number": _number,
}


def parse_type(text: str) -> ParamType:
    """Read a type as an author writes it: Python's annotations, and ``TYPE?`` for an optional one.

    Raises :class:`ValueError` for a type that no parameter can have.
    """
    try:
        node = ast.parse(text.strip().removesuffix("?"), mode="eval").body
        found = _type_of_node(node)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        unknown = not isinstance(error, ValueError) or "null bytes" in str(error)
        raise ValueError(f"unknown type {text!r}" if unknown else str(error)) from None
    return replace(found, optional=True) if text.endswith("?") else found


def _type_of_node(node: ast.expr) -> ParamType:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return parse_type(node.value)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _one_or_none([node.left, node.right], node)
    if not isinstance(node, ast.Subscript):
        return _named_type(node)
    inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    match _last_name(node.value):
        case "Literal":
            return _literal_type(inner, node)
        case "Optional" if len(inner) == 1:
            return replace(_type_of_node(inner[0]), optional=True)
        case "Union":
            return _one_or_none(inner, node)
        case "Annotated" | "Final" | "Required" if inner:
            return _type_of_node(inner[0])
        case "dict" | "Dict" | "Mapping" | "MutableMapping":
            return ParamType("dict")
        case name if name in _MADE:
            return replace(_items_type(inner, node), makes=_MADE[name])
    raise _unknown(node)


def _named_type(node: ast.expr) -> ParamType:
    name = _last_name(node)
    if name in _MADE:
        return ParamType("str", is_list=True, makes=_MADE[name], is_bare=True)
    if name in ("Dict", "Mapping", "MutableMapping"):
        return ParamType("dict")
    if name in KINDS:
        return ParamType(name)
    raise _unknown(node)


def _items_type(items: list[ast.expr], node: ast.Subscript) -> ParamType:
    """The type of a list of items; only of a tuple can they have several types."""
    some = [item for item in items if not _is_ellipsis(item)]
    if len(items) > 1 and _MADE[_last_name(node.value)] != "tuple":
        raise _unknown(node)
    kinds = {_item_kind(item) for item in some}
    if kinds and kinds <= {"int", "float", "number"} and len(kinds) > 1:
        kinds = {"number"}
    kind: Kind = kinds.pop() if len(kinds) == 1 else "json"
    return ParamType(kind, is_list=True)


def _item_kind(item: ast.expr) -> Kind:
    if _last_name(item) in ("Any", "object"):
        return "json"
    found = _type_of_node(item)
    return found.kind if found == ParamType(found.kind) and found.kind != "dict" else "json"


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def _one_or_none(options: list[ast.expr], node: ast.expr) -> ParamType:
    some = [each for each in _flat(options) if not _is_none(each)]
    optional = len(some) < len([*_flat(options)])
    if {_last_name(each) for each in some} == {"int", "float"}:
        return ParamType("number", optional=optional)
    if len(some) != 1 or not optional:
        raise _unknown(node)
    return replace(_type_of_node(some[0]), optional=True)


def _flat(options: Iterable[ast.expr]) -> Iterator[ast.expr]:
    """The parts of unions in unions: ``a | b | c`` is ``(a | b) | c``."""
    for each in options:
        if isinstance(each, ast.BinOp) and isinstance(each.op, ast.BitOr):
            yield from _flat([each.left, each.right])
        else:
            yield each


def _literal_type(choices: list[ast.expr], node: ast.expr) -> ParamType:
    try:
        values = [ast.literal_eval(each) for each in choices]
    except (ValueError, TypeError):
        raise _unknown(node) from None
    some = tuple(value for value in values if value is not None)
    kinds = {type(value).__name__ for value in some}
    if len(kinds) != 1 or not kinds <= {"str", "int"}:
        raise _unknown(node)
    return ParamType(
        kinds.pop(),  # type: ignore[arg-type]
        optional=None in values,
        choices=some,
    )


def _last_name(node: ast.expr) -> str:
    """``List`` of ``List`` and of ``typing.List``."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _unknown(node: ast.expr) -> ValueError:
    text = ast.unparse(node)
    near = nearest(text, (*_SLIPS, *KINDS, "list"))
    meant = f"; did you mean {_SLIPS.get(near, near)!r}?" if near else ""
    return ValueError(f"unknown type {text!r}{meant}")


def type_of(value: Value) -> ParamType:
    """The type of a literal whose parameter names none; text where nothing better is known."""
    if isinstance(value, list):
        return ParamType(_kind_of_items(value), is_list=True)
    for kind, cls in (("bool", bool), ("int", int), ("float", float), ("dict", dict)):
        if isinstance(value, cls):
            return ParamType(kind)  # type: ignore[arg-type]
    return ParamType("str", optional=value is None)


def _kind_of_items(items: list[Value]) -> Kind:
    types = {type_of(item) for item in items}
    if not types:
        return "str"
    if any(each != ParamType(each.kind) or each.kind == "dict" for each in types):
        return "json"
    kinds = {each.kind for each in types}
    if kinds == {"int", "float"}:
        return "number"
    return kinds.pop() if len(kinds) == 1 else "json"


def text_of(value: Value) -> str:
    """A value as one command line word, as ``--name=WORD``: text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def shown(value: object) -> str:
    """A value for a message, not all of a long one."""
    text = repr(value)
    return text if len(text) < 100 else f"{text[:80]}..."


def has_value_at(values: Any, key: str) -> bool:
    """Whether a dotted key such as ``train.rate`` leads to something in a file's values."""
    try:
        value_at(values, key)
    except (KeyError, TypeError):
        return False
    return True


def value_at(values: Any, key: str) -> Any:
    """What a dotted key leads to. Raises :class:`KeyError` or :class:`TypeError`."""
    for part in key.split("."):
        values = values[part]
    return values


def leaf_keys(values: Any, path: str = "") -> Iterator[str]:
    """The dotted keys of all values that are not mappings."""
    if isinstance(values, dict):
        for key, each in values.items():
            yield from leaf_keys(each, f"{path}.{key}" if path else str(key))
    else:
        yield path
