"""Where IPython's own syntax is in a cell.

Python's tokenizer stops at magics, so this is a small lexer that knows just enough of Python
to find where a statement begins: strings, comments, brackets and continued lines.
"""

import re
import textwrap
from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple


class Kind(Enum):
    """What IPython makes of a statement."""

    PYTHON = auto()
    COMMAND = auto()  # begins with one of % ! ? , ; /
    ASSIGNMENT = auto()  # x = %magic, x = !command
    HELP = auto()  # name?


class Piece(NamedTuple):
    """One statement with all its lines; the texts of all pieces together are the cell.

    ``before`` is what comes before the command (indentation, or ``x = ``), and ``command`` is
    the rest, its continued lines joined as IPython joins them; both are "" in Python and help.
    ``strings`` are the lines that begin inside a string. Lines count from 1.
    """

    kind: Kind
    line: int
    text: str
    before: str = ""
    command: str = ""
    strings: tuple[int, ...] = ()


class _Token(NamedTuple):
    kind: str
    start: int
    end: int


_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_END = re.compile(r"\r\n|\r|\n")
_SIGN = re.compile(r"[?,;]|[%!](?!=)|/(?![/=])")  # and not an operator that begins like one
_BLANK = re.compile(r"[ \t]*")
_TOKEN = re.compile(
    r"""
      (?P<string>(?:(?<!\w)[A-Za-z]{1,2})?(?:\"{3}|'{3}|["']))
    | (?P<comment>\#[^\r\n]*)
    | (?P<joint>\\(?:\r\n|\r|\n))
    | (?P<end>\r\n|\r|\n)
    | (?P<open>[(\[{])
    | (?P<close>[)\]}])
    | (?P<operator>[=!<>:+\-*/%&|^@]+=)
    | (?P<equals>=)
    """,
    re.VERBOSE,
)
_PLAIN = {
    "'": re.compile(r"[^\\\r\n']*(?:\\(?:\r\n|[\s\S]|\Z)[^\\\r\n']*)*'?"),
    '"': re.compile(r'[^\\\r\n"]*(?:\\(?:\r\n|[\s\S]|\Z)[^\\\r\n"]*)*"?'),
    "'''": re.compile(r"[^\\']*(?:(?:\\(?:[\s\S]|\Z)|'(?!''))[^\\']*)*(?:''')?"),
    '"""': re.compile(r'[^\\"]*(?:(?:\\(?:[\s\S]|\Z)|"(?!""))[^\\"]*)*(?:""")?'),
}
_LITERAL_STOP = {
    "'": re.compile(r"\\N\{[^{}\r\n']*\}|\\[^{}\r]|\\\r\n?|\{\{|['{\r\n]"),
    '"': re.compile(r'\\N\{[^{}\r\n"]*\}|\\[^{}\r]|\\\r\n?|\{\{|["{\r\n]'),
    "'''": re.compile(r"\\N\{[^{}']*\}|\\[^{}]|\{\{|'''|\{"),
    '"""': re.compile(r'\\N\{[^{}"]*\}|\\[^{}]|\{\{|"""|\{'),
}
_FIELD_STOP = re.compile(
    r"(?P<string>(?:(?<!\w)[A-Za-z]{1,2})?(?:\"{3}|'{3}|[\"']))|#[^\r\n]*|[()\[\]{}:]"
)
_SPEC_STOP = re.compile(r"[{}\"']")
_FORMATTED = frozenset({"f", "rf", "fr", "t", "rt", "tr"})
_MAGIC_VALUE = re.compile(r"(?:[ \t\f]|\\(?:\r\n|\r|\n))*(?=%[ \t\f]*[^\W\d]|!(?!=))")
_HELP = re.compile(r"(?!\d)[\w*]+(?:\[-?\d+\]|\.(?!\d)[\w*]+)*\?{1,2}\Z")
_FAR = 200  # as far back as a name before a question mark is looked for
_BLANK_LINES = re.compile(r"(?:[ \t]*(?:\r\n|\r|\n))*")
_CLASSIC_PROMPT = re.compile(r"[ \t]*(?:>>>|\.\.\.)(?:[ \t]|(?=[\r\n]|\Z))")
_FIRST_PROMPT = re.compile(r"(?:(?:\[(?:nav|ins)\])? )?In \[\d+\]: ")
_IPYTHON_PROMPT = re.compile(rf"{_FIRST_PROMPT.pattern}|\s*\.{{3,}}: ?")


