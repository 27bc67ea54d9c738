"""How other programs are called."""

import ast
import subprocess

import pytest
from test_rooms import TREES

from nbsnake.programs import git_call, python_call

OWNER = "nbsnake.programs"


def test_python_does_not_look_for_modules_in_the_working_directory():
    assert "-P" in python_call("queue")


def test_a_working_directory_that_was_removed_is_named(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    call = ["sh", "-c", 'rmdir "$0"; exec "$@"', str(gone), *python_call("nbsnake", "status")]
    done = subprocess.run(call, cwd=gone, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == "nbsnake: cannot work in .: No such file or directory\n"


def test_git_starts_no_program_of_the_repository():
    words = git_call("add", "a")
    assert words[-2:] == ["add", "a"]
    assert "core.fsmonitor=false" in words


@pytest.mark.parametrize("name", sorted(TREES))
def test_only_one_module_says_how_python_and_git_are_called(name):
    for node in ast.walk(TREES[name]):
        python = isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.executable"
        words = node.elts if isinstance(node, ast.List | ast.Tuple) else []
        git = bool(words) and ast.unparse(words[0]) == "'git'"
        assert name == OWNER or not (python or git), f"line {node.lineno}"
