"""A cell's magics and commands, each replaced in its place."""

import ast
import builtins
import keyword
import re
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from nbsnake.ipython import magics
from nbsnake.ipython.expansion import Names, Refused, is_filled
from nbsnake.ipython.magiccode import (
    CELLS,
    STATEMENTS,
    VALUES,
    Around,
    installs,
    shell,
    shell_lines,
)
from nbsnake.ipython.magics import Fate
from nbsnake.ipython.scopes import bindings, free_reads, in_scope, parse, parse_expression
from nbsnake.ipython.syntax import (
    Kind,
    Piece,
    has_first_prompt,
    lines,
    pieces,
    without_indentation,
    without_prompts,
)
from nbsnake.model.quote import string

_LEAVE_OUT = "mark the cell with the comment line '# No effect', or use plain Python"
_HEADER = re.compile(r"((?:[ \t]*(?:\r\n|\r|\n))*)%%(?!\w+\?)([^\r\n]*)(\r\n|\r|\n|\Z)")
_WORD = re.compile(r"([ \t]*)([A-Za-z_]\w*)(?![\w.])[ \t]*([^\r\n]*)")
_VALUE = r"\"[^\"]*\"|'[^']*'|\S+"
OPTIONS = {
    "prun": "D:l:rs:T:q",
    "memit": "r:t:i:co",
    "lprun": "rsf:m:D:T:u:z",
    "mprun": "rf:T:c",
    "timeit": "n:r:tcp:qov:",
}
_COMPOUND = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.If, ast.For, ast.AsyncFor),
    *(ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match),
)


class Fault(NamedTuple):
    """What is wrong in a line of a cell."""

    line: int
    message: str
    hint: str


class Translation(NamedTuple):
    """A cell's new source, and what is wrong in it; there, something harmless replaces it.

    ``lines`` are those that were rewritten.
    """

    source: str
    faults: tuple[Fault, ...] = ()
    lines: frozenset[int] = frozenset()

    def below(self, count: int) -> "Translation":
        """The same with its lines counted from ``count`` lines further up."""
        faults = tuple(fault._replace(line=fault.line + count) for fault in self.faults)
        return Translation(self.source, faults, frozenset(line + count for line in self.lines))


@dataclass(frozen=True, slots=True)
class Place(Around):
    """Where a translation takes place.

    ``local`` are the names that indented code can read, ``bound`` those that any cell binds at
    module level; ``imports_session`` says whether get_ipython is imported from IPython.
    """

    local: Names = field(default_factory=Names)
    bound: frozenset[str] = frozenset()
    imports_session: bool = False
    depth: int = 0

    def indented(self) -> "Place":
        """The same for a statement inside a block."""
        return replace(self, names=self.local, is_indented=True)

    def inside(self) -> "Place":
        """The same for what a magic runs, which can begin with a magic in turn.

        Raises :class:`Refused` where magics run one another too deeply.
        """
        if self.depth == 20:
            raise Refused("the magics in this line run one another", "take some of them away")
        return replace(self, depth=self.depth + 1)


def translate(source: str, place: Place) -> Translation:
    """A cell with the statements that are IPython's written as Python."""
    tree = parse(source)
    if tree is not None and not has_first_prompt(source):
        return _bare_magic(source, place) or Translation(source)
    text = without_indentation(source)
    if not _HEADER.match(text):
        text = without_prompts(text)
    if match := _HEADER.match(text):
        return _cell_magic(match, text[match.end() :], place)
    found = _bare_magic(text, place) or _statements(text, place)
    return _hidden_magic(found, place)


def _statements(text: str, place: Place) -> Translation:
    found = []
    for piece in pieces(text):
        found.append(_statement(piece, place))
        if place.is_fresh and not _is_empty(found[-1].source):
            place = replace(place, is_fresh=False)
    return Translation(
        "".join(each.source for each in found),
        tuple(fault for each in found for fault in each.faults),
        frozenset(line for each in found for line in each.lines),
    )


def _is_empty(source: str) -> bool:
    return all(line.lstrip()[:1] in ("", "#") for line in lines(source))


