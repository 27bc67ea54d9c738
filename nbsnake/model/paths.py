"""Paths of inputs and outputs: which a step may read or write."""

import posixpath
import re

from nbsnake.errors import NotebookError, Where
from nbsnake.model.step import Role
from nbsnake.model.variants import fill, names_in
from nbsnake.names import is_owned, is_reserved

_URL = re.compile(r"[A-Za-z][\w+.-]*://")


def path_fault(path: str, role: Role, where: Where, field: str) -> NotebookError | None:
    """What is wrong with a path that ``field`` names, of which ``{axis}`` may be part."""
    if not path or not path.isprintable():
        return NotebookError(
            f"{field} needs the path of one file",
            where=where,
            hint="write it relative to the project's root, such as data/features.csv",
        )
    normal = posixpath.normpath(path)
    if role is not Role.DEP and (is_owned if role is Role.NOTEBOOK else is_reserved)(normal):
        return NotebookError(
            f"the path {path!r} belongs to git, DVC or nbsnake",
            where=where,
            hint="write outputs elsewhere, such as data/ or results/",
        )
    outside = normal.startswith(("/", "../", "~")) or _URL.match(path)
    if normal in (".", "..") or outside:
        return NotebookError(
            f"the path {path!r} is not a file inside the project",
            where=where,
            hint="write it relative to the project's root, such as data/features.csv",
        )
    if set(fill(path, dict.fromkeys(names_in(path), ""))) & set("{}*?") or "${" in path:
        templates = "; for '{{ conf.NAME }}' set docstring_conf in nbsnake.yaml"
        return NotebookError(
            f"the path {path!r} contains one of {{}}*?, which mark patterns",
            where=where,
            hint=f"name one file{templates if '{{' in path else ', or a folder'}",
        )
    return None
