"""The nodes of trees of code, which nobody changes: they are found once, however often asked for.

Left out are contexts (``Load``) and operators, which name nothing and hold nothing.
"""

import ast

_CHILDREN = "nbsnake_children"  # of a node, as an attribute of its own
_LEFT_OUT = frozenset({"ctx", "op", "ops"})
_FIELDS: dict[type[ast.AST], list[str]] = {}


def walk(tree: ast.AST) -> list[ast.AST]:
    """A node and all nodes below, in the order of :func:`ast.walk`."""
    found = [tree]
    for node in found:  # which grows
        found += children(node)
    return found


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes right below one, in the order of :func:`ast.iter_child_nodes`."""
    known: list[ast.AST] | None = node.__dict__.get(_CHILDREN)
    if known is not None:
        return known
    found: list[ast.AST] = []
    for name in _FIELDS.get(type(node)) or _fields(type(node)):
        value = getattr(node, name, None)
        if isinstance(value, list):
            found += [each for each in value if isinstance(each, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    node.__dict__[_CHILDREN] = found
    return found


def _fields(kind: type[ast.AST]) -> list[str]:
    _FIELDS[kind] = [name for name in kind._fields if name not in _LEFT_OUT]
    return _FIELDS[kind]
