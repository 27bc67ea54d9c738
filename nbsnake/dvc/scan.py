"""The files that DVC reads wherever they are in a project, before it reads them."""

import contextlib
import os
from collections.abc import Iterator

from nbsnake.errors import ToolError, Where
from nbsnake.job.regular import check_regular, read_regular
from nbsnake.plain_yaml import load_yaml
from nbsnake.yaml_limits import ADVICE, TooLargeError, check_size, limited_time

_LEFT_OUT = frozenset({".git", ".hg", ".dvc"})
_YAML = ("dvc.yaml", "params.yaml", ".dvc")
MANY = 500  # brackets
_NAMES = frozenset({"dvc.yaml", "dvc.lock", "params.yaml", ".gitignore", ".dvcignore"})


def check_files() -> None:
    """Raise :class:`OSError` for a file of DVC or git that would never end.

    Raises it also for a folder that cannot be read, and :class:`ToolError` for YAML that would
    take all time or memory.
    """
    for path in (".dvc/config", ".dvc/config.local", *find_files()):
        with contextlib.suppress(FileNotFoundError):
            check_regular(path)
            if path.endswith(_YAML):
                _check_yaml(path)


def _check_yaml(path: str) -> None:
    """Raise :class:`ToolError` for a file that would keep DVC busy.

    Few files can: without anchors or much nesting, time and size are in proportion.
    """
    text = read_regular(path).decode(errors="replace")
    if "&" not in text and text.count("[") + text.count("{") < MANY:
        return
    try:
        with limited_time(text):
            check_size(load_yaml(text))
    except TooLargeError as error:
        raise ToolError(str(error), where=Where(path), hint=ADVICE) from None
    except Exception:  # DVC says what is wrong with it
        return


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
