"""Which files DVC does not see: the patterns of all .dvcignore files, as regular expressions.

Standard library only: this runs inside every job, where DVC and its pattern library may be absent.
The patterns are git's (https://git-scm.com/docs/gitignore#_pattern_format), each one read relative
to its .dvcignore file. Where DVC differs from git, this does as DVC does: a negated pattern also
holds for what lies below the path that it matches.
"""

import errno
import os
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import groupby
from typing import NamedTuple

from nbsnake.job.regular import read_regular

FILE = ".dvcignore"
DEFAULTS = (".hg/", ".git/", ".git", ".dvc/")  # of DVC itself
TIMESTAMP = ".snakemake_timestamp"  # which Snakemake leaves in every output folder


class IgnoreFileError(OSError):
    """A .dvcignore in a folder that is a dependency or an output, which DVC refuses."""

    def __init__(self, path: str) -> None:
        advice = f"DVC refuses this file in a dependency or output; move it to a {FILE} above"
        super().__init__(errno.EINVAL, advice, path)


class Rule(NamedTuple):
    """One pattern; ``regex`` matches from the start of a path relative to the project's root.

    Paths of folders are tried with and without a slash at the end.
    """

    regex: str
    negated: bool
    only_folders: bool


Rules = tuple[Rule, ...]


def walk_files(folder: str) -> Iterator[tuple[str, str]]:
    """All files below ``folder`` that DVC would track, as (relative path, path).

    Raises :class:`OSError` for a folder that cannot be read, and :class:`IgnoreFileError`. Links
    to folders are not followed.
    """
    base = os.path.relpath(folder).replace(os.sep, "/")
    if base.startswith("../"):
        yield from _walk(folder, "", None, ())
    elif (rules := _rules_for(base)) is not None:
        yield from _walk(folder, "", "" if base == "." else base, rules)


def hides_any(folder: str, relpaths: Iterable[str]) -> bool:
    """Whether a file would be hidden below ``folder``, if it were there."""
    base = os.path.relpath(folder).replace(os.sep, "/")
    if base.startswith("../"):
        return False
    rules = _rules_for(base)
    if rules is None:
        return True
    is_ignored, ignores_folder = _matcher(rules, is_folder=False), _matcher(rules, is_folder=True)
    start = "" if base == "." else f"{base}/"
    paths = [f"{start}{each}" for each in relpaths]
    inner = {path[:at] for path in paths for at in _slashes(path) if at >= len(start)}
    folders = inner | ({base} - {"."})  # patterns do not apply to the root
    return any(map(ignores_folder, folders)) or any(map(is_ignored, paths))


def _slashes(path: str) -> Iterator[int]:
    return (at for at, sign in enumerate(path) if sign == "/")


def _rules_for(base: str) -> Rules | None:
    """The rules in a folder of the project; None where it is ignored itself."""
    rules = _rules_in("", tuple(filter(None, map(_rule, DEFAULTS))))
    above = ""
    for name in base.split("/") if base != "." else ():
        above = f"{above}/{name}" if above else name
        if _matcher(rules, is_folder=True)(above):
            return None
        rules = _rules_in(above, rules)
    return rules


def _walk(folder: str, inside: str, base: str | None, rules: Rules) -> Iterator[tuple[str, str]]:
    """``inside`` leads to ``folder`` from where the walk began, ``base`` from the project's root.

    ``base`` is None outside of the project, where no patterns hold.
    """
    is_ignored = _matcher(rules, is_folder=False)
    ignores_folder = _matcher(rules, is_folder=True)
    if base and ignores_folder(base):  # by a pattern of its own
        return
    folders = []
    with os.scandir(folder) as entries:
        for entry in entries:
            path = f"{base}/{entry.name}" if base else entry.name
            if not entry.is_dir():
                if entry.name != TIMESTAMP and not is_ignored(path):
                    if entry.name == FILE and base is not None:
                        raise IgnoreFileError(entry.path)
                    yield f"{inside}{entry.name}", entry.path
            elif not entry.is_symlink() and not ignores_folder(path):
                folders.append((entry, path))
    for entry, path in folders:
        below = f"{inside}{entry.name}/"
        if base is None:
            yield from _walk(entry.path, below, None, ())
        elif not os.path.exists(os.path.join(entry.path, ".dvc")):  # else a project of its own
            yield from _walk(entry.path, below, path, _rules_in(path, rules))


def _rules_in(folder: str, above: Rules) -> Rules:
    """The rules in a folder: those of the folders above it, then those of its own file."""
    path = f"{folder}/{FILE}" if folder else FILE
    try:
        lines = [line.strip() for line in read_regular(path).decode().splitlines()]
    except (FileNotFoundError, NotADirectoryError):
        return above
    if _matcher(above, is_folder=False)(path):
        return above
    patterns = [line for line in lines if line and not line.startswith("#")]
    rules = (_rule(_moved(each, folder) if folder else each) for each in patterns)
    return (*above, *filter(None, rules))


