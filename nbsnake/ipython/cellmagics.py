"""A cell's magics and commands, each replaced in its place."""

import ast
import re
from dataclasses import replace

from nbsnake.errors import NbsnakeError
from nbsnake.ipython.baremagics import bare_magic, hidden_magic
from nbsnake.ipython.celltext import (
    Fault,
    Place,
    Translation,
    comment_out,
    is_empty,
    laid_out,
    with_head,
)
from nbsnake.ipython.drawing import Drawing, executed
from nbsnake.ipython.expansion import Refused, is_filled
from nbsnake.ipython.magiccode import (
    CELLS,
    STATEMENTS,
    VALUES,
    shell,
    shell_lines,
)
from nbsnake.ipython.magicline import find_row, name_and_arguments, without_options
from nbsnake.ipython.magics import Fate
from nbsnake.ipython.packages import installs
from nbsnake.ipython.runcode import notebook_of
from nbsnake.ipython.scopes import bindings, free_reads, parse, parse_expression
from nbsnake.ipython.syntax import (
    Kind,
    Piece,
    has_first_prompt,
    lines,
    pieces,
    without_indentation,
    without_prompts,
)
from nbsnake.ipython.timedcode import in_function, parse_timed, setup_prefix
from nbsnake.model.quote import string
from nbsnake.model.step import Cell
from nbsnake.python.nodes import walk

_HEADER = re.compile(r"((?:[ \t]*(?:\r\n|\r|\n))*)%%(?!\w+\?)([^\r\n]*)(\r\n|\r|\n|\Z)")


def translate(source: str, place: Place) -> Translation:
    """A cell with the statements that are IPython's written as Python."""
    tree = parse(source)
    if tree is not None and not has_first_prompt(source):
        return _bare_statement(source, place) or Translation(source)
    text = without_indentation(source)
    if not _HEADER.match(text):
        text = without_prompts(text)
    if match := _HEADER.match(text):
        return _cell_magic(match, text[match.end() :], place)
    found = _bare_statement(text, place) or _statements(text, place)
    return hidden_magic(found, place)


def _bare_statement(text: str, place: Place) -> Translation | None:
    """A cell that is only a magic without its sign; None for other cells."""
    piece = bare_magic(text, place)
    if piece is None:
        return None
    done = _statement(piece, place)
    return done._replace(source=text.replace(piece.text, done.source, 1))


def _statements(text: str, place: Place) -> Translation:
    found = []
    for piece in pieces(text):
        found.append(_statement(piece, place))
        if place.is_fresh and not is_empty(found[-1].source):
            place = replace(place, is_fresh=False)
    return Translation(
        "".join(each.source for each in found),
        tuple(fault for each in found for fault in each.faults),
        frozenset(line for each in found for line in each.lines),
        tuple(name for each in found for name in each.dropped),
    )


def _statement(piece: Piece, place: Place) -> Translation:
    if piece.kind is Kind.PYTHON:
        return Translation(piece.text)
    code = ""
    faults: tuple[Fault, ...] = ()
    spot = place.at(piece.line, is_indented=piece.text[:1] in (" ", "\t"))
    try:
        if piece.kind is Kind.COMMAND:
            code = statement(piece.command, spot)
        elif piece.kind is Kind.ASSIGNMENT:
            code = value(piece.command, spot)
    except Refused as refused:
        code = "None" if piece.kind is Kind.ASSIGNMENT else ""
        faults = (Fault(piece.line, refused.message, refused.hint),)
    rewritten = frozenset(range(piece.line, piece.line + len(lines(piece.text))))
    dropped = () if code or faults else (_name_of(piece),)
    return Translation(laid_out(piece, code), faults, rewritten, dropped)


def _name_of(piece: Piece) -> str:
    """``%name``, ``!name`` or ``name?``, of what a script has no use for."""
    words = (piece.command or piece.text).split()
    if piece.command[:1] == "%" and words[0] == "%":
        return f"%{words[1]}" if len(words) > 1 else "%"
    return words[0] if len(words[0]) > 1 or len(words) == 1 else f"{words[0]}{words[1]}"


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
        return _line_magic(*name_and_arguments(command), spot)
    raise Refused(
        f"'{command}' is IPython's way to call a function", "write the call as Python does: f(x)"
    )


def _line_magic(name: str, args: str, spot: Place) -> str:
    row = find_row(name, "line")
    if name == "run" and (path := notebook_of(args)):
        return included(path, spot)
    if row.fate is Fate.RUNS:
        return (
            _once(args, spot)
            if name == "timeit"
            else _inner(_code_of(name, args, spot), spot, f"%{name}")
        )
    return STATEMENTS[name](args, spot) if name in STATEMENTS else ""


def included(path: str, spot: Place) -> str:
    """The cells of the notebook that ``%run`` runs, as if they were written there."""
    if spot.is_indented:
        raise Refused(
            f"'%run {path}' is inside a block, where its cells cannot be",
            "move it out of the block",
        )
    if spot.depth > len(spot.within):
        raise Refused(f"another magic runs '%run {path}'", "put it into a line of its own")
    if path in spot.within:
        raise Refused(f"{path!r} is run by itself", "remove one of the '%run'")
    if spot.include is None or is_filled(path, spot.names):
        raise Refused(f"the notebook {path!r} is not known", "write its path")
    inner = replace(spot.inside().fixed(), within=(*spot.within, path), is_fresh=False)
    try:
        cells = [(cell, _included_cell(cell, path, inner)) for cell in spot.include(path)]
    except NbsnakeError as error:
        raise Refused(f"'%run {path}': {error.message}", error.hint) from None
    drawing = Drawing.of(tree for _, (_, tree) in cells)
    parts = [f"# %run {path}"]
    for cell, (source, tree) in cells:
        parts += [f"# {path}, cell {cell.index}", source.rstrip()]
        parts += [spot.figure_end] if drawing.is_in(executed(tree.body)) else []
    return "\n".join(filter(None, parts))


