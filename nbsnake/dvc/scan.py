"""The files that DVC reads wherever they are in a project, before it reads them."""

import contextlib
import os
import re
from collections.abc import Iterable, Iterator

from nbsnake.errors import ToolError, Where
from nbsnake.job.ignore import FILE as IGNORE_FILE
from nbsnake.job.regular import check_regular, read_regular
from nbsnake.yaml_limits import ADVICE, TooLargeError, check_size, limited_time, stopped_after

_LEFT_OUT = frozenset({".git", ".hg", ".dvc"})
_YAML = ("dvc.yaml", "params.yaml", ".dvc")
MANY = 500  # brackets
FEW = 3  # wildcards of a pattern
PATTERN_SECONDS = 2  # of CPU for the patterns of a file
TOO_SLOW = f"takes more than {PATTERN_SECONDS} s on the names that are here"
_WILDCARDS = re.compile(r"\*+")
_GIT_NAMES = (".gitignore", ".gitattributes")
_NAMES = frozenset({"dvc.yaml", "dvc.lock", "params.yaml", *_GIT_NAMES, IGNORE_FILE})


def check_files() -> None:
    """Raise :class:`OSError` for a file of DVC or git that would never end.

    Raises it also for a folder that cannot be read, and :class:`ToolError` for YAML or patterns
    that would take all time or memory.
    """
    for path in (".dvc/config", ".dvc/config.local", ".dvc/.gitignore", *find_files()):
        with contextlib.suppress(FileNotFoundError):
            check_regular(path)
            if path.endswith(_YAML):
                _check_yaml(path)
            elif path.endswith(IGNORE_FILE):
                _check_patterns(path)


def check_git_files(paths: Iterable[str] = ()) -> None:
    """Raise :class:`OSError` for a file that git would wait for: of these, by default of all."""
    for path in paths or (".dvc/.gitignore", *find_files()):
        if path.endswith(_GIT_NAMES):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                check_regular(path)


def _check_yaml(path: str) -> None:
    """Raise :class:`ToolError` for a file that would keep DVC busy.

    Few files can: without anchors or much nesting, time and size are in proportion.
    """
    text = read_regular(path).decode(errors="replace")
    if "&" not in text and text.count("[") + text.count("{") < MANY:
        return
    from nbsnake.plain_yaml import load_yaml  # slow, and seldom needed

    try:
        with limited_time(text):
            check_size(load_yaml(text))
    except TooLargeError as error:
        raise ToolError(str(error), where=Where(path), hint=ADVICE) from None
    except Exception:  # DVC says what is wrong with it
        return


def _check_patterns(path: str) -> None:
    """Raise :class:`ToolError` for patterns that would keep DVC busy.

    Only those with several wildcards can. They are tried as DVC has them, on the names that are
    there.
    """
    lines = enumerate(read_regular(path).decode(errors="replace").splitlines(), start=1)
    many = {number: line for number, line in lines if len(_WILDCARDS.findall(line)) > FEW}
    if not many:
        return
    from dvc.ignore import GitIgnoreSpecPattern  # slow, and seldom needed

    top = path.removesuffix(IGNORE_FILE)
    names = [name.removeprefix(top) for name in _below(top)]
    number = 0
    try:
        with stopped_after(PATTERN_SECONDS, TOO_SLOW):
            for number, line in many.items():  # noqa: B007  (of the one that takes too long)
                [*map(GitIgnoreSpecPattern(line).match_file, names)]
    except TooLargeError as error:
        advice = "write it with fewer wildcards"
        raise ToolError(str(error), where=Where(path, line=number), hint=advice) from None
    except ValueError:  # DVC says what is wrong with it
        return


def _below(folder: str) -> Iterator[str]:
    """All paths below a folder of the project."""
    for entry in os.scandir(folder or "."):
        if entry.name not in _LEFT_OUT:
            yield f"{folder}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from _below(f"{folder}{entry.name}/")


def find_files(folder: str = "") -> Iterator[str]:
    """The files of DVC and git in a folder and below it; links to folders are not followed."""
    with os.scandir(folder or ".") as entries:
        found = list(entries)
    for entry in found:
        path = f"{folder}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in _LEFT_OUT:
                yield from find_files(f"{path}/")
        elif entry.name in _NAMES or entry.name.endswith(".dvc"):
            yield path
