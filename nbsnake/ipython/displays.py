"""Displays that are updated or cleared: what IPython has for them works in a kernel only.

Where a notebook uses one, its imports of these functions give the script's own.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

from nbsnake.ipython.celltext import Translation
from nbsnake.ipython.edit import Edit, edited
from nbsnake.ipython.scopes import parse
from nbsnake.ipython.syntax import lines
from nbsnake.python.nodes import walk

STANDINS = {
    "DisplayHandle": "_nb_handle",
    "clear_output": "_nb_clear_output",
    "display": "_nb_display",
    "update_display": "_nb_update_display",
}
_USED = re.compile(r"\b(?:display_id|update_display|clear_output|DisplayHandle)\b")
_MODULES = ("IPython.display", "IPython.core.display", "IPython.core.display_functions")


def are_updated(texts: Iterable[str]) -> bool:
    """Whether cells update or clear what they display."""
    return any(map(_USED.search, texts))


def with_displays(found: Mapping[int, Translation]) -> dict[int, Translation]:
    """The cells with the script's own functions in place of IPython's."""
    trees = {index: parse(each.source) for index, each in found.items()}
    modules = {name for tree in trees.values() if tree for name in _module_names(tree)}
    return {index: _with_displays(each, trees[index], modules) for index, each in found.items()}


def _with_displays(found: Translation, tree: ast.Module | None, modules: set[str]) -> Translation:
    edits = [*_edits(tree, modules)] if tree else []
    return found._replace(source=edited(found.source, edits)) if edits else found


def _module_names(tree: ast.Module) -> Iterator[str]:
    """What a cell calls the module ``IPython.display``, other than by its whole name."""
    for node in walk(tree):
        match node:
            case ast.Import(names=aliases):
                yield from (each.asname for each in aliases if each.name in _MODULES if each.asname)
            case ast.ImportFrom(module="IPython", names=aliases):
                yield from (each.asname or each.name for each in aliases if each.name == "display")


def _edits(tree: ast.Module, modules: set[str]) -> Iterator[Edit]:
    for node in walk(tree):
        match node:
            case ast.ImportFrom(module=module, names=aliases) if module in _MODULES and any(
                each.name in STANDINS for each in aliases
            ):
                yield _instead(node, _import(node))
            case ast.Attribute(value=owner, attr=name) if name in STANDINS:
                if ast.unparse(owner) in (*_MODULES, *modules):
                    yield _instead(node, STANDINS[name])


def _instead(node: ast.stmt | ast.expr, code: str) -> Edit:
    return Edit(node, lambda text: code + "\n" * (len(lines(text)) - 1))


def _import(node: ast.ImportFrom) -> str:
    """The import without these functions, which it binds to the script's own."""
    others = [each for each in node.names if each.name not in STANDINS]
    parts = [ast.unparse(ast.ImportFrom(node.module, others, 0))] if others else []
    parts += [
        f"{each.asname or each.name} = {STANDINS[each.name]}"
        for each in node.names
        if each.name in STANDINS
    ]
    return "; ".join(parts)
