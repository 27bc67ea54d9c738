"""docs/commands.md has a page for each command, made of the parser; examples are valid calls."""

import argparse
import shlex
from pathlib import Path

import pytest

from nbsnake.cli import COMMANDS, full_parser
from nbsnake.escape import escaped
from nbsnake.examples import EXAMPLES

FILE = Path(__file__).parents[1] / "docs/commands.md"
HEAD = """\
# Commands

`nbsnake COMMAND --help` prints the same. `-C DIR` before the command works as if called in `DIR`. \
Exit codes: 0 fine, 1 drift or a fault in the project, 2 a wrong call, 3 a tool that failed.
"""
PARSERS = full_parser()[1]
SHOWN = [name for name in COMMANDS if name != "exec"]


def cell(text):
    return escaped(text).replace("|", "\\|").replace("<", "&lt;")


def words(action):
    """An argument as it is written."""
    name = (action.metavar or "").replace("|", "\\|") or (
        action.dest.upper() if action.nargs != 0 else ""
    )
    if action.choices:
        name = "\\|".join(map(str, action.choices))
    if not action.option_strings:
        return f"{name} ..." if action.nargs in ("*", "+") else name
    many = " ..." if action.nargs == "+" else ""
    return ", ".join(action.option_strings) + (f" {name}{many}" if name else "")


def is_shown(action):
    return action.dest != "help" and action.help != argparse.SUPPRESS


def page(name):
    parser = PARSERS[name]
    arguments = [each for each in parser._actions if is_shown(each)]
    lines = [f"## nbsnake {name}", "", parser.description, ""]
    if arguments:
        lines += ["| argument | meaning |", "|---|---|"]
        lines += [f"| `{words(each)}` | {cell(each.help % vars(each))} |" for each in arguments]
        lines.append("")
    if name in EXAMPLES:
        lines += ["```sh", *(f"{call}  # {about}" for call, about in EXAMPLES[name]), "```", ""]
    return "\n".join(lines)


def test_pages_are_those_of_the_parser(update_golden):
    text = "\n".join([HEAD, *map(page, SHOWN)])
    if update_golden:
        FILE.write_text(text)
    assert text == FILE.read_text()


@pytest.mark.parametrize("name", SHOWN)
def test_each_command_has_an_example_and_a_help_for_each_argument(name):
    assert name in EXAMPLES or name in ("merge", "record")
    assert all(each.help for each in PARSERS[name]._actions)


@pytest.mark.parametrize("call", [call for calls in EXAMPLES.values() for call, _ in calls])
def test_examples_are_valid_calls(call):
    program, name, *arguments = shlex.split(call)
    assert program == "nbsnake"
    assert isinstance(PARSERS[name].parse_args(arguments), argparse.Namespace)