def lines(text: str) -> list[str]:
    """The lines with their ends, as Python counts them: unlike str.splitlines, not at form feeds
    or the line separators of Unicode."""
    return [match[0] for match in _LINE.finditer(text) if match[0]]


def _end(pattern: re.Pattern[str], text: str, position: int = 0) -> int:
    """Where a pattern that matches everywhere, be it nothing, ends its match."""
    match = pattern.match(text, position)
    return match.end() if match else position


def pieces(text: str) -> list[Piece]:
    """The statements of a cell, separated as IPython does."""
    found = []
    position, line = 0, 1
    while position < len(text):
        piece = _piece(text, position, line)
        found.append(piece)
        position += len(piece.text)
        line += len(lines(piece.text))
    return found


def _piece(text: str, start: int, line: int) -> Piece:
    begin = _end(_BLANK, text, start)
    if _SIGN.match(text, begin):
        return _command(text, start, begin, line, Kind.COMMAND)
    depth, assigned, covered, number, strings = 0, False, begin, line, list[int]()
    for token in _tokens(text, begin):
        if token.kind in ("string", "comment"):
            covered = token.end
            ends = len(_END.findall(text, token.start, token.end))
            strings += range(number + 1, number + 1 + ends)
            number += ends
        elif token.kind == "open":
            depth += 1
        elif token.kind == "close":
            depth = max(depth - 1, 0)
        elif token.kind == "equals" and not depth and not assigned:
            assigned = True
            if value := _MAGIC_VALUE.match(text, token.end):
                return _command(text, start, value.end(), line, Kind.ASSIGNMENT)
        elif token.kind == "end" and not depth:
            kind = _kind(text, begin, covered, token.start)
            return Piece(kind, line, text[start : token.end], strings=tuple(strings))
        number += token.kind in ("end", "joint")
    kind = Kind.PYTHON if depth else _kind(text, begin, covered, len(text))
    return Piece(kind, line, text[start:], strings=tuple(strings))


def _kind(text: str, begin: int, covered: int, end: int) -> Kind:
    """What ends at ``end``, with its last string or comment ending at ``covered``."""
    return Kind.HELP if end > covered and _is_help(text, begin, end) else Kind.PYTHON


def _command(text: str, start: int, begin: int, line: int, kind: Kind) -> Piece:
    """A command goes to the end of its line, or of the last of the lines that it continues on."""
    parts = []
    end = begin
    while True:
        stop = _END.search(text, end)
        part = text[end : stop.start() if stop else len(text)]
        parts.append(part.rstrip())
        end = stop.end() if stop else len(text)
        if not part.endswith("\\") or end >= len(text):
            break
    if _ends_with_help(text[begin:end].rstrip("\r\n")):
        return Piece(Kind.HELP, line, text[start:end])
    command = " ".join([*(part[:-1] for part in parts[:-1]), parts[-1]])
    return Piece(kind, line, text[start:end], text[start:begin], command)


def _ends_with_help(command: str) -> bool:
    if not command.endswith("?"):
        return False
    depth, covered = 0, 0
    for token in _tokens(command, 0):
        depth += (token.kind == "open") - (token.kind == "close" and depth > 0)
        covered = token.end if token.kind in ("string", "comment") else covered
    return not depth and len(command) > covered and _is_help(command, 0, len(command))


def _is_help(text: str, begin: int, end: int) -> bool:
    return text[end - 1] == "?" and bool(_HELP.search(text[max(begin, end - _FAR) : end]))


def _tokens(text: str, position: int) -> Iterator[_Token]:
    """The tokens that matter, from ``position`` to the end of the text."""
    while match := _TOKEN.search(text, position):
        kind = match.lastgroup or ""
        end = match.end()
        if kind == "string":
            end = _string_end(text, end, match[0])
        yield _Token(kind, match.start(), end)
        position = end


