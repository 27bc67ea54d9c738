"""The line of a magic: its name, its options, and its row in the table."""

import re

from nbsnake.ipython import magics
from nbsnake.ipython.expansion import Refused
from nbsnake.ipython.magics import Fate

LEAVE_OUT = "mark the cell with the comment line '# No effect', or use plain Python"
_VALUE = r"\"[^\"]*\"|'[^']*'|\S+"
OPTIONS = {
    "prun": "D:l:rs:T:q",
    "memit": "r:t:i:co",
    "lprun": "rsf:m:D:T:u:z",
    "mprun": "rf:T:c",
    "timeit": "n:r:tcp:qov:",
}


def name_and_arguments(command: str) -> tuple[str, str]:
    """The two parts of a magic's line. Raises :class:`Refused` if it has no name."""
    # Versions of IPython before 7 took blanks behind the sign.
    name, _, args = re.sub(r"\s", " ", command[1:].lstrip(), count=1).partition(" ")
    if not name:
        raise Refused(f"'{command}' has no name behind the '%'", "write '%name arguments'")
    return name, args


def find_row(name: str, kind: magics.LineOrCell) -> magics.Magic:
    """The row of the table. Raises :class:`Refused` if there is none, or it refuses the magic."""
    row = magics.find(name, kind)
    mark = "%" if kind == "line" else "%%"
    if row is None:
        raise Refused(
            f"the magic {mark}{name} is not known", magics.advice(name, kind) or LEAVE_OUT
        )
    if row.fate is Fate.REFUSED:
        raise Refused(f"the magic {mark}{name} is not supported", f"{row.text} Or {LEAVE_OUT}")
    return row


def without_options(name: str, args: str) -> tuple[str, set[str]]:
    """The rest of the line, and the options used.

    Raises :class:`Refused` for an option that the magic does not have.
    """
    rest, used = read_options(name, args, OPTIONS[name])
    return rest, {*used}


def read_options(name: str, args: str, known: str) -> tuple[str, dict[str, str]]:
    """The rest of the line, and the options with their values, read as getopt does.

    Raises :class:`Refused` for an option that is not ``known``.
    """
    rest, used = args.lstrip(), dict[str, str]()
    while match := re.match(r"-(\S+)\s*", rest):
        rest = rest[match.end() :]
        if match[1] == "-":
            break
        for number, letter in enumerate(match[1], start=1):
            if letter not in known.replace(":", ""):
                raise Refused(f"the option -{letter} of %{name} is not known", "remove it")
            used[letter] = ""
            if f"{letter}:" in known:
                used[letter] = match[1][number:]
                if number == len(match[1]) and (value := re.match(rf"({_VALUE})\s*", rest)):
                    used[letter], rest = value[1], rest[value.end() :]
                break
    return rest, used
