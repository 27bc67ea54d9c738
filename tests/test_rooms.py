"""Rooms: each folder's docstring lists the rooms that it imports, and no import points up."""

import ast
import graphlib
import re
import sys
from collections import defaultdict
from pathlib import Path

import pytest

import nbsnake

PACKAGE = Path(nbsnake.__file__).parent
TREES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): ast.parse(path.read_bytes())
    for path in sorted(PACKAGE.rglob("*.py"))
}
# Their functions become part of scripts.
STANDINS = (
    "nbsnake.ipython.standins",
    "nbsnake.ipython.kernelstandins",
    "nbsnake.ipython.kernelcalls",
)
PRINTING = ("nbsnake.commands.", "nbsnake.cli", "nbsnake.job.say", *STANDINS)
JOB = ("job", "escape", "names", "nbsnake")  # the rooms that jobs import
OWNERS = dict.fromkeys(("diskcache", "dvc", "dvc_data", "dvc_objects", "scmrepo"), "dvc")


def imports(name):
    """The modules that a module imports, each with the line, and whether only when called."""
    for node in ast.walk(TREES[name]):
        late = node not in TREES[name].body
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno, late) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = f"{name.rpartition('.')[0]}.{node.module}" if node.level else node.module
            inner = [f"{module}.{alias.name}" for alias in node.names]
            for each in {each if each in TREES else module for each in inner}:
                yield each, node.lineno, late


def room(module):
    return module.split(".")[1] if "." in module else "nbsnake"


def arrows(level):
    graph = defaultdict(set)
    for name in TREES:
        for each, _, _ in imports(name):
            if each in TREES and level(each) != level(name):
                graph[level(name)].add(level(each))
    return graph


def test_no_import_goes_in_a_circle():
    list(graphlib.TopologicalSorter(arrows(lambda module: module)).static_order())
    list(graphlib.TopologicalSorter(arrows(room)).static_order())


@pytest.mark.parametrize("name", sorted({room(name) for name in TREES if name.count(".") > 1}))
def test_room_lists_what_it_imports(name):
    listed = ast.get_docstring(TREES[f"nbsnake.{name}.__init__"]).partition("Imports:")[2]
    assert re.findall(r"\w+", listed) == sorted(arrows(room)[name] - {"nbsnake"})


@pytest.mark.parametrize("name", sorted(TREES))
def test_libraries_stay_in_their_room(name):
    for each, line, late in imports(name):
        top = each.partition(".")[0]
        if top == "snakemake" or top in OWNERS:
            assert room(name) == OWNERS.get(top, top), f"line {line} imports {each}"
        if room(name) == "job" and not late:
            assert top in sys.stdlib_module_names or room(each) in JOB, each


@pytest.mark.parametrize("name", sorted(TREES))
def test_late_import_says_why(name):
    lines = Path(PACKAGE.parent, name.replace(".", "/") + ".py").read_text().splitlines()
    unexplained = [n for _, n, late in imports(name) if late and "  # " not in lines[n - 1]]
    assert unexplained == [] or name in STANDINS


@pytest.mark.parametrize("name", sorted(TREES))
def test_only_commands_print(name):
    printed = any(getattr(node, "id", "") == "print" for node in ast.walk(TREES[name]))
    assert not printed or name.startswith(PRINTING)
