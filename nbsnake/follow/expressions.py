"""Expressions that only compute: strings that are put together, paths and their parts."""

import ast
import posixpath
import re
from collections.abc import Callable

from nbsnake.follow.values import Known

SAME = frozenset(
    {"os.path.abspath", "os.path.realpath", "os.path.normpath", "os.path.expanduser"}
    | {"os.fspath", "str", "os.path.expandvars"}
)
MADE_ABSOLUTE = frozenset({"os.path.abspath", "os.path.realpath", "resolve", "absolute"})
SAME_METHODS = frozenset({"resolve", "absolute", "expanduser", "as_posix", "strip"})
PATHS = frozenset(
    {"pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "pathlib.PurePosixPath"}
)
HERE = frozenset({"os.getcwd", "pathlib.Path.cwd", "os.curdir"})
TO_ITEMS = frozenset({"sorted", "list", "tuple", "set", "reversed", "natsorted", "tqdm", "iter"})
DEFAULTS = frozenset({"os.environ.get", "os.getenv"})


def joined(*parts: Known) -> str | None:
    """What ``os.path.join`` and ``/`` give."""
    return posixpath.join(*(part.text for part in parts)) if parts else "."


def parent(path: Known) -> str:
    """The folder of a path as pathlib has it."""
    text = posixpath.normpath(path.text) if path.absolute else path.text.rstrip("/")
    if path.absolute and posixpath.basename(text) in (".", ".."):
        return posixpath.join(text, "..")
    return posixpath.dirname(text) or "."


def file_name(path: Known) -> str:
    """The last part of a path."""
    return posixpath.basename(path.text.rstrip("/"))


def stem(path: Known) -> str:
    """The last part without its ending."""
    return posixpath.splitext(file_name(path))[0]


def suffix(path: Known) -> str:
    """The ending, with its dot."""
    return posixpath.splitext(path.text)[1]


# A width that fills the memory, or that is a value, as in "%*d" and "{:{}}", and no path
_WIDE = re.compile(r"\d{4}|%[-+ #0-9.]*\*|\{[^{}]*:[^{}]*\{")

# What is a path itself, and what is only a part of one.
ATTRIBUTES: dict[str, tuple[Callable[[Known], str], bool]] = {
    "parent": (parent, True),
    "name": (file_name, False),
    "stem": (stem, False),
    "suffix": (suffix, False),
}


def with_part(name: str, path: Known, part: Known) -> str | None:
    """What ``with_suffix``, ``with_name`` and ``with_stem`` give."""
    folder, base = posixpath.split(path.text)
    root, ending = posixpath.splitext(base)
    new = {
        "with_suffix": root + part.text,
        "with_name": part.text,
        "with_stem": part.text + ending,
    }[name]
    return posixpath.join(folder, new)


def added(left: Known, right: Known) -> str | None:
    """Two strings behind one another; None for numbers."""
    if isinstance(left.value, str) and isinstance(right.value, str):
        return left.value + right.value
    return None


def formatted(spec: str, conversion: int) -> Callable[[Known], str | None]:
    """What a replacement field of an f-string gives."""

    def text(value: Known) -> str | None:
        shown = repr(value.value) if conversion == ord("r") else value.value
        try:
            return None if _WIDE.search(spec) else format(shown, spec)
        except (ValueError, TypeError):
            return None

    return text


def percent(template: Known, *values: Known) -> str | None:
    """What ``template % values`` gives."""
    if _WIDE.search(template.text):
        return None
    try:
        return template.text % tuple(each.value for each in values)
    except (ValueError, TypeError):
        return None


def filled(template: Known, *values: Known) -> str | None:
    """What ``template.format(*values)`` gives, of strings and numbers only."""
    if "." in template.text.partition("{")[2].partition("}")[0].partition(":")[0]:
        return None  # attributes, which are nobody's path
    if _WIDE.search(template.text):
        return None
    try:
        return template.text.format(*(each.value for each in values))
    except (ValueError, TypeError, LookupError, AttributeError):
        return None


def replaced(text: Known, old: Known, new: Known) -> str | None:
    """What ``text.replace(old, new)`` gives."""
    return text.text.replace(old.text, new.text)


def constant(node: ast.expr) -> str | int | float | None:
    """A literal string or number."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float):
        return node.value
    return None