def _statement(piece: Piece, place: Place) -> Translation:
    if piece.kind is Kind.PYTHON:
        return Translation(piece.text)
    code = ""
    faults: tuple[Fault, ...] = ()
    spot = place.indented() if piece.text[:1] in (" ", "\t") else place
    try:
        if piece.kind is Kind.COMMAND:
            code = statement(piece.command, spot)
        elif piece.kind is Kind.ASSIGNMENT:
            code = value(piece.command, spot)
    except Refused as refused:
        code = "None" if piece.kind is Kind.ASSIGNMENT else ""
        faults = (Fault(piece.line, refused.message, refused.hint),)
    count = len(lines(piece.text))
    return Translation(
        _laid_out(piece, code), faults, frozenset(range(piece.line, piece.line + count))
    )


def _laid_out(piece: Piece, code: str) -> str:
    """The code on as many lines as the statement had, or the statement as a comment."""
    physical = lines(piece.text)
    if not code:
        first, *others = physical
        mark = "pass  # " if first[:1] in (" ", "\t") else "# "
        return "".join([_comment(first, mark), *map(_comment, others)])
    written = piece.before + code
    ends = [line[len(line.rstrip("\r\n")) :] for line in physical]
    return written + "".join(ends[len(lines(written)) - 1 :])


def _comment(line: str, mark: str = "# ") -> str:
    content = line.lstrip(" \t")
    indentation = line[: len(line) - len(content)]
    return f"{indentation}{mark}{content}" if content.strip() else line


def statement(command: str, spot: Place) -> str:
    """The statement for one that begins with a sign of IPython's; "" for none.

    Raises :class:`Refused`.
    """
    if command.startswith("!"):
        return shell(command.removeprefix("!").removeprefix("!"), spot)
    if command.startswith("?"):
        return ""
    if command.startswith("%%"):
        raise Refused(
            f"the cell magic {command.split()[0]} is not in the cell's first line",
            "move it there, above all comments",
        )
    if command.startswith("%"):
        return _line_magic(*_name_and_arguments(command), spot)
    raise Refused(
        f"'{command}' is IPython's way to call a function", "write the call as Python does: f(x)"
    )


def _name_and_arguments(command: str) -> tuple[str, str]:
    # Versions of IPython before 7 took blanks behind the sign.
    name, _, args = re.sub(r"\s", " ", command[1:].lstrip(), count=1).partition(" ")
    if not name:
        raise Refused(f"'{command}' has no name behind the '%'", "write '%name arguments'")
    return name, args


def _line_magic(name: str, args: str, spot: Place) -> str:
    row = _row(name, "line")
    if row.fate is Fate.RUNS:
        return _once(args, spot) if name == "timeit" else _inner(_code_of(name, args, spot), spot)
    return STATEMENTS[name](args, spot) if name in STATEMENTS else ""


def _row(name: str, kind: magics.LineOrCell) -> magics.Magic:
    row = magics.find(name, kind)
    mark = "%" if kind == "line" else "%%"
    if row is None:
        raise Refused(
            f"the magic {mark}{name} is not known", magics.advice(name, kind) or _LEAVE_OUT
        )
    if row.fate is Fate.REFUSED:
        raise Refused(f"the magic {mark}{name} is not supported", f"{row.text} Or {_LEAVE_OUT}")
    return row


def value(command: str, spot: Place) -> str:
    """The expression for ``x = %magic`` or ``x = !command``. Raises :class:`Refused`."""
    if command.startswith("!"):
        return shell_lines(command[1:], spot)
    name, args = _name_and_arguments(command)
    _row(name, "line")
    if name in VALUES:
        return VALUES[name](args, spot)
    code = _inner(_code_of(name, args, spot), spot) if name == "time" else ""
    if parse_expression(code) is None:
        raise Refused(
            f"the magic %{name} gives no value that a script has",
            "assign in a statement of its own",
        )
    return code


def _code_of(name: str, args: str, spot: Place) -> str:
    """The code that a magic runs, without the magic's options."""
    if name == "time":
        if args.lstrip().startswith("--"):
            raise Refused("the options of %time are not supported", "take them away")
        return args
    if name != "prun" and is_filled(args, spot.names):
        raise Refused(f"IPython may fill in values in '%{name} {args}'", f"take '%{name}' away")
    return _without_options(name, args)[0]


def _without_options(name: str, args: str) -> tuple[str, set[str]]:
    """The rest of the line, and the options used, read as getopt does."""
    rest, used, known = args.lstrip(), set[str](), OPTIONS[name]
    while match := re.match(r"-(\S+)\s*", rest):
        rest = rest[match.end() :]
        if match[1] == "-":
            break
        for number, letter in enumerate(match[1], start=1):
            if letter not in known.replace(":", ""):
                raise Refused(f"the option -{letter} of %{name} is not known", "take it away")
            used.add(letter)
            if f"{letter}:" in known:
                if number == len(match[1]):
                    rest = re.sub(rf"(?:{_VALUE})\s*", "", rest, count=1)
                break
    return rest, used


