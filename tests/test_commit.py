"""The commit of HEAD by git's files, as git itself says it."""

import subprocess

import pytest

from nbsnake.job.commit import head_commit


def git(*words):
    done = subprocess.run(["git", *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(folder, monkeypatch):
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "A")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "a@example.org")
    git("init", "--quiet", "-b", "main")
    git("commit", "--quiet", "--allow-empty", "-m", "one")
    return folder


def test_commit_is_that_of_a_branch_of_packed_refs_and_of_a_detached_head(repository):
    assert head_commit() == git("rev-parse", "HEAD")
    git("pack-refs", "--all")
    assert head_commit() == git("rev-parse", "HEAD")
    git("checkout", "--quiet", "--detach")
    git("commit", "--quiet", "--allow-empty", "-m", "two")
    assert head_commit() == git("rev-parse", "HEAD")


def test_commit_in_a_subfolder_and_in_another_work_tree(repository):
    (repository / "sub").mkdir()
    assert head_commit("sub") == git("rev-parse", "HEAD")
    git("worktree", "add", "--quiet", "-b", "other", "tree")
    git("-C", "tree", "commit", "--quiet", "--allow-empty", "-m", "three")
    assert head_commit("tree") == git("-C", "tree", "rev-parse", "HEAD") != head_commit()


@pytest.mark.parametrize(
    "head", ["", "ref: refs/heads/none", "ref: refs/../../../etc/passwd", "\0", "ref: HEAD"]
)
def test_what_is_no_head_gives_no_commit(repository, head):
    (repository / ".git/HEAD").write_text(head)
    assert head_commit() == ""


def test_no_repository_and_no_first_commit(folder):
    assert head_commit() == ""
    git("init", "--quiet")
    assert head_commit() == ""
