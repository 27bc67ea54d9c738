"""Generated files: only what differs is written, and never outside the project."""

import os
from pathlib import Path

import pytest

from nbsnake.errors import PipelineError
from nbsnake.generate.files import GeneratedFile, find_drift, find_orphans, settle
from nbsnake.names import GENERATED


@pytest.fixture(autouse=True)
def _in_tmp_path(tmp_path, monkeypatch):
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")


SCRIPT = GeneratedFile(
    path="workflow/scripts/a.py",
    text=f"{GENERATED}\n# %% cell 1\nx = 'ü'\n\n\n# %% cell 2\ny = 1\n",
    notebook="notebooks/a.ipynb",
)
PLAIN = GeneratedFile(path="dvc.yaml", text="stages: {}\n")
ONCE = GeneratedFile(path="Snakefile", text="# yours\n", once=True)
ALL = [SCRIPT, PLAIN, ONCE]


def reasons(files=ALL, orphans=()):
    return {drift.path: drift.reason for drift in find_drift(files, orphans)}


def test_missing_files_are_written_and_then_fit():
    assert set(reasons().values()) == {"missing"}
    settle(find_drift(ALL, []))
    assert reasons() == {}
    assert os.access(SCRIPT.path, os.X_OK)
    assert not os.access(PLAIN.path, os.X_OK)


def test_only_what_changed_is_written():
    settle(find_drift(ALL, []))
    times = {file.path: Path(file.path).stat().st_mtime_ns for file in ALL}
    Path(PLAIN.path).write_text("changed")
    assert reasons() == {PLAIN.path: "changed"}
    settle(find_drift(ALL, []))
    assert reasons() == {}
    for file in (SCRIPT, ONCE):
        assert Path(file.path).stat().st_mtime_ns == times[file.path]


def test_file_of_the_user_is_never_changed():
    Path(ONCE.path).write_text("mine")
    settle(find_drift(ALL, []))
    assert Path(ONCE.path).read_text() == "mine"


def test_lost_permission_to_run_is_drift():
    settle(find_drift(ALL, []))
    Path(SCRIPT.path).chmod(0o644)
    assert reasons() == {SCRIPT.path: "changed"}
    settle(find_drift(ALL, []))
    assert os.access(SCRIPT.path, os.X_OK)


def test_script_that_a_loss_of_power_left_empty_is_written_again():
    settle(find_drift([SCRIPT], []))
    Path(SCRIPT.path).write_text("")
    assert reasons([SCRIPT]) == {SCRIPT.path: "changed"}
    settle(find_drift([SCRIPT], []))
    assert reasons([SCRIPT]) == {}


def test_only_files_with_something_of_the_user_are_flushed_to_the_disk(monkeypatch):
    flushed = []
    monkeypatch.setattr(os, "fsync", lambda number: flushed.append(os.fstat(number).st_size))
    settle(find_drift(ALL, []))
    assert flushed == [len(PLAIN.text), len(ONCE.text)]


def test_file_that_is_no_text_is_drift():
    Path(PLAIN.path).write_bytes(b"\xff\xfe\x00")
    assert reasons([PLAIN]) == {PLAIN.path: "changed"}
    settle(find_drift([PLAIN], []))
    assert reasons([PLAIN]) == {}


def test_line_ends_of_windows_are_drift():
    Path(PLAIN.path).write_bytes(PLAIN.text.replace("\n", "\r\n").encode())
    assert reasons([PLAIN]) == {PLAIN.path: "changed"}


@pytest.mark.parametrize(
    ("old", "new"), [("x = 'ü'", 'x  =  "ü"  # why'), ("\n\n\n", "\n")], ids=repr
)
def test_layout_of_a_script_is_no_drift(old, new):
    settle(find_drift([SCRIPT], []))
    Path(SCRIPT.path).write_text(SCRIPT.text.replace(old, new), newline="")
    assert reasons([SCRIPT]) == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [("'ü'", "'u'"), ("cell 2", "cell 3"), ("y = 1", "y = ("), ("y = 1\n", ""), ("\n", "\r\n")],
)
def test_what_python_or_an_editor_reads_of_a_script_is_drift(old, new):
    settle(find_drift([SCRIPT], []))
    Path(SCRIPT.path).write_text(SCRIPT.text.replace(old, new), newline="")
    assert reasons([SCRIPT]) == {SCRIPT.path: "changed"}


def test_orphan_is_a_generated_file_of_no_step():
    settle(find_drift([SCRIPT], []))
    Path("workflow/scripts/mine.py").write_text("print()")
    Path("workflow/scripts/b.py").write_text(f"#!/usr/bin/env python3\n{GENERATED} from b.ipynb")
    Path("workflow/scripts/b.txt").write_text(GENERATED)
    orphans = find_orphans("workflow/scripts", ".py", [SCRIPT.path])
    assert orphans == ["workflow/scripts/b.py"]
    assert reasons([SCRIPT], orphans) == {"workflow/scripts/b.py": "orphan"}
    settle(find_drift([SCRIPT], orphans))
    names = sorted(path.name for path in Path("workflow/scripts").iterdir())
    assert names == ["a.py", "b.txt", "mine.py"]


def test_folder_that_is_missing_has_no_orphans():
    assert find_orphans("missing", ".py", []) == []


@pytest.mark.parametrize("link", ["workflow", "workflow/scripts", "workflow/scripts/a.py"])
@pytest.mark.parametrize("exists", [True, False])
def test_link_out_of_the_project_is_refused(link, exists, tmp_path):
    outside = tmp_path / "outside"
    if exists:
        outside.mkdir()
    Path(link).parent.mkdir(parents=True, exist_ok=True)
    Path(link).symlink_to(outside)
    with pytest.raises(PipelineError, match="leads out of the project"):
        find_drift([SCRIPT], [])
    assert not exists or list(outside.iterdir()) == []


def test_link_made_after_the_comparison_is_refused_too(tmp_path):
    drifts = find_drift([SCRIPT], [])
    (tmp_path / "outside").mkdir()
    Path("workflow").symlink_to(tmp_path / "outside")
    with pytest.raises(PipelineError, match="leads out of the project"):
        settle(drifts)
    assert list((tmp_path / "outside").iterdir()) == []


def test_link_inside_the_project_is_followed():
    Path("elsewhere").mkdir()
    Path("workflow").symlink_to("elsewhere")
    settle(find_drift([SCRIPT], []))
    assert Path("elsewhere/scripts/a.py").exists()
    assert reasons([SCRIPT]) == {}


def test_diff_shows_old_and_new_lines():
    Path(PLAIN.path).write_text("old: no line end")
    (drift,) = find_drift([PLAIN], [])
    expected = "--- a/dvc.yaml\n+++ b/dvc.yaml\n@@ -1 +1 @@\n-old: no line end\n+stages: {}\n"
    assert drift.diff() == expected


def test_diff_of_a_script_names_the_cell():
    settle(find_drift([SCRIPT], []))
    Path(SCRIPT.path).write_text(SCRIPT.text.replace("y = 1", "y = 2"))
    (drift,) = find_drift([SCRIPT], [])
    assert drift.cells == [2]
    assert "-y = 2\n+y = 1\n" in drift.diff()
    assert "ü" not in drift.diff()


def test_diff_of_an_orphan_removes_all():
    Path("b.py").write_text("x\n")
    (drift,) = find_drift([], ["b.py"])
    assert drift.new is None
    assert drift.diff().endswith("-x\n")
