"""Which of a kernel's habits some code meets: it draws, reads the command line, or uses a loop."""

import ast
import re
from collections.abc import Iterable, Iterator
from enum import StrEnum

from nbsnake.python.nodes import children, walk


class Habit(StrEnum):
    """What a kernel does otherwise than Python, and code can notice."""

    FIGURES = "figures"  # they end with their cell
    SHOWS = "shows"  # plt.show() ends them, too
    ARGV = "argv"  # sys.argv is the kernel's
    LOOP = "loop"  # an event loop is running


LIBRARIES = frozenset({"matplotlib", "mpl_toolkits", "pylab", "seaborn"})
_PLOTTING = re.compile(r"(?:^|_)\w*plots?(?:_|$)|^hist$|[a-z]Display$")
_SHOWS = frozenset({"show", "pause", "ioff", "isinteractive", "is_interactive", "switch_backend"})
_PARSERS = frozenset({"absl", "argparse", "click", "docopt", "fire", "getopt", "optparse", "typer"})
_ARGV = _PARSERS | {"argv", "parse_args", "parse_known_args", "from_cli", "orig_argv"}
_LOOP = frozenset(
    {"get_event_loop", "get_running_loop", "run_until_complete", "current_task", "all_tasks"}
    | {"create_task", "ensure_future", "nest_asyncio"}
)
_LOOP_NAMES = _LOOP | {"asyncio"}
_CHOOSES = frozenset({"use", "interactive"})


def is_plotting(name: str) -> bool:
    """Whether a function or method of that name draws, as ``df.plot`` and ``plot_tree`` do."""
    return bool(_PLOTTING.search(name))


def habits_of(trees: Iterable[ast.AST]) -> frozenset[Habit]:
    """The habits that code meets, wherever in it."""
    trees = list(trees)
    nodes = [node for tree in trees for node in walk(tree)]
    names = {name for node in nodes for name in _names(node)}
    return frozenset(_found(trees, nodes, names))


def _found(trees: list[ast.AST], nodes: list[ast.AST], names: set[str]) -> Iterator[Habit]:
    """Names are looked at first: most code has none that matters."""
    if names & LIBRARIES or (any(map(is_plotting, names)) and _draw(nodes)):
        yield Habit.FIGURES
    if names & _SHOWS or (names & _CHOOSES and any(map(_chooses_backend, nodes))):
        yield Habit.SHOWS
    if names & _ARGV:
        yield Habit.ARGV
    if names & _LOOP_NAMES and any(
        _uses_loop(node) for tree in trees for node in _outside_of_coroutines(tree)
    ):
        yield Habit.LOOP


def _outside_of_coroutines(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those of ``async def``, which runs inside a loop anywhere."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.AsyncFunctionDef):
            waiting += children(node)


def _taken(node: ast.AST) -> Iterator[str]:
    """The functions that an import takes from a module; "*" for all."""
    if isinstance(node, ast.ImportFrom):
        yield from (alias.asname or alias.name for alias in node.names)


def _draw(nodes: list[ast.AST]) -> bool:
    imported = {name for node in nodes for name in _taken(node)}
    return any(_is_plotting(node, imported) or _is_of_plot(node) for node in nodes)


def _names(node: ast.AST) -> Iterable[str]:
    """What a node itself names: the words of an import, an attribute, or a variable."""
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        return (node.attr,)
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return [(node.module or "").partition(".")[0], *(alias.name for alias in node.names)]
    return ()


def _is_plotting(node: ast.AST, imported: set[str]) -> bool:
    """Whether a method is called that draws, or a function that was imported."""
    match node:
        case ast.Call(func=ast.Attribute(attr=name)):
            return is_plotting(name)
        case ast.Call(func=ast.Name(id=name)):
            return is_plotting(name) and not imported.isdisjoint((name, "*"))
    return False


def _is_of_plot(node: ast.AST) -> bool:
    """``df.plot.bar``"""
    match node:
        case ast.Attribute(value=ast.Attribute(attr=owner) | ast.Name(id=owner)):
            return is_plotting(owner)
    return False


def _chooses_backend(node: ast.AST) -> bool:
    """``matplotlib.use("agg")``, but not ``plt.style.use("ggplot")``."""
    match node:
        case ast.Attribute(value=ast.Name(id=owner), attr="use" | "interactive"):
            return owner in ("matplotlib", "mpl")
    return False


def _uses_loop(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id="asyncio"), attr="run" | "Runner" | "gather"):
            return True
        case ast.ImportFrom(module="asyncio", names=aliases):
            return any(alias.name in ("run", "Runner") for alias in aliases)
    return bool(_LOOP.intersection(_names(node)))
