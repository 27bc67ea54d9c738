"""Folders that a notebook adds to sys.path: relative ones lead elsewhere where a step runs."""

import ast
import posixpath
from collections.abc import Iterable, Iterator

from nbsnake.follow.cells import Source, statements
from nbsnake.python.pathexpr import path_of
from nbsnake.python.references import added_to_path


def added_folders(cells: Iterable[Source], start: str) -> Iterator[tuple[Source, ast.Call, str]]:
    """The calls that add a folder of the project, each with the folder from the root.

    ``start`` is the folder in which the notebook runs, from the root.
    """
    for source, statement in statements(cells):
        for node in ast.walk(statement) if source.kept else ():
            call = node.value if isinstance(node, ast.Expr) else None
            if not isinstance(call, ast.Call) or call.keywords:
                continue
            for added in added_to_path(call):
                path = path_of(added, {})
                if path is None or path.startswith("/"):
                    continue
                folder = posixpath.normpath(posixpath.join(start, path))
                if folder != path and folder != ".." and not folder.startswith("../"):
                    yield source, call, folder
