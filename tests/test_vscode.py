"""The files for VS Code: tasks that exist, and errors that become problems at their place."""

import json
import re
from pathlib import Path

import pytest
from builders import nb_bytes

from nbsnake.cli import COMMANDS
from nbsnake.errors import NotebookError, Where
from nbsnake.generate.vscode import WITH_LINE, WITHOUT_LINE, vscode_files
from nbsnake.model.notes import About, Note
from nbsnake.notebook.explain import explained, summaries

FILES = {file.path: json.loads(file.text) for file in vscode_files()}
TASKS = FILES[".vscode/tasks.json"]["tasks"]
ERRORS = Path(__file__).parent / "errors"


def test_tasks_call_commands_that_exist():
    assert FILES[".vscode/tasks.json"]["version"] == "2.0.0"
    assert all(task["args"][2] in COMMANDS for task in TASKS)
    assert [task["label"] for task in TASKS if "group" in task] == ["nbsnake run"]


def test_the_patterns_have_the_groups_that_they_name():
    for matcher in (each for task in TASKS for each in task["problemMatcher"]):
        pattern = matcher["pattern"]
        groups = [pattern[key] for key in ("file", "message", "line") if key in pattern]
        assert groups == [*range(1, re.compile(pattern["regexp"]).groups + 1)]
        assert ("line" in pattern) != (pattern.get("kind") == "file")


@pytest.mark.parametrize("cell", [None, 1])
@pytest.mark.parametrize("line", [None, 2])
@pytest.mark.parametrize("prompt", [None, 7])
def test_an_error_leads_to_its_file_and_line(cell, line, prompt, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a b.ipynb").write_bytes(nb_bytes("x = 1\ny: int").replace(b"null", b"%d" % (prompt or 0)))
    error = NotebookError("x: is wrong", where=Where("a b.ipynb", cell, line), hint="h")
    first, *others = f"nbsnake: {explained(error)}".split("\n")
    found = re.match(WITH_LINE if line else WITHOUT_LINE, first)
    assert found[1] == "a b.ipynb"
    assert (cell is None) == ("cell 1" not in found[2])
    assert found[2].endswith(": x: is wrong")
    assert line is None or found[3] == "2"
    assert not re.match(WITHOUT_LINE if line else WITH_LINE, first)
    assert not any(re.match(each, other) for each in (WITH_LINE, WITHOUT_LINE) for other in others)


def test_what_is_only_said_of_a_notebook_is_no_problem():
    where = Where("notebooks/a.ipynb", 2)
    (said,) = summaries(
        [Note(About.LEFT_OUT, where, "it is marked"), Note(About.DROPPED, where, "x", name="%pip")]
    )
    assert not any(re.match(each, said) for each in (WITH_LINE, WITHOUT_LINE))


def test_every_golden_message_with_a_place_is_matched_once():
    lines = [
        line
        for path in ERRORS.glob("*/message.txt")
        for line in path.read_text().splitlines()
        if re.match(r"[^\s:]+\.\w+[,:] ", line)
    ]
    assert len(lines) > 100
    for line in lines:
        found = [bool(re.match(each, line)) for each in (WITH_LINE, WITHOUT_LINE)]
        assert found.count(True) == 1, line


def test_params_are_tied_to_the_schema_that_generate_writes():
    (schema,) = FILES[".vscode/settings.json"]["yaml.schemas"]
    assert schema == "workflow/schemas/params.schema.json"