def _inner(code: str, spot: Place) -> str:
    """A line of code that may hold magics itself."""
    found = translate(code.strip(), spot.inside())
    if found.faults:
        raise Refused(found.faults[0].message, found.faults[0].hint)
    source = found.source.strip()
    if len(lines(source)) > 1:
        raise Refused(f"'{code}' takes more than a line", "put it into a cell of its own")
    if parse(source) is None:
        raise Refused(f"'{code.strip()}' is not a whole statement", "put it into a cell of its own")
    return "" if source.startswith("#") else source


def _once(args: str, spot: Place) -> str:
    """%timeit, whose statement leaves no names behind."""
    rest, used = _without_options("timeit", args)
    if "v" in used:
        raise Refused("'%timeit -v' would put a measurement under a name", "take '-v' away")
    code = _inner(rest, spot)
    tree = _timed(code)
    if not bindings(tree.body):
        return code
    if spot.is_indented and any(isinstance(node, ast.Global) for node in ast.walk(tree)):
        raise Refused("'global' is used in %timeit", "call a function instead")
    if any(node.id == "get_ipython" for node in free_reads(tree)):
        raise Refused("'get_ipython' is used in %timeit", "call a function instead")
    names = "{**globals(), **locals()}" if spot.is_indented else "globals()"
    return f"_nb_once({string(code)}, {names})"


def _timed(code: str) -> ast.Module:
    tree = parse(code)
    if tree is None:
        raise Refused("what %timeit would run is not valid Python", "fix it, or remove it")
    outside = (ast.Await, ast.Return, ast.Yield, ast.YieldFrom, ast.AsyncFor, ast.AsyncWith)
    if any(isinstance(node, outside) for node in in_scope(tree.body)):
        raise Refused("%timeit cannot run 'await', 'return' and 'yield'", "call a function instead")
    return tree


def _cell_magic(header: re.Match[str], body: str, place: Place) -> Translation:
    """A cell that begins with ``%%name``."""
    blank, line = header[1], header[2].rstrip()
    number = len(lines(blank)) + 1
    whole = f"%%{header[2]}{header[3]}{body}"
    comments = blank + "".join(_shut(each) for each in lines(whole))
    everything = frozenset(range(1, len(lines(blank + whole)) + 1))
    try:
        found = _cell_code(line, body, place)
    except Refused as refused:
        fault = Fault(number, refused.message, refused.hint)
        return Translation(comments, (fault,), everything)
    if found is None:
        return Translation(comments, (), everything)
    first = frozenset({number})
    shifted = found.below(number - 1)
    return Translation(blank + shifted.source, shifted.faults, shifted.lines | first)


def _shut(line: str) -> str:
    content = line.rstrip("\r\n")
    return f"# {content}".rstrip() + line[len(content) :]


def _cell_code(line: str, body: str, place: Place) -> Translation | None:
    """The whole cell, or None for one of which nothing is left."""
    name, _, args = re.sub(r"\s", " ", line, count=1).partition(" ")
    row = _row(name, "cell")
    if row.fate is Fate.DROPPED or (name in ("bash", "sh") and _only_installs(body)):
        return None
    if not body:
        raise Refused(f"the cell of %%{name} is empty", "write its code below, or take it away")
    if row.fate is Fate.TRANSLATED:
        text = body if body.endswith(("\n", "\r")) else f"{body}\n"
        return Translation(CELLS[name](args, text, place))
    head = f"# %%{line}\n"
    if name == "timeit":
        return _timeit_cell(head, args, body, place)
    if name == "capture":
        _check_capture(args, place)
    elif name == "time" and args:
        raise Refused("'%%time' takes no statement in its own line", "put it into the next line")
    elif code := _inner(_code_of(name, args, place), place):
        head = f"{code}\n"
    return _headed(head, translate(body, place.inside()))


def _only_installs(body: str) -> bool:
    commands = [line for line in lines(body) if line.strip() and not line.startswith("#")]
    return installs("; ".join(line.strip() for line in commands))


def _headed(head: str, found: Translation) -> Translation:
    below = found.below(1)
    return below._replace(source=head + below.source)


