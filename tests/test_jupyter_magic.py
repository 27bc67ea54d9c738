"""``%nbsnake`` in a real IPython session."""

import subprocess
import sys

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from nbsnake.jupyter.richtable import RichTable
from nbsnake.tables import Table


@pytest.fixture
def shell(folder):
    """A session in a project with one step that has never run."""
    for words in (["init"], ["new", "train"], ["generate"]):
        subprocess.run([sys.executable, "-m", "nbsnake", *words], check=True, capture_output=True)
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "nbsnake")
    return shell


def completed(shell, line):
    with provisionalcompleter():
        return {each.text for each in shell.Completer.completions(line, len(line))}


def test_magic_shows_states_reasons_and_completes_steps(shell, capsys):
    table = shell.run_line_magic("nbsnake", "")
    assert "train  never run" in repr(table)
    assert "<td" in table._repr_html_()
    shell.run_line_magic("nbsnake", "why train")
    assert "train has never run" in capsys.readouterr().out
    assert completed(shell, "%nbsnake ") >= {"status", "why", "run", "diff"}
    assert "train" in completed(shell, "%nbsnake why tr")
    for line in ("status other", "remove"):
        with pytest.raises(UsageError):
            shell.run_line_magic("nbsnake", line)


def test_names_in_a_table_are_no_markup():
    table = RichTable(Table(("step", "state"), [("<script>&", "stale")]), "<b>")
    assert "<script>" not in table._repr_html_()
    assert "<b>" not in table._repr_html_()
    assert "<script>&  stale" in repr(table)
