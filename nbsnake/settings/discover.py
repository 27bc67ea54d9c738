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

    Hidden folders, checkpoints, virtual environments and links to folders are left out.
    """
    return sorted(_walk(top))


def _walk(top: str) -> Iterator[str]:
    for parent, folders, files in os.walk(top):
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".")
            and name not in LEFT_OUT
            and not os.path.exists(os.path.join(parent, name, "pyvenv.cfg"))
        ]
        for name in files:
            # What is not a file, such as a pipe, could block its reader for ever.
            is_notebook = name.endswith(".ipynb") and not name.startswith(".")
            if is_notebook and os.path.isfile(os.path.join(parent, name)):
                yield Path(parent, name).relative_to(top).as_posix()
