"""The lines by which git ignores outputs are those that DVC writes."""

import subprocess

import pytest
from scmrepo.git import Git

from nbsnake.dvc.gitignore import ignore, tracked_by_git

PATHS = [
    "data/a.csv",
    "data/b c.txt",
    "data/[x]!#.txt",
    "top",
    "data/ü",
    "data/-a_1.b",
    "old/ignored.tmp",
]


@pytest.fixture
def repositories(tmp_path, monkeypatch):
    """Two repositories that are the same: for nbsnake, where we are, and for DVC."""
    for name in ("ours", "theirs"):
        for folder in ("data", "old"):
            (tmp_path / name / folder).mkdir(parents=True)
        (tmp_path / name / "data/.gitignore").write_text("/old-line")
        (tmp_path / name / ".gitignore").write_text("*.tmp\n")
        subprocess.run(["git", "init", "--quiet", str(tmp_path / name)], check=True)
    monkeypatch.chdir(tmp_path / "ours")
    return tmp_path / "ours", tmp_path / "theirs"


def texts(root):
    return {str(file.relative_to(root)): file.read_text() for file in root.rglob(".gitignore")}


def test_lines_are_those_of_dvc(repositories):
    ours, theirs = repositories
    written = ignore(PATHS)
    with Git(str(theirs)) as git:
        for path in PATHS:
            git.ignore(str(theirs / path))
    assert texts(ours) == texts(theirs)
    assert set(written) == {".gitignore", "data/.gitignore"}


def test_what_is_ignored_already_is_left_alone(repositories):
    ours, _ = repositories
    ignore(PATHS)
    before = texts(ours)
    assert ignore(PATHS) == []
    assert texts(ours) == before


def test_without_git_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert ignore(["a"]) == []
    assert tracked_by_git() == []
    assert list(tmp_path.iterdir()) == []


def test_tracked_files_are_listed_below_a_path(repositories):
    ours, _ = repositories
    (ours / "data/x").write_text("x")
    subprocess.run(["git", "add", "data/x"], check=True)
    assert tracked_by_git() == ["data/x"]
    assert tracked_by_git(["data"]) == ["data/x"]
    assert tracked_by_git(["old"]) == []
