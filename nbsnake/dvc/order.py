"""The order in which DVC runs stages: dvc.repo.graph.build_graph, dvc.repo.reproduce.plan_repro.

Each stage comes after the stages that write what it reads, as dvc.yaml names them. Pure.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from nbsnake.names import upwards

_Tree = dict[str, Any]  # by the names of a path; below "" is the stage that writes it


def order_of_dvc(
    deps: Mapping[str, Collection[str]], outs: Mapping[str, str], files: Collection[str]
) -> list[str]:
    """All stages of ``deps``, which gives what each reads, and those that they need.

    ``outs`` maps paths to the stages that write them, some of which are not in ``deps``; stages
    are in ``files``. Raises :class:`ValueError` for what DVC refuses: outputs inside each other,
    a file of stages inside an output, and stages that wait for each other.
    """
    tree: _Tree = {}
    for path, stage in outs.items():
        _put(tree, path, stage)
    for file in files:
        if any(up in outs for up in upwards(file)):
            raise ValueError(f"{file} is inside an output")
    makers = {
        stage: dict.fromkeys(each for path in paths for each in _overlapping(tree, path))
        for stage, paths in deps.items()
    }
    return _after_their_makers(makers)


def _put(tree: _Tree, path: str, stage: str) -> None:
    node = tree
    for name in path.split("/"):
        node = node.setdefault(name, {})
        if "" in node:
            raise ValueError(f"{path} is inside another output, or is one twice")
    if node:
        raise ValueError(f"another output is inside {path}")
    node[""] = stage


def _overlapping(tree: _Tree, path: str) -> Iterator[str]:
    """The stages that write a path, a folder that it is in, or something inside it."""
    node = tree
    for name in path.split("/"):
        if name not in node:
            return
        node = node[name]
        if "" in node:
            yield node[""]
    yield from _stages(node)


def _stages(node: _Tree) -> Iterator[str]:
    for name, each in node.items():
        if name:
            yield from _stages(each)
        else:
            yield each


def _after_their_makers(makers: Mapping[str, Collection[str]]) -> list[str]:
    """The stages in the post-order of a search that goes deep first."""
    done: dict[str, None] = {}
    for start in makers:
        path = {} if start in done else {start: iter(makers[start])}
        while path:
            stage, rest = next(reversed(path.items()))
            following = next((each for each in rest if each not in done), None)
            if following is None:
                done[stage] = None
                del path[stage]
            elif following in path:
                raise ValueError(f"{following} waits for itself")
            else:
                path[following] = iter(makers.get(following, ()))
    return [*done]
