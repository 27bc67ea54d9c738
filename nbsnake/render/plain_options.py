"""The command line of a script whose parameters are plain: strings, numbers, booleans and paths.

It reads as if written by hand. What lists, mappings and missing values need is in
`nbsnake.render.rich_options`.
"""

from collections.abc import Iterable, Iterator

from nbsnake.model.paramtype import text_of
from nbsnake.model.quote import OPTION_LIKE, literal, string
from nbsnake.model.step import Argument, Source

PLAIN = ("str", "int", "float", "number", "bool", "Path")
NUMBER = """\
def number(word):
    return int(word) if word.strip("+-").isdigit() else float(word)
"""
WIDTH = 100
KERNEL_ARGV = 'sys.argv[1:] = ["-f", "kernel.json"]  # what a kernel leaves for its cells'
NO_WINDOW = 'os.environ.setdefault("MPLBACKEND", "agg")  # draw without a window'


def are_plain(arguments: Iterable[Argument]) -> bool:
    """Whether these parameters, with their values, need no more than what this module writes."""
    given = list(arguments)
    flags = {flag for argument in given for flag in flags_of(argument)}
    negatives = {f"--no-{flag[2:]}" for arg in given if arg.type.is_flag for flag in flags_of(arg)}
    return flags.isdisjoint(negatives) and not any(map(_is_special, given))


def _is_special(argument: Argument) -> bool:
    if argument.type.kind not in PLAIN or argument.type.is_list or argument.type.optional:
        return True
    values = [argument.value, *(each.value for each in argument.overrides)]
    from_config = argument.source is Source.CONFIG
    return from_config and any(map(OPTION_LIKE.match, map(text_of, values)))


def plain_options(
    arguments: tuple[Argument, ...],
    outputs: list[Argument],
    folder: str,
    about: str,
    *,
    draws: bool,
    argv: bool = False,
) -> str:
    """The function that reads the command line, and makes the folders of ``outputs``.

    ``folder`` leads from the script to the notebook, from where a notebook imports; ``about`` is
    the expression for the description that ``--help`` shows, and ``argv`` whether the notebook
    reads the command line itself. Rules write
    ``--name=value``; DVC writes ``--name value`` for what comes from params.yaml, and ``--flag`` or
    ``--no-flag``.
    """
    body = [
        "import argparse",
        *(["import os"] if draws else []),
        "import sys",
        "from pathlib import Path",
        f'sys.path[0] = str(Path(globals().pop("__file__")).resolve(){_below(folder)})',
        *([NO_WINDOW] if draws else []),
        *(NUMBER.splitlines() if any(arg.type.kind == "number" for arg in arguments) else []),
        f"parser = argparse.ArgumentParser(description={about}, allow_abbrev=False)",
        *(line for argument in arguments for line in plain_argument(argument)),
        *_parsed(arguments, "args =" if outputs or argv else "return"),
        *([KERNEL_ARGV] if argv else []),
        *_folders(outputs),
        *(["return args"] if outputs or argv else []),
    ]
    return "\n".join(["def _parse_args():", *(f"    {line}".rstrip() for line in body)])


def flags_of(argument: Argument) -> list[str]:
    """``--my_param`` as DVC writes it, ``--my-param`` as people do."""
    return list(dict.fromkeys([f"--{argument.name}", f"--{argument.name.replace('_', '-')}"]))


def help_of(text: str) -> str:
    """argparse fills in ``%(...)s``, so that every other percent sign is doubled."""
    return string(text.replace("%", "%%"))


def _below(folder: str) -> str:
    """What leads from the path of the script to a folder."""
    up = 0
    while folder.startswith("../") or folder == "..":
        folder, up = folder[3:], up + 1
    return f".parents[{up}]" + (f" / {string(folder)}" if folder not in ("", ".") else "")


def plain_argument(argument: Argument) -> list[str]:
    """The call that declares an option."""
    words = [string(flag) for flag in flags_of(argument)]
    if argument.type.is_flag:
        words.append("action=argparse.BooleanOptionalAction")
    elif argument.type.kind != "str":
        words.append(f"type={argument.type.kind}")
    if argument.type.choices:
        words.append(f"choices={literal(list(argument.type.choices))}")
    words.append("required=True" if argument.required else f"default={literal(argument.default)}")
    if argument.help:
        words.append(f"help={help_of(' '.join(argument.help.split()))}")
    return _call("parser.add_argument", words)


def _call(function: str, words: list[str]) -> list[str]:
    """One line, or two where it would be too long, with the last argument on the second."""
    line = f"{function}({', '.join(words)})"
    if len(line) + 4 <= WIDTH or len(words) == 1:
        return [line]
    indent = " " * (len(function) + 1)
    return [f"{function}({', '.join(words[:-1])},", f"{indent}{words[-1]})"]


def _parsed(arguments: tuple[Argument, ...], target: str) -> Iterator[str]:
    words = ""
    if any(argument.type.is_flag for argument in arguments):
        yield from _spelled(arguments)
        words = "[spelled.get(word.lower(), word) for word in sys.argv[1:]]"
    yield f"{target} parser.parse_args({words})"


def _spelled(arguments: tuple[Argument, ...]) -> Iterator[str]:
    """Rules write ``--flag=true`` and ``--flag=false``."""
    pairs = [
        f"{string(f'{flag}=true'.lower())}: {string(flag)}, "
        f"{string(f'{flag}=false'.lower())}: {string(f'--no-{flag[2:]}')}"
        for argument in arguments
        if argument.type.is_flag
        for flag in flags_of(argument)
    ]
    yield f"spelled = {{{', '.join(pairs)}}}"


def _folders(outputs: list[Argument]) -> Iterator[str]:
    """DVC makes no folders for outputs."""
    if len(outputs) == 1:
        yield f"Path(args.{outputs[0].name}).parent.mkdir(parents=True, exist_ok=True)"
    elif outputs:
        yield f"for path in ({', '.join(f'args.{each.name}' for each in outputs)}):"
        yield "    Path(path).parent.mkdir(parents=True, exist_ok=True)"