@cache
def _matcher(rules: Rules, *, is_folder: bool) -> Callable[[str], bool]:
    """Whether a path is ignored, where none of the folders above it is: the last match decides."""
    used = [rule for rule in reversed(rules) if is_folder or not rule.only_folders]
    groups = [
        (re.compile("|".join(f"(?:{rule.regex})" for rule in group)).match, negated)
        for negated, group in groupby(used, key=lambda rule: rule.negated)
    ]

    def matches(path: str) -> bool:
        for match, negated in groups:
            if match(path) or (is_folder and match(f"{path}/")):
                return not negated
        return False

    return matches


def _moved(pattern: str, folder: str) -> str:
    """A pattern of a file in ``folder`` as one of the project's root, as DVC rewrites it."""
    sign, pattern = ("!", pattern[1:]) if pattern.startswith("!") else ("", pattern)
    if "/" in pattern[:-1] and not pattern.startswith("**/"):
        return f"{sign}/{folder}/{pattern.removeprefix('/').removeprefix(chr(92))}"
    return f"{sign}/{folder}/**/{pattern.removeprefix('**/').removeprefix(chr(92))}"


@cache
def _rule(pattern: str) -> Rule | None:
    """The rule of a pattern; None for a pattern that matches nothing or cannot be read."""
    negated, only_folders = pattern.startswith("!"), pattern.endswith("/")
    segments = pattern.removeprefix("!").split("/")
    if segments in ([""], ["", ""]):
        return None
    if not segments[0]:
        del segments[0]
    elif len(segments) == 1 or segments[1:] == [""]:
        segments.insert(0, "**")
    if not segments[-1]:
        segments[-1] = "**"
    segments = [
        each for i, each in enumerate(segments) if each != "**" or segments[i - 1 : i] != ["**"]
    ]
    if only_folders and segments == ["**"]:
        return None  # as for DVC
    try:
        regex = _regex(segments)
        re.compile(regex)
    except (ValueError, re.error):
        return None
    return Rule(regex, negated, only_folders)


def _regex(segments: list[str]) -> str:
    """``**`` means any folders, none included, and at the end for all that is inside.

    What stands between two of them, or between two ``*``, matches at the first place where it can:
    another place would leave less to what follows. So it is not tried again, and time is in
    proportion.
    """
    if segments in (["**"], ["**", "*"]):
        return "."
    if segments == ["**", "*", "**"]:
        raise ValueError("DVC takes it for a slash, with which no path begins")
    first, *blocks = _blocks(segments)
    end = "(?:/|$)"
    if blocks and not blocks[-1]:
        blocks, end = blocks[:-1], "/"
    regex = "/".join(map(_glob, first))
    for number, block in enumerate(blocks, start=1):
        inner = "/".join(map(_glob, block))
        if number < len(blocks):
            regex += f"(?>{'(?:/.+?)??/' if regex else '(?:.+?/)??'}{inner}(?=/|$))"
        else:
            regex += f"{'(?:/.+)?/' if regex else '(?:.+/)?'}{inner}"
    return regex + end


def _blocks(segments: list[str]) -> list[list[str]]:
    """What stands before, between and behind the ``**``."""
    blocks: list[list[str]] = [[]]
    for segment in segments:
        if segment == "**":
            blocks.append([])
        else:
            blocks[-1].append(segment)
    return blocks


def _glob(segment: str) -> str:
    """One part of a path; a character after a backslash is literal."""
    if segment == "*":
        return "[^/]+"
    first, *others = _between_stars(segment)
    if not others:
        return first
    between = "".join(f"(?>[^/]*?{each})" for each in others[:-1] if each)
    return f"{first}{between}[^/]*{others[-1]}"


def _between_stars(segment: str) -> list[str]:
    """What stands before, between and behind the ``*`` of a part of a path, as regexes."""
    found, rest = [""], segment
    while rest:
        sign, rest = rest[0], rest[1:]
        if sign == "*":
            found.append("")
            continue
        if sign == "\\":
            if not rest:
                raise ValueError(segment)
            regex, rest = re.escape(rest[0]), rest[1:]
        elif sign == "[":
            regex, rest = _bracket(rest)
        else:
            regex = "[^/]" if sign == "?" else re.escape(sign)
        found[-1] += regex
    return found


def _bracket(rest: str) -> tuple[str, str]:
    """The class of signs that begins here, and what follows it; ``]`` may be its first sign."""
    found = re.match(r"([!^]?)(\]?[^\]]*)\]", rest)
    if not found:
        raise ValueError(rest)
    inside = found[2].replace("\\", "\\\\")
    return f"[{'^' if found[1] else ''}{inside}]", rest[found.end() :]
