"""Values as text, as IPython prints them."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from itertools import islice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any  # slow

WIDTH, MOST_ITEMS = 79, 1000  # of a printed value, as IPython has them


class Group:
    """Documents between brackets, which stand in one line or each in a line of its own."""

    def __init__(self, start: str, items: list[tuple[Any, ...]], end: str) -> None:
        self.start, self.items, self.end = start, items, end  # items are strings and groups


def pretty(value: object) -> str:
    """The value as IPython prints it: long lists, tuples, sets and mappings in several lines."""
    return laid_out(document(value, ()), 0, 0, 0)


def document(value: Any, above: tuple[int, ...]) -> Any:
    """A string, or a group; ``above`` are the ids of what the value is in."""
    for kind in type(value).__mro__:
        if kind in MAKERS:
            return MAKERS[kind](value, above)
        if "__repr__" in vars(kind):
            break
    return repr(value)


def sequence(start: str, end: str) -> Callable[[Any, tuple[int, ...]], Any]:
    """Prints what is in a list, tuple or set."""

    def make(value: Any, above: tuple[int, ...]) -> Any:
        if id(value) in above:
            return f"{start}...{end}"
        inner = (*above, id(value))
        items: list[tuple[Any, ...]] = [(document(each, inner),) for each in in_order(value)]
        if isinstance(value, (set, frozenset)) and not items:
            return f"{type(value).__name__}()"
        if isinstance(value, tuple) and len(items) == 1:
            items = [(*items[0], ",")]
        return Group(start, items, end)

    return make


def in_order(value: Any) -> list[Any]:
    """The first items; those of a set sorted, where they can be."""
    if len(value) > MOST_ITEMS:
        return [*islice(value, MOST_ITEMS), Name("...")]
    if isinstance(value, (set, frozenset)):
        try:
            return sorted(value)
        except Exception:
            return sorted(value, key=str)
    return [*value]


class Name(str):
    """Text that is printed as it is."""

    __slots__ = ()


def mapping(value: Any, above: tuple[int, ...]) -> Any:
    """Prints a mapping."""
    if id(value) in above:
        return "{...}"
    inner = (*above, id(value))
    items: list[tuple[Any, ...]] = [
        (document(key, inner), ": ", document(each, inner))
        for key, each in islice(value.items(), MOST_ITEMS)
    ]
    return Group("{", items + [("...",)] * (len(value) > MOST_ITEMS), "}")


def made_by(*parts: Callable[[Any], Any]) -> Callable[[Any, tuple[int, ...]], Any]:
    """Prints the call that makes the value."""

    def make(value: Any, above: tuple[int, ...]) -> Any:
        name = type(value).__name__
        if id(value) in above:
            return f"{name}(...)"
        inner = (*above, id(value))
        items = [(document(part(value), inner),) for part in parts if value or len(parts) > 1]
        return Group(f"{name}(", items, ")")

    return make


def plain_object(value: Any, above: tuple[int, ...]) -> str:
    """What has no text of its own."""
    return f"<{type(value).__module__}.{type(value).__qualname__} at {id(value):#x}>"


def class_name(value: Any, above: tuple[int, ...]) -> str:
    """A class or function, by where it is."""
    module = getattr(value, "__module__", None)
    start = "" if module in (None, "builtins") else f"{module}."
    return f"{start}{getattr(value, '__qualname__', value.__name__)}"


def signature(value: Any, above: tuple[int, ...]) -> str:
    """A function with its parameters."""
    import inspect  # only where it is needed

    name = class_name(value, above)
    try:
        return f"<function {name}{inspect.signature(value)}>"
    except ValueError:
        return f"<function {name}>"


def exception(value: Any, above: tuple[int, ...]) -> Any:
    """An error with its arguments."""
    items = [(document(each, above),) for each in value.args]
    return Group(f"{class_name(type(value), above)}(", items, ")")


MAKERS: dict[type, Callable[[Any, tuple[int, ...]], Any]] = {
    Name: lambda value, above: str(value),
    list: sequence("[", "]"),
    tuple: sequence("(", ")"),
    set: sequence("{", "}"),
    frozenset: sequence("frozenset({", "})"),
    dict: mapping,
    type: class_name,
    type(pretty): signature,
    type(len): signature,
    BaseException: exception,
    Counter: made_by(lambda value: dict(value.most_common())),
    OrderedDict: made_by(lambda value: [*value.items()]),
    deque: made_by(list),
    defaultdict: made_by(lambda value: value.default_factory, dict),
    object: plain_object,
}


def laid_out(found: Any, indentation: int, column: int, after: int) -> str:
    """A document as text that begins in a column; ``after`` counts what follows in its line."""
    if isinstance(found, str):
        return found.replace("\n", "\n" + " " * indentation)
    line = in_one_line(found)
    if "\n" not in line and column + len(line) + after <= WIDTH:
        return line
    inner, column = indentation + len(found.start), column + len(found.start)
    texts = []
    for number, item in enumerate(found.items, 1):
        text, end = "", 1 if number < len(found.items) else after + len(found.end)
        for part in item:
            text += laid_out(part, inner, column_after(text, column), end)
        texts.append(text)
        column = inner
    separator = ",\n" + " " * inner
    return f"{found.start}{separator.join(texts)}{found.end}"


def column_after(text: str, column: int) -> int:
    """The column in which a text ends that begins in a column."""
    return len(text) - text.rindex("\n") - 1 if "\n" in text else column + len(text)


def in_one_line(found: Any) -> str:
    """The document without line breaks but those in its strings."""
    if isinstance(found, str):
        return found
    items = ("".join(map(in_one_line, item)) for item in found.items)
    return f"{found.start}{', '.join(items)}{found.end}"
