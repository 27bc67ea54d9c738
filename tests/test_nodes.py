"""Nodes of trees are those of :mod:`ast`, without contexts and operators."""

import ast
from pathlib import Path

import pytest

import nbsnake
from nbsnake.python.nodes import children, walk

LEFT_OUT = (ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop)
TREES = [
    ast.parse(path.read_bytes())
    for path in sorted(Path(nbsnake.__file__).parent.rglob("*.py"))[::20]
]
TREES += [
    ast.parse("match a:\n case [1, {'k': v, **rest}, A(x=1) | B()] if not x and -y < z != 0: pass")
]


def kept(nodes):
    return [node for node in nodes if not isinstance(node, LEFT_OUT)]


@pytest.mark.parametrize("tree", TREES)
def test_they_are_in_the_same_order_each_time(tree):
    for _ in range(2):
        assert walk(tree) == kept(ast.walk(tree))
        assert children(tree) == kept(ast.iter_child_nodes(tree))
