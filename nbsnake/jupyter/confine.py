"""Which files a request may name: notebooks below the root of Jupyter's server.

A link that leads out of that root is refused, and so is a project whose own root is outside of it.
"""

from pathlib import Path
from typing import NamedTuple

from nbsnake.errors import UsageError
from nbsnake.settings.discover import find_root

SUFFIX = ".ipynb"


class Place(NamedTuple):
    """A notebook and the root of its project, as real paths; no project is None.

    ``why`` says why there is none where a user would expect one.
    """

    notebook: Path
    project: Path | None
    why: str = ""

    @property
    def name(self) -> str:
        """The notebook relative to the project's root, as steps name it; "" without a project."""
        return self.notebook.relative_to(self.project).as_posix() if self.project else ""


def place_in(root: Path, path: str) -> Place:
    """The place that a path of Jupyter's API names; ``root`` is that of the server.

    A text file stands for the notebook beside it, with which jupytext pairs it. Raises
    :class:`FileNotFoundError` where the path names no file below the root.
    """
    top = root.resolve()
    try:
        file = (top / path.strip("/")).resolve(strict=True)
        paired = file.with_suffix(SUFFIX)
    except (OSError, ValueError, RuntimeError):  # a null byte, links in a circle, the disk's root
        raise FileNotFoundError(path) from None
    if file.suffix != SUFFIX and paired.is_file():
        file = paired.resolve()
    if not file.is_relative_to(top) or not file.is_file():
        raise FileNotFoundError(path)
    return _with_project(top, file)


def _with_project(top: Path, notebook: Path) -> Place:
    try:
        project = find_root(notebook.parent)
    except UsageError:
        return Place(notebook, None)
    if project.is_relative_to(top):
        return Place(notebook, project)
    return Place(
        notebook, None, f"the project's root is above Jupyter's; start Jupyter in {project}"
    )