def _check_capture(args: str, place: Place) -> None:
    names = [word for word in args.split() if not word.startswith("--no-")]
    if len(names) > 1 or any(word.startswith("-") for word in names):
        raise Refused("the arguments of %%capture cannot be read", "write '%%capture'")
    if names and place.elsewhere(names[0]):
        raise Refused(
            f"{names[0]!r} is what '%%capture' caught, and another cell reads it",
            "redirect the output in Python, with contextlib.redirect_stdout",
        )


def _timeit_cell(head: str, args: str, body: str, place: Place) -> Translation:
    """%%timeit, whose code leaves no names behind: a function, where it would bind some."""
    rest, used = _without_options("timeit", args)
    if "v" in used:
        raise Refused("'%%timeit -v' would put a measurement under a name", "take '-v' away")
    setup = _inner(rest, place)
    inner = translate(body, place.inside())
    if inner.faults:
        return _headed(head, inner)
    tree = _timed(inner.source)
    if not bindings([*_timed(setup).body, *tree.body]):
        return _headed(f"{setup}\n" if setup else head, inner)
    if not tree.body:
        raise Refused("'%%timeit' has nothing to run", "take the cell away")
    source = inner.source if inner.source.endswith(("\n", "\r")) else f"{inner.source}\n"
    function = _in_function(source, tree.body[0].lineno, _joined(setup, tree.body[0]))
    call = "_nb_timeit(); del _nb_timeit\n"
    return _headed("def _nb_timeit():\n", inner._replace(source=function + call))


def _joined(setup: str, first: ast.stmt) -> str:
    """The setup as it can come before the first statement, in the same line."""
    if not setup:
        return ""
    together = parse(f"{setup}; pass")
    if isinstance(first, _COMPOUND) or not together or not isinstance(together.body[-1], ast.Pass):
        raise Refused(
            "the setup of '%%timeit' cannot come before the code", "put it into the next line"
        )
    return f"{setup}; "


def _in_function(source: str, first: int, setup: str) -> str:
    """The code indented, but for lines that begin inside a string."""
    in_strings = {line for piece in pieces(source) for line in piece.strings}
    return "".join(
        line
        if number in in_strings or not line.strip()
        else f"    {setup if number == first else ''}{line}"
        for number, line in enumerate(lines(source), start=1)
    )


def _bare_magic(text: str, place: Place) -> Translation | None:
    """A magic without its sign, which IPython knows if the cell has nothing else."""
    if sum(not line.isspace() for line in lines(text)) != 1:
        return None
    found = [each for each in pieces(text) if each.text.strip()]
    if len(found) != 1 or found[0].kind is not Kind.PYTHON:
        return None
    match = _WORD.match(found[0].text)
    if not match or not _is_bare_magic(match[2], match[3], place):
        return None
    is_python = parse(text) is not None
    if is_python and (place.names.are_open or match[3].startswith(("(", ":", "["))):
        return None
    piece = found[0]._replace(
        kind=Kind.COMMAND, before=match[1], command=f"%{match[2]} {match[3].rstrip()}"
    )
    done = _statement(piece, place)
    return done._replace(source=text.replace(piece.text, done.source, 1))


def _is_bare_magic(name: str, rest: str, place: Place) -> bool:
    taken = name in place.bound or hasattr(builtins, name) or keyword.iskeyword(name)
    return not taken and not rest.startswith(("=", ",")) and bool(magics.find(name, "line"))


def _hidden_magic(found: Translation, place: Place) -> Translation:
    """Refuse a magic without its sign among other lines, where IPython does not know it."""
    line = _error_line(found.source)
    if line is None or line > len(lines(found.source)):
        return found
    physical = lines(found.source)
    match = _WORD.match(physical[line - 1])
    if not match or not _is_bare_magic(match[2], match[3], place):
        return found
    physical[line - 1] = _comment(physical[line - 1], "pass  # ")
    if parse("".join(physical)) is None:
        return found
    fault = Fault(
        line,
        f"'{match[2]}' is a magic only if the cell has nothing else",
        f"write %{match[2]}, or put the line into a cell of its own",
    )
    return found._replace(source="".join(physical), faults=(*found.faults, fault))


def _error_line(source: str) -> int | None:
    try:
        ast.parse(source)
    except SyntaxError as error:
        return error.lineno
    except (ValueError, RecursionError, MemoryError):
        return None
    return None
