"""The files in git's index are those that git names."""

import os
import subprocess
from pathlib import Path

import pytest

from nbsnake.adopt.gitindex import tracked_files


def git(*words):
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(["git", *words], capture_output=True, text=True, check=True, env=env)
    return done.stdout


@pytest.fixture(autouse=True)
def repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet")
    names = ["a", "b/a.csv", "b/ü ß.txt", "c/" + "x" * 200, *(f"d/{n}" for n in range(20))]
    for name in names:
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(name)
    return tmp_path


@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_the_files_are_those_that_git_names(version):
    git("add", ".")
    git("update-index", "--index-version", version)
    if version != "2":
        git("update-index", "--skip-worktree", "a")
    named = set(git("ls-files", "-z").split("\0")) - {""}
    assert tracked_files() == named
    assert tracked_files("d") == {str(n) for n in range(20)}


def test_without_git_or_with_a_broken_index_there_are_none(repository):
    assert tracked_files() == set()
    (repository / ".git/index").write_bytes(b"DIRC\0\0\0\2\0\0\0\7abc")
    assert tracked_files() == set()
