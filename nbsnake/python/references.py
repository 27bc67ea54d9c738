"""What code refers to: modules that it imports, Python files that it names, folders on its path."""

import ast
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from nbsnake.python.habits import Habit, habits_of
from nbsnake.python.nodes import children
from nbsnake.python.pathexpr import path_of

_BY_NAME = frozenset({"import_module", "__import__", "run_module"})
_COMMANDS = frozenset(
    {"_nb_run", "_nb_run_as", "_nb_shell", "_nb_lines", "system", "popen", "getoutput"}
)
_ADDS = frozenset({"append", "insert", "extend"})

# The nodes that can refer to something.
_NOTICED = (ast.Import, ast.ImportFrom, ast.Call, ast.Constant, ast.Assign, ast.AugAssign)

Item = TypeVar("Item")


class Import(NamedTuple):
    """``from module import names``, with ``level`` dots before it; names are ("*",) for all."""

    module: str
    names: tuple[str, ...] = ()
    level: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """``files`` are strings that end in ``.py``; ``folders`` are added to ``sys.path``.

    ``exports`` are the names in ``__all__``, which may be those of submodules. ``habits`` are those
    of a kernel that the code of a module meets.
    """

    imports: tuple[Import, ...] = ()
    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    exports: tuple[str, ...] = ()
    habits: frozenset[Habit] = frozenset()


def find_references(trees: Iterable[ast.Module], path: str = "") -> References:
    """What the code of a module refers to; ``path`` is its file, "" for a notebook's cells."""
    trees = list(trees)
    nodes = [node for tree in trees for node in _running(tree) if isinstance(node, _NOTICED)]
    names = _known_paths(nodes, path)
    return References(
        imports=_unique(
            each for node in nodes for each in (*_imports(node), *_run_as_module(node))
        ),
        files=_unique(each for node in nodes for each in _files(node)),
        folders=_unique(each for node in nodes for each in _folders(node, names)),
        exports=_unique(each for node in nodes for each in _exports(node)),
        habits=habits_of(trees) if path else frozenset(),
    )


def _unique(found: Iterable[Item]) -> tuple[Item, ...]:
    return tuple(dict.fromkeys(found))


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those below ``if TYPE_CHECKING:``, which only a type checker reads."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        is_checking = isinstance(node, ast.If) and _last_name(node.test) == "TYPE_CHECKING"
        inner = node.orelse if isinstance(node, ast.If) and is_checking else None
        waiting += reversed(inner if inner is not None else children(node))


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _imports(node: ast.AST) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        yield from (Import(alias.name) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        names = tuple(alias.name for alias in node.names)
        yield Import(node.module or "", names, node.level)
    elif isinstance(node, ast.Call) and _last_name(node.func) in _BY_NAME and node.args:
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield from _by_name(first.value, node)


def _run_as_module(node: ast.AST) -> Iterator[Import]:
    """``%run -m name``, as a script has it."""
    match node:
        case ast.Call(func=ast.Name(id="_nb_run_module"), args=[ast.Constant(value=str(line))]):
            yield Import(line.partition(" ")[0])


def _by_name(name: str, call: ast.Call) -> Iterator[Import]:
    """``import_module("name")``, or ``import_module(".name", package)``."""
    module = name.lstrip(".")
    level = len(name) - len(module)
    package = call.args[1] if len(call.args) > 1 else None
    package = next((each.value for each in call.keywords if each.arg == "package"), package)
    if level == 1 and isinstance(package, ast.Constant) and isinstance(package.value, str):
        yield Import(f"{package.value}.{module}")
    else:
        yield Import(module, (), level)


def _files(node: ast.AST) -> Iterator[str]:
    """Files to run, by ``%run``, ``exec(open(...).read())``, ``runpy`` or a command."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if node.value.endswith(".py") and "\n" not in node.value:
            yield node.value
    elif isinstance(node, ast.Call) and _last_name(node.func) in _COMMANDS:
        for each in node.args:
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                yield from _files_in_command(each.value, _last_name(node.func))


def _files_in_command(command: str, function: str) -> Iterator[str]:
    try:
        words = shlex.split(command)
    except ValueError:
        return
    if function.startswith("_nb_run") and words and not words[0].endswith(".py"):
        yield f"{words[0]}.py"
    yield from (word for word in words if word.endswith(".py"))


def _known_paths(nodes: Iterable[ast.AST], path: str) -> dict[str, str]:
    """The variables that are given a path, in the order of the code."""
    names = {"__file__": path} if path else {}
    for node in nodes:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            found = path_of(node.value, names)
            if isinstance(node.targets[0], ast.Name) and found is not None:
                names[node.targets[0].id] = found
    return names


def _folders(node: ast.AST, names: dict[str, str]) -> Iterator[str]:
    """What ``sys.path.append``, ``insert``, ``extend`` or ``+=`` adds."""
    for each in added_to_path(node):
        items = each.elts if isinstance(each, ast.List | ast.Tuple) else [each]
        yield from (found for item in items if (found := path_of(item, names)) is not None)


def added_to_path(node: ast.AST) -> list[ast.expr]:
    """The expressions that a node adds to ``sys.path``."""
    match node:
        case ast.Call(func=ast.Attribute(value=owner, attr=name), args=arguments):
            return arguments[-1:] if name in _ADDS and _is_sys_path(owner) else []
        case ast.AugAssign(target=target, value=value) if _is_sys_path(target):
            return [value]
        case ast.Assign(targets=[ast.Subscript(value=owner)], value=value) if _is_sys_path(owner):
            return [value]
    return []


def _is_sys_path(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Attribute) and node.attr == "path" and _last_name(node.value) == "sys"
    )


def _exports(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Assign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(_last_name(each) == "__all__" for each in targets if isinstance(each, ast.Name)):
            items = node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else []
            values = [item.value for item in items if isinstance(item, ast.Constant)]
            yield from (value for value in values if isinstance(value, str))
