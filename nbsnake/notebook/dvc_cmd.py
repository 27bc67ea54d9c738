"""Reading ``:dvc-cmd:``: the ``dvc run`` by which MLV-tools let an author write a whole stage.

The options are those of ``dvc run`` in DVC 0.40 to 1.11, as far as they say what a stage reads
and writes. What follows them is the step's command, in which the script is named by a variable.
"""

import argparse
import functools
import posixpath
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, NoReturn

from nbsnake.model.step import Command, Role
from nbsnake.names import PARAMS_FILE

_WORD = re.compile(r"(?:\"(?:[^\"\\]|\\.)*+\"|'[^']*+'|\\.|[^\s\"'\\])++", re.DOTALL)
_FLAGS = (
    *("--no-exec", "--no-commit", "--overwrite-dvcfile", "--overwrite", "--force"),
    *("--ignore-build-cache", "--no-run-cache", "--remove-outs", "--external", "--yes", "-y"),
)
_FILES = {
    ("-d", "--deps"): (Role.DEP, True),
    ("-o", "--outs"): (Role.OUT, True),
    ("-O", "--outs-no-cache"): (Role.OUT, False),
    ("--outs-persist",): (Role.PERSIST, True),
    ("--outs-persist-no-cache",): (Role.PERSIST, False),
    ("-m", "--metrics"): (Role.METRIC, True),
    ("-M", "--metrics-no-cache"): (Role.METRIC, False),
    ("--plots",): (Role.PLOT, True),
    ("--plots-no-cache",): (Role.PLOT, False),
}
_OTHERS = (("-p", "--params"), ("-f", "--file"), ("-n", "--name"), ("--desc",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Variables:
    """What the author calls the script's path, its file name, and the stage's file name."""

    path: str = "MLV_PY_CMD_PATH"
    name: str = "MLV_PY_CMD_NAME"
    meta: str = "MLV_DVC_META_FILENAME"


class NamedFile(NamedTuple):
    """A file that a stage names; DVC keeps it in its cache unless ``cache`` is false."""

    path: str
    role: Role
    cache: bool


@dataclass(frozen=True, slots=True)
class StageCall:
    """A parsed ``dvc run``: its files, its command, the name that it gives the stage or ""."""

    files: tuple[NamedFile, ...]
    command: Command
    name: str


def read_dvc_cmd(text: str, script: str, variables: Variables) -> StageCall:
    """Read the text of ``:dvc-cmd:``, in which ``script`` replaces the variables.

    Raises :class:`ValueError` for what is not ``dvc run``, or asks what a stage cannot say.
    """
    text = re.sub(r"\s*\\?\s*\n\s*", " ", text.strip())
    shlex.split(text)  # complains of a quote that nothing closes
    words = list(_WORD.finditer(text))
    if [word[0] for word in words[:2]] != ["dvc", "run"]:
        raise ValueError("it does not begin with 'dvc run'")
    count = _count_option_words([_unquoted(word[0]) for word in words[2:]])
    options = _parser().parse_args([_unquoted(word[0]) for word in words[2 : 2 + count]])
    rest = words[2 + count :]
    if not rest:
        raise ValueError("there is no command after the options of 'dvc run'")
    command = _unquoted(rest[0][0]) if len(rest) == 1 else text[rest[0].start() :]
    return StageCall(
        tuple(options.files),
        Command(
            text=_with_script(command, script, variables), params=_params(options.params or [])
        ),
        _stage_name(options.file or options.name or "", variables),
    )


def _count_option_words(words: Sequence[str]) -> int:
    """How many words are options of ``dvc run`` and their values."""
    valued = {flag for flags in (*_FILES, *_OTHERS) for flag in flags}
    position = 0
    while position < len(words) and words[position].startswith("-"):
        position += 2 if words[position] in valued else 1
    return min(position, len(words))


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(add_help=False, allow_abbrev=False, prog="dvc run")
    for flags, (role, cache) in _FILES.items():
        named = functools.partial(NamedFile, role=role, cache=cache)
        parser.add_argument(*flags, dest="files", action="append", default=[], type=named)
    for flags in _OTHERS:
        parser.add_argument(*flags, action="append" if "-p" in flags else "store", default=None)
    for flag in _FLAGS:
        parser.add_argument(flag, action="store_true")
    return parser


def _unquoted(word: str) -> str:
    """The word as bash hands it on, which removes more backslashes than shlex does."""
    parts = shlex.split(word)
    text = parts[0] if parts else ""
    return re.sub(r"\\([$`])", r"\1", text) if word.startswith('"') else text


def _params(given: Sequence[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """``lr,epochs`` are keys of params.yaml, ``conf.yaml:lr`` one of another file."""
    found: dict[str, list[str]] = {}
    for each in given:
        file, colon, keys = each.rpartition(":")
        names = found.setdefault(posixpath.normpath(file) if colon else PARAMS_FILE, [])
        names += [key for key in keys.split(",") if key]
    return tuple((file, tuple(sorted(set(keys)))) for file, keys in sorted(found.items()))


def _stage_name(file: str, variables: Variables) -> str:
    """The name that ``-f`` or ``-n`` gives, unless it is the variable for the usual one."""
    if variables.meta in file:
        return ""
    return posixpath.basename(file).removesuffix(".dvc")


def _with_script(command: str, script: str, variables: Variables) -> str:
    """The command with the path of the script where the author wrote a variable for it.

    A folder in front of the variable for its name was MLV-tools' folder of scripts.
    """

    def variable(name: str) -> str:
        return rf"\$(?:{re.escape(name)}\b|\{{{re.escape(name)}\}})"

    path = rf"{variable(variables.path)}|[\w./-]*{variable(variables.name)}"
    return re.sub(path, lambda _: shlex.quote(script), command)
