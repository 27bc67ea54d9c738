"""The comparison with other tools: what is counted, and what the table says of faults."""

import json
import sys
from pathlib import Path

import nbformat
import pytest

RIVALS = Path(__file__).parent / "bench" / "rivals"
NAMES = [path.name for path in sorted((RIVALS / "projects").iterdir())]


@pytest.fixture
def rivals(monkeypatch):
    monkeypatch.syspath_prepend(str(RIVALS))
    monkeypatch.syspath_prepend(str(RIVALS.parent))
    import measure_rivals
    import project
    import rival_tools

    yield measure_rivals, project, {tool.name: tool for tool in rival_tools.TOOLS}
    for name in ("measure_rivals", "project", "rival_tools"):
        del sys.modules[name]


def test_each_tool_has_a_project(rivals):
    assert sorted(rivals[2]) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_project_of_a_tool_has_its_notebooks_its_values_and_a_sweep(rivals, name, tmp_path):
    _, project, tools = rivals
    tool = tools[name]
    project.write_project(tmp_path / "digits", tool)
    paths = sorted((tmp_path / "digits/notebooks").iterdir())
    assert [path.stem for path in paths] == sorted(
        ["edges", "evaluate", "forest", "load", "pixels", "svm"]
    )
    for path in paths:
        document = nbformat.reads(path.read_text(), 4)
        nbformat.validate(document)
        tags = [tag for each in document.cells for tag in each.metadata.get("tags", ())]
        assert tags == ["parameters"] * tool.tagged
        assert ":dvc-in" not in path.read_text() or name == "nbsnake"
    if name != "nbsnake":  # which writes params.yaml itself
        project.change_value(tmp_path / "digits", tool, tool.old, tool.new)
        with pytest.raises(ValueError, match="does not hold"):
            project.change_value(tmp_path / "digits", tool, tool.old, tool.new)
    project.add_comment(tmp_path / "digits")
    assert "# The default kernel" in json.dumps(json.loads(paths[-1].read_text()))
    project.add_sweep(tmp_path / "digits", tool)
    settings, cells = project.written_lines(tool)
    assert (settings == 0) is (name == "nbsnake")
    assert cells >= 6
    assert project.sweep_lines(tool) >= 4


def test_table_names_what_fails_and_what_cannot_be_installed(rivals):
    measure, _, tools = rivals
    works = measure.Outcome(measure.Cost(2.0, 9.0), 6, "")
    fails = measure.Outcome(measure.Cost(1.0, 1.0), 0, "no such stage")
    chosen = [tools["dvc"], tools["pytask"]]
    found = {"dvc": [[works] * 5 + [fails]], "pytask": []}
    faults = {"dvc": "", "pytask": "no matching distribution"}
    lines = [*measure.table(chosen, found, faults, {"dvc": "dvc 1", "pytask": ""})]
    assert " | 2.0, 6 | 2.0, 6 | 2.0, 6 | 2.0, 6 | 2.0, 6 | fails | " in lines[2]
    assert "- DVC and papermill, sweep of 20: no such stage" in lines
    assert "- pytask and papermill cannot be installed: no matching distribution" in lines
    assert not any("pytask" in line for line in lines[:3])
