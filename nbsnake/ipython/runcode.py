"""The code of ``%run``."""

import re
import shlex
from typing import NamedTuple

from nbsnake.ipython.around import Around, from_root, words_of
from nbsnake.ipython.expansion import Refused, fill, is_filled
from nbsnake.ipython.magicline import read_options
from nbsnake.model.quote import string

_OPTIONS = "nidtN:b:pD:l:rs:T:em:G"
_PATTERN = frozenset("*?[")


class RunLine(NamedTuple):
    """The arguments of ``%run``: its options, the file as written, and what is passed to it."""

    options: dict[str, str]
    path: str
    rest: str


def read_run(args: str) -> RunLine:
    """Raises :class:`Refused` for a line that names no file, or has options of no script."""
    rest, options = read_options("run", args, _OPTIONS)
    if "d" in options:
        raise Refused(
            "'%run -d' starts the debugger, which waits for someone at a keyboard", "remove '-d'"
        )
    if {"D", "T"} & {*options}:
        raise Refused("'%run -p' would write its profile into a file", "remove '-D' and '-T'")
    if options.get("N", "1") != "1":
        raise Refused("'%run -N' would run the file several times", "remove '-N'")
    if "m" in options:
        return RunLine(options, options["m"], rest)
    words = words_of(rest)
    first = re.match(r"\s*(\"[^\"]*\"|'[^']*'|\S+)", rest)
    if not words or not first:
        raise Refused("'%run' names no file", "write '%run file.py arguments'")
    return RunLine(options, words[0], rest[first.end() :])


def notebook_of(args: str) -> str:
    """The notebook that ``%run`` runs, "" where it runs something else."""
    return path if (path := read_run(args).path).lower().endswith(".ipynb") else ""


def run(args: str, around: Around) -> str:
    """``%run file.py``. Raises :class:`Refused` for what a script cannot run."""
    options, path, rest = read_run(args)
    if is_filled(path, around.names):
        raise Refused(
            f"the file of '%run {args}' is known only when the line runs",
            "write its name, or run it with '!python {file}'",
        )
    if path.lower().endswith(".ipy"):
        raise Refused(
            f"'%run {args}' runs a file of IPython's own syntax", "write it as a notebook or module"
        )
    if "G" not in options and any(_PATTERN & {*word} for word in words_of(rest)):
        raise Refused("patterns name files that are found later", "write the names of files")
    if "m" in options:
        return _update(f"_nb_run_module({fill(f'{path} {rest}'.strip(), around.names)})")
    line = fill(shlex.quote(from_root(path, around)) + rest, around.names)
    return _call(line, path, options)


def _call(line: str, path: str, options: dict[str, str]) -> str:
    if not {"i", "n", "e"} & {*options}:
        return _update(f"_nb_run({line})")
    words = [line]
    if "n" in options:
        name = re.sub(r"\.py$", "", path.rpartition("/")[2])
        words.append(f"name={string(name)}")
    words += ["ignore_exit=True"] if "e" in options else []
    if "i" in options:
        return f"_nb_run_as({', '.join([*words, 'space=globals()'])})"
    return _update(f"_nb_run_as({', '.join(words)})")


def _update(call: str) -> str:
    return f"globals().update({call})"
