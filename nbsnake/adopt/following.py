"""Which commands make a pipeline of adopted notebooks, in their order."""

import os
import shlex
from collections.abc import Iterable, Iterator

from nbsnake.adopt.folder import Plan

LARGE = 1_000_000  # bytes; larger sources are DVC's, smaller ones can be git's


def next_commands(
    plan: Plan, *, tracked: Iterable[str], has_project: bool, write: str
) -> Iterator[tuple[str, str]]:
    """The commands with the reason for each; ``tracked`` are the files that git tracks.

    ``write`` is the command that writes the notebooks, "" after it.

    What git tracks stays on disk: the run keeps it before it overwrites it.
    """
    in_git = set(tracked)
    if not has_project:
        yield "nbsnake init", "sets up git and DVC"
    if write:
        yield write, "writes the notebooks above"
    outputs = [path for node in plan.nodes for path in node.writes]
    if results := [path for path in dict.fromkeys(outputs) if _is_tracked(path, in_git)]:
        yield f"git rm -r -q --cached {shlex.join(results)}", "results go to DVC; the files stay"
    here = [path for path in plan.sources if os.path.exists(path)]
    new = [path for path in here if not _is_tracked(path, in_git) and not _is_dvcs(path)]
    if large := [path for path in new if _size(path) >= LARGE]:
        yield f"dvc add {shlex.join(large)}", f"{_megabytes(large)} MB that git does not track"
    if small := [path for path in new if path not in large]:
        yield f"git add {shlex.join(small)}", "sources that git does not track yet"
    yield "nbsnake run", "runs the pipeline"


def _is_tracked(path: str, in_git: set[str]) -> bool:
    return path in in_git or any(each.startswith(f"{path}/") for each in in_git)


def _is_dvcs(path: str) -> bool:
    """Whether DVC tracks a path, or a folder that it lies in."""
    while path:
        if os.path.exists(f"{path}.dvc"):
            return True
        path = os.path.dirname(path)
    return False


def _size(path: str) -> int:
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(
        os.path.getsize(os.path.join(top, name))
        for top, _, names in os.walk(path)
        for name in names
    )


def _megabytes(paths: Iterable[str]) -> int:
    return round(sum(map(_size, paths)) / 1_000_000)