def _included_cell(cell: Cell, path: str, place: Place) -> tuple[str, ast.Module]:
    found = translate(cell.source, place)
    if found.faults:
        fault = found.faults[0]
        raise Refused(
            f"in {path}, cell {cell.index}, line {fault.line}: {fault.message}", fault.hint
        )
    tree = parse(found.source)
    if tree is None:
        raise Refused(f"{path}, cell {cell.index} is not valid Python", "fix it there")
    return found.source, tree


def value(command: str, spot: Place) -> str:
    """The expression for ``x = %magic`` or ``x = !command``. Raises :class:`Refused`."""
    if command.startswith("!"):
        return shell_lines(command[1:], spot)
    name, args = name_and_arguments(command)
    find_row(name, "line")
    if name in VALUES:
        return VALUES[name](args, spot)
    code = _inner(_code_of(name, args, spot), spot, "%time") if name == "time" else ""
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
            raise Refused("the options of %time are not supported", "remove them")
        return args
    if name != "prun" and is_filled(args, spot.names):
        raise Refused(f"IPython may fill in values in '%{name} {args}'", f"remove '%{name}'")
    return without_options(name, args)[0]


def _inner(code: str, spot: Place, magic: str) -> str:
    """The line of code that a magic is put before; it may hold magics itself."""
    found = translate(code.strip(), spot.inside().fixed())
    if found.faults:
        raise Refused(found.faults[0].message, found.faults[0].hint)
    source = found.source.strip()
    if len(lines(source)) > 1:
        raise Refused(f"'{code}' takes more than a line", "put it into a cell of its own")
    if parse(source) is None:
        raise Refused(
            f"the magic {magic} ends with its line, and '{code.strip()}' is not a whole statement",
            "end the line with a backslash, or use the cell magic",
        )
    return "" if source.startswith("#") else source


def _once(args: str, spot: Place) -> str:
    """%timeit, whose statement leaves no names behind."""
    rest, used = without_options("timeit", args)
    if "v" in used:
        raise Refused("'%timeit -v' would put a measurement under a name", "remove '-v'")
    code = _inner(rest, spot, "%timeit")
    tree = parse_timed(code)
    if not bindings(tree.body):
        return code
    if spot.is_indented and any(isinstance(node, ast.Global) for node in walk(tree)):
        raise Refused("'global' is used in %timeit", "call a function instead")
    if any(node.id == "get_ipython" for node in free_reads(tree)):
        raise Refused("'get_ipython' is used in %timeit", "call a function instead")
    names = "{**globals(), **locals()}" if spot.is_indented else "globals()"
    return f"_nb_once({string(code)}, {names})"


def _cell_magic(header: re.Match[str], body: str, place: Place) -> Translation:
    """A cell that begins with ``%%name``."""
    blank, line = header[1], header[2].rstrip()
    number = len(lines(blank)) + 1
    whole = f"%%{header[2]}{header[3]}{body}"
    comments = blank + "".join(comment_out(each) for each in lines(whole))
    everything = frozenset(range(1, len(lines(blank + whole)) + 1))
    try:
        spot = place.at(number, is_indented=False).below(number)
        found = _cell_code(line, body, spot)
    except Refused as refused:
        fault = Fault(number, refused.message, refused.hint)
        return Translation(comments, (fault,), everything)
    if found is None:
        return Translation(comments, (), everything, (f"%%{line.split()[0]}",))
    shifted = found.below(number - 1)
    lines_too = shifted.lines | frozenset({number})
    return shifted._replace(source=blank + shifted.source, lines=lines_too)


def _cell_code(line: str, body: str, place: Place) -> Translation | None:
    """The whole cell, or None for one of which nothing is left."""
    name, _, args = re.sub(r"\s", " ", line, count=1).partition(" ")
    row = find_row(name, "cell")
    if row.fate is Fate.DROPPED or (name in ("bash", "sh") and _only_installs(body)):
        return None
    if not body:
        raise Refused(f"the cell of %%{name} is empty", "write its code below, or remove it")
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
    elif code := _inner(_code_of(name, args, place), place, f"%%{name}"):
        head = f"{code}\n"
    return with_head(head, translate(body, place.inside()))


def _only_installs(body: str) -> bool:
    commands = [line for line in lines(body) if line.strip() and not line.startswith("#")]
    return installs("; ".join(line.strip() for line in commands))


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
    rest, used = without_options("timeit", args)
    if "v" in used:
        raise Refused("'%%timeit -v' would put a measurement under a name", "remove '-v'")
    setup = _inner(rest, place, "%%timeit")
    inner = translate(body, place.inside())
    if inner.faults:
        return with_head(head, inner)
    tree = parse_timed(inner.source)
    if not bindings([*parse_timed(setup).body, *tree.body]):
        return with_head(f"{setup}\n" if setup else head, inner)
    if not tree.body:
        raise Refused("'%%timeit' has nothing to run", "remove the cell")
    source = inner.source if inner.source.endswith(("\n", "\r")) else f"{inner.source}\n"
    function = in_function(source, tree.body[0].lineno, setup_prefix(setup, tree.body[0]))
    call = "_nb_timeit(); del _nb_timeit\n"
    return with_head("def _nb_timeit():\n", inner._replace(source=function + call))