def _string_end(text: str, position: int, opening: str) -> int:
    """Where a string ends, be it by its line's end, whose beginning ends at ``position``."""
    prefix = opening.rstrip("'\"")
    quote = opening[len(prefix) :]
    if prefix.lower() in _FORMATTED:
        return _formatted_end(text, position, quote)
    return _end(_PLAIN[quote], text, position)


def _formatted_end(text: str, position: int, first: str) -> int:
    """Where an f-string ends; its fields can hold strings in turn, with the same quotes."""
    nested = [first]  # what is open: strings by their quotes, fields, brackets, format specs
    while nested:
        inner = nested[-1]
        if inner in _PLAIN:
            position = _in_literal(text, position, nested)
        elif inner == "spec":
            position = _in_spec(text, position, nested)
        else:
            position = _in_field(text, position, nested)
        if position >= len(text):
            return len(text)
    return position


def _in_literal(text: str, position: int, nested: list[str]) -> int:
    match = _LITERAL_STOP[nested[-1]].search(text, position)
    if match is None:
        return len(text)
    if match[0] == "{":
        nested.append("field")
    elif match[0] == nested[-1]:
        nested.pop()
    elif match[0] in "\r\n":
        nested.pop()
        return match.start()
    return match.end()


def _in_field(text: str, position: int, nested: list[str]) -> int:
    match = _FIELD_STOP.search(text, position)
    if match is None:
        return len(text)
    stop = match[0]
    if match["string"]:
        prefix = stop.rstrip("'\"")
        if prefix.lower() not in _FORMATTED:
            return _string_end(text, match.end(), stop)
        nested.append(stop[len(prefix) :])
    elif stop in "([{":
        nested.append("bracket")
    elif stop == ":" and nested[-1] == "field":
        nested.append("spec")
    elif stop in ")]}" and (nested[-1] == "bracket" or stop == "}"):
        nested.pop()
    return match.end()


def _in_spec(text: str, position: int, nested: list[str]) -> int:
    match = _SPEC_STOP.search(text, position)
    if match is None:
        return len(text)
    if match[0] == "{":
        nested.append("field")
    elif match[0] == "}":
        del nested[-2:]  # the spec and its field
    elif text.startswith(nested[-3], match.start()):
        quote = nested[-3]
        del nested[-3:]
        return match.start() + len(quote)
    return match.end()


def without_prompts(text: str) -> str:
    """The cell without the prompts that IPython takes away as well."""
    first_lines = lines(text[_end(_BLANK_LINES, text) :])[:2]
    if any(_IPYTHON_PROMPT.match(line) for line in first_lines):
        return "".join(_IPYTHON_PROMPT.sub("", line, count=1) for line in lines(text))
    return _without_classic_prompts(text) if ">>>" in text else text


def without_indentation(text: str) -> str:
    """The cell without the indentation that all its lines have, which IPython takes away."""
    start = _end(_BLANK_LINES, text)
    if text[start : start + 1] not in (" ", "\t"):
        return text
    dedented = textwrap.dedent(text)  # IPython's choice as well
    start = _end(_BLANK_LINES, dedented)
    return text if dedented[start : start + 1] in (" ", "\t") else dedented


def has_first_prompt(text: str) -> bool:
    """Whether a cell begins with ``In [1]: ``, which Python would read as an annotation."""
    return bool(_FIRST_PROMPT.match(text.lstrip("\r\n")))


def has_prompts(text: str) -> bool:
    """Whether versions of IPython may take prompts out of this body of a cell magic."""
    body = lines(text)
    return any(line.lstrip().startswith(">>>") for line in body) or any(
        _IPYTHON_PROMPT.match(line) or _CLASSIC_PROMPT.match(line) for line in body[:1]
    )


def without_blanks(text: str) -> str:
    """The text with empty lines for those of blanks, as IPython hands bodies to cell magics."""
    return re.sub(r"^[ \t]+$", "", text, flags=re.MULTILINE)


def _without_classic_prompts(text: str) -> str:
    found = pieces(text)
    if not any(piece.text.lstrip().startswith(">>>") for piece in found):
        return text
    return "".join(
        "".join(_CLASSIC_PROMPT.sub("", line, count=1) for line in lines(piece.text))
        if _CLASSIC_PROMPT.match(piece.text)
        else piece.text
        for piece in found
    )
