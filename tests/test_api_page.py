"""docs/api.md is made of the docstrings of the Python API."""

import ast
import inspect
import re
import textwrap
from pathlib import Path

import nbsnake
from nbsnake import errors, fixtures, testing
from nbsnake.tables import Table, as_markdown

FILE = Path(__file__).parents[1] / "docs/api.md"
HEAD = """\
# Python API

Made of the docstrings; [python.md](python.md) has examples. Nothing else of the package is an API.
"""
FAULTS = ("NbsnakeError", "UsageError", "StaleError", "ToolError")


def text_of(thing):
    """A docstring as Markdown."""
    text = re.sub(r":\w+:`([^`]+)`", r"`\1`", inspect.getdoc(thing))
    return text.replace("``", "`")


def tree_of(thing):
    return ast.parse(textwrap.dedent(inspect.getsource(thing))).body[0]


def call(function):
    """A function as it is called; ``MappingProxyType`` is how its defaults are kept unchanged."""
    node = tree_of(function)
    shown = ast.unparse(node.args).removeprefix("self, ").removeprefix("self")
    shown = shown.replace("MappingProxyType({})", "{}")
    return f"`{node.name}({shown}) -> {ast.unparse(node.returns)}`"


def rows_of(kind):
    lines = [each for each in tree_of(kind).body if isinstance(each, ast.AnnAssign)]
    table = Table(
        ("field", "type"), [(each.target.id, ast.unparse(each.annotation)) for each in lines]
    )
    return as_markdown(table)


def page():
    parts = [HEAD, "## nbsnake", f"### {call(nbsnake.load_project)}"]
    parts += [text_of(nbsnake.load_project), "### `Project`", text_of(nbsnake.Project)]
    for method in (nbsnake.Project.status, nbsnake.Project.run, nbsnake.Project.report):
        parts += [f"#### {call(method)}", text_of(method)]
    parts += ["### `Status`", text_of(nbsnake.Status), rows_of(nbsnake.Status)]
    parts += ["## nbsnake.testing", f"### {call(testing.run_step)}", text_of(testing.run_step)]
    parts += ["## nbsnake.fixtures", text_of(fixtures), "### `run_step`"]
    parts += [text_of(fixtures.run_step), "## nbsnake.errors"]
    for name in FAULTS:
        kind = getattr(errors, name)
        parts += [f"### `{name}`", f"{text_of(kind)} Exit code {kind.exit_code}."]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def test_the_page_is_that_of_the_docstrings(update_golden):
    text = page()
    if update_golden:
        FILE.write_text(text, encoding="utf-8")
    assert text == FILE.read_text(encoding="utf-8")
