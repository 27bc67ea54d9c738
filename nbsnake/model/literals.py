"""Literals of notebooks as values of parameters: exactly, or not at all.

A value is what JSON and YAML have. What else a literal is, its type says: a tuple or a set is a
list with a type that makes a tuple or a set of it.
"""

from dataclasses import replace
from typing import NamedTuple

from nbsnake.model.paramtype import Made, ParamType, Value, shown, type_of

_FILE = "params.yaml"
MAX_DIGITS = 4000  # of an integer; Python refuses to print more than 4300


class Literal(NamedTuple):
    """A literal as a value; ``makes`` is what of a list the script makes.

    ``unfit`` says why it can be no parameter, "" where it can.
    """

    value: Value
    makes: Made = "list"
    unfit: str = ""


def literal_of(value: object) -> Literal:
    """What :func:`ast.literal_eval` gave, as a value."""
    makes: Made = "list"
    if isinstance(value, tuple):
        makes, value = "tuple", list(value)
    elif isinstance(value, set):
        makes, value = "set", sorted(value, key=repr)
    if unfit := _unfit(value, ""):
        return Literal(None, unfit=unfit)
    return Literal(value, makes)  # type: ignore[arg-type]


def _unfit(value: object, inside: str) -> str:
    """Why a value, or one inside of it, has no form in params.yaml; "" where it has one."""
    if isinstance(value, dict):
        if others := [key for key in value if not isinstance(key, str)]:
            return f"it has the key {shown(others[0])}, and only strings can be keys in {_FILE}"
        return next(filter(None, (_unfit(each, "inside ") for each in value.values())), "")
    if isinstance(value, list):
        return next(filter(None, (_unfit(each, "inside ") for each in value)), "")
    if isinstance(value, int) and abs(value) >= 10**MAX_DIGITS:
        return f"it has an integer of more than {MAX_DIGITS} digits"
    if value is None or isinstance(value, str | int | float):
        return ""
    kind = "a value '...'" if value is ... else f"a {type(value).__name__} {inside}".rstrip()
    return f"it has {kind}, which {_FILE} cannot hold"


def fitted(declared: ParamType | None, literal: Literal) -> ParamType | None:
    """The type that keeps the literal as it is; None where it is not of the declared type.

    ``float`` becomes ``int | float`` for an int, and ``list`` takes its items' type.
    """
    own = type_of(literal.value)
    own = replace(own, makes=literal.makes if own.is_list else "list")
    if declared is None:
        return own
    if declared.is_list and own.is_list:
        if declared.is_bare:
            return replace(own, optional=declared.optional)
        declared = replace(declared, makes=literal.makes)
    if not declared.accepts(literal.value):
        return None
    return replace(declared, kind="number") if _has_ints(declared, literal.value) else declared


def _has_ints(declared: ParamType, value: Value) -> bool:
    """Whether a value of floats is, or holds, an int."""
    items = value if isinstance(value, list) else [value]
    return declared.kind == "float" and any(isinstance(each, int) for each in items)
