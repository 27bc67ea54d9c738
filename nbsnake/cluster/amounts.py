"""Amounts as profiles write them: numbers, text, and expressions that grow with the attempt."""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: operator.pow,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": min,
    "max": max,
    "int": int,
    "round": round,
    "ceil": math.ceil,
}
LARGEST = 10**12  # of what is computed


def amount(value: object, names: Mapping[str, int]) -> int | None:
    """The number that a value means; None for text, and for what is known only in the run.

    ``names`` are those that an expression may use, such as ``attempt`` and ``threads``.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = _value(ast.parse(str(value).strip(), mode="eval").body, names)
        return math.ceil(found) if abs(found) <= LARGEST else None
    except (ValueError, KeyError, SyntaxError, TypeError, ArithmeticError, RecursionError):
        return None


def _value(node: ast.expr, names: Mapping[str, int]) -> int | float:
    """Raises :class:`ValueError` for anything but arithmetic on known names."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return node.value  # type: ignore[return-value]
    if isinstance(node, ast.Name) and node.id in names:
        return names[node.id]
    if isinstance(node, ast.BinOp) and (apply := _OPERATORS.get(type(node.op))):
        left, right = _value(node.left, names), _value(node.right, names)
        if isinstance(node.op, ast.Pow) and abs(right) > 10:
            raise ValueError("too large")
        found: int | float = apply(left, right)
        return found
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        result: int | float = _FUNCTIONS[node.func.id](*(_value(each, names) for each in node.args))
        return result
    raise ValueError("not known before the run")
