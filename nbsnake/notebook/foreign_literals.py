"""Literals of R, Julia and Python as values: numbers, strings, truth values, lists of these.

Only what means the same in every session is a literal; R's ``T`` and ``F`` are variables.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from nbsnake.model.paramtype import Value

_NUMBER = re.compile(r"[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(L?)")
_STRING = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'")
_ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", '"': '"', "'": "'"}
_END = re.compile(r"\s*;?\s*(?:#.*)?$")


@dataclass(frozen=True, slots=True)
class Language:
    """How a language writes assignments and literals.

    ``printer`` is the function of scripts that writes values in it; ``lists`` is how a list opens.
    ``interpolates`` is the character that fills values into strings, "" for none. In R, values may
    come first (``assigns_right``).
    """

    name: str
    printer: str
    assigns: re.Pattern[str]
    words: Mapping[str, Value]
    lists: str
    interpolates: str = ""
    assigns_right: re.Pattern[str] | None = None


_NAME = r"([^\W\d]\w*)\s*"
_TYPE_OR_MORE = r"(?:[:,][^=<>()]*)?"  # as in "n: int = 3", "n::Int = 3" and "n, m = 3, 4"
LANGUAGES: Mapping[str, Language] = {
    "r": Language(
        "R",
        "_nb_in_r",
        re.compile(_NAME + r"(?:<-|=(?!=))\s*"),
        {"TRUE": True, "FALSE": False, "NULL": None},
        "c(",
        assigns_right=re.compile(rf"\s*->\s*{_NAME};?\s*(?:#.*)?$"),
    ),
    "julia": Language(
        "Julia",
        "_nb_in_julia",
        re.compile(rf"(?:(?:const|global)\s+)?{_NAME}{_TYPE_OR_MORE}=(?!=)\s*"),
        {"true": True, "false": False, "nothing": None},
        "[",
        interpolates="$",
    ),
    "python": Language(
        "Python",
        "_nb_in_python",
        re.compile(rf"{_NAME}{_TYPE_OR_MORE}=(?!=)\s*"),
        {"True": True, "False": False, "None": None},
        "[",
    ),
}


def assigned_name(line: str, language: Language) -> str:
    """The variable that a line without indentation assigns, "" for none."""
    match = language.assigns.match(line)
    if not match and language.assigns_right and line[:1].strip():
        match = language.assigns_right.search(line)
    return match[1] if match else ""


def assigned_literal(line: str, language: Language) -> Value:
    """The literal that such a line assigns. Raises :class:`ValueError` where it is none."""
    match = language.assigns.match(line)
    value, end = _value(line, match.end() if match else 0, language)
    after = _END if match else language.assigns_right
    if not after or not after.match(line, end):
        raise ValueError("the line goes on after it")
    return value


def holds_integers(line: str, language: Language) -> bool:
    """Whether all numbers of an assigned literal are integers of R, such as 5L; others are doubles.

    Only R prints them differently, and calculates with them in another way.
    """
    code = _STRING.sub("", line).partition("#")[0]
    match = language.assigns.match(code)
    suffixes = [each[1] for each in _NUMBER.finditer(code, match.end() if match else 0)]
    return language.name == "R" and bool(suffixes) and all(suffixes)


def _value(text: str, start: int, language: Language) -> tuple[Value, int]:
    """The value that begins at a place of the text, and where it ends."""
    if text.startswith(language.lists, start):
        return _list(text, start + len(language.lists), language)
    for word, value in language.words.items():
        if re.compile(rf"{word}\b").match(text, start):
            return value, start + len(word)
    if match := _STRING.match(text, start):
        return _string(match, language), match.end()
    if match := _NUMBER.match(text, start):
        return _number(match, language), match.end()
    raise ValueError("only a number, a string, a truth value or a list begins one")


def _number(match: re.Match[str], language: Language) -> Value:
    digits = match[0].removesuffix("L")
    if match[1]:
        if language.name != "R":
            raise ValueError(f"{language.name} has no numbers with L")
        return int(float(digits))
    return int(digits) if re.fullmatch(r"[-+]?[\d_]+", digits) else float(digits)


def _string(match: re.Match[str], language: Language) -> str:
    body = match[1] if match[1] is not None else match[2]
    sign = language.interpolates
    if sign and (match[1] is None or re.search(rf"(?<!\\){re.escape(sign)}", body)):
        raise ValueError("a string with values filled in is none")
    known = {**_ESCAPES, sign: sign}
    if unknown := [each for each in re.findall(r"\\(.)", body) if each not in known]:
        raise ValueError(f"the escape \\{unknown[0]} is not known")
    return re.sub(r"\\(.)", lambda each: known[each[1]], body)


def _list(text: str, start: int, language: Language) -> tuple[Value, int]:
    values: list[Value] = []
    close = ")" if language.lists.endswith("(") else "]"
    space = re.compile(r"\s*")
    end = space.match(text, start).end()  # type: ignore[union-attr]  # it matches anywhere
    while not text.startswith(close, end):
        value, end = _value(text, end, language)
        values.append(value)
        if not (match := re.compile(rf"\s*(?:,\s*|(?=\{close}))").match(text, end)):
            raise ValueError("the list does not end on its line")
        end = match.end()
    if language.name == "R" and len({_kind(each) for each in values} | {""}) > 2:
        raise ValueError("R converts the values of a vector of several kinds")
    if language.name == "R" and any(isinstance(each, list | None) for each in values):
        raise ValueError("R joins vectors in a vector, and drops NULL")
    return values, end + 1


def _kind(value: Value) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return "number" if number else type(value).__name__
