"""Finding the project and its notebooks.

All paths are relative to the project's root, which is the working directory from the moment that
the command line has found it. Standard library only: this runs before anything is known to be new.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from nbsnake.errors import UsageError

LEFT_OUT = frozenset({"__pycache__", "node_modules", "site-packages"})


def find_root(start: Path) -> Path:
    """The nearest folder upwards that holds a DVC project.

    Raises :class:`UsageError` where there is none.
    """
    for folder in (start, *start.parents):
        if (folder / ".dvc").is_dir():
            return folder
    raise UsageError(
        f"no DVC project in {start} or above it", hint="set one up here with: nbsnake init"
    )


def walk_notebooks(top: str = ".") -> list[str]:
    """Every notebook below ``top``, sorted, as paths relative to it.

    Hidden folders, checkpoints, virtual environments and links to folders are left out. Raises
    :class:`OSError` for a folder that cannot be read, whose notebooks would seem to be gone.
    """
    return sorted(_walk(top))


def _walk(top: str, below: str = "") -> Iterator[str]:
    with os.scandir(os.path.normpath(os.path.join(top, below))) as entries:
        found = [entry for entry in entries if not entry.name.startswith(".")]
    for entry in found:
        path = f"{below}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            is_venv = os.path.exists(os.path.join(entry.path, "pyvenv.cfg"))
            if not is_venv and entry.name not in LEFT_OUT:
                yield from _walk(top, f"{path}/")
        # What is not a file, such as a pipe, could block its reader for ever.
        elif entry.name.endswith(".ipynb") and entry.is_file():
            yield path
