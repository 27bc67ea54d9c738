"""Expressions that give a path, such as ``os.path.abspath("..")`` or ``Path("lib") / "more"``."""

import ast
import posixpath
from collections.abc import Mapping

_SAME = frozenset({"abspath", "realpath", "normpath", "expanduser", "str", "fspath"})
_SAME_METHODS = frozenset({"resolve", "absolute", "as_posix", "expanduser"})
_JOINS = frozenset({"join", "Path", "PurePath", "PosixPath", "joinpath"})
_HERE = frozenset({"getcwd", "cwd"})


def path_of(node: ast.expr, names: Mapping[str, str]) -> str | None:
    """The path that an expression gives, None for one that is not known.

    It is relative to the project's root, or absolute. ``names`` are variables with known paths.
    """
    found = _path_of(node, names)
    return posixpath.normpath(found) if found is not None else None


def _path_of(node: ast.expr, names: Mapping[str, str]) -> str | None:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name):
            return names.get(name)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return _joined([left, right], names)
        case ast.Attribute(value=inner, attr="parent"):
            return _up(path_of(inner, names), 1)
        case ast.Subscript(
            value=ast.Attribute(value=inner, attr="parents"), slice=ast.Constant(value=int(level))
        ):
            return _up(path_of(inner, names), level + 1)
        case ast.Call(func=function, args=arguments):
            return _of_call(function, arguments, names)
    return None


def _of_call(function: ast.expr, arguments: list[ast.expr], names: Mapping[str, str]) -> str | None:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name in _HERE and not arguments:
        return "."
    if name == "dirname" and len(arguments) == 1:
        return _up(path_of(arguments[0], names), 1)
    if name in _SAME and len(arguments) == 1:
        return _path_of(arguments[0], names)
    if name in _SAME_METHODS and isinstance(function, ast.Attribute):
        return _path_of(function.value, names)
    if name == "joinpath" and isinstance(function, ast.Attribute):
        arguments = [function.value, *arguments]
    return _joined(arguments, names) if name in _JOINS else None


def _joined(parts: list[ast.expr], names: Mapping[str, str]) -> str | None:
    found = [_path_of(part, names) for part in parts]
    known = [part for part in found if part is not None]
    return posixpath.join("", *known) if len(known) == len(found) else None


def _up(path: str | None, levels: int) -> str | None:
    return None if path is None else posixpath.join(path, *[".."] * levels)
