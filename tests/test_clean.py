"""``nbsnake clean`` finds what nothing names, and removes no source."""

import os
import subprocess
from pathlib import Path

import pytest
from results_builder import Folder, planned

from nbsnake.job.content import digest
from nbsnake.job.executed import notebook_path
from nbsnake.job.own import write_own
from nbsnake.job.regular import NotRegularError
from nbsnake.results.waste import find_waste, remove_waste


@pytest.fixture
def project(folder, monkeypatch):
    """A committed project; its last step has run with two values, of which one is committed."""
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "A")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "a@example.org")
    git("init", "--quiet")
    built = Folder()
    built.run_all()
    git("add", "dvc.lock", "in.txt")
    git("commit", "--quiet", "-m", "one")
    return built


def git(*words):
    subprocess.run(["git", *words], check=True)


def kinds(project, revisions=1):
    return [(each.kind, each.path) for each in find_waste(project.plan, revisions)]


def run_with(project, times):
    make = project.plan.steps["make"]
    project.plan_steps(make, planned("join", "mid.txt", "out.txt", times))
    project.run_all()


def test_nothing_is_found_where_all_is_named(project):
    assert kinds(project) == []


def test_without_a_lock_that_can_be_read_nothing_is_found(project):
    Path("dvc.lock").unlink()
    os.mkfifo("dvc.lock")
    with pytest.raises(NotRegularError):
        find_waste(project.plan, 1)


def test_result_of_an_uncommitted_value_is_found_when_it_was_left(project):
    run_with(project, 3)
    left = project.object_of("out.txt")
    assert kinds(project) == []  # dvc.lock names it, and the commit the other one
    run_with(project, 2)
    found = find_waste(project.plan, 1)
    assert [each.kind for each in found] == ["run", "object"]
    assert found[1].path == str(left)
    assert found[1].size == len("1\n" * 3)
    remove_waste(found)
    assert not left.exists()
    assert kinds(project) == []
    assert set(project.states().values()) == {"fresh"}


def test_result_that_a_commit_or_a_branch_names_stays(project):
    git("branch", "other")
    run_with(project, 3)
    git("commit", "--quiet", "-am", "two")
    assert kinds(project, revisions=1) == []
    git("branch", "--quiet", "-D", "other")
    assert [kind for kind, _ in kinds(project, revisions=1)] == ["run", "object"]
    assert kinds(project, revisions=2) == []


def test_what_a_step_left_that_is_gone_is_found_and_what_was_edited_stays(project):
    write_own(notebook_path("join"), b"{}")
    write_own(notebook_path("make"), b"{}")
    Path("logs").mkdir()
    for name in ("make", "join"):
        Path(f"logs/{name}.log").write_text("x")
    project.plan_steps(project.plan.steps["make"])
    found = [each for each in kinds(project) if each[0] != "object"]
    assert found == [
        ("result", "out.txt"),
        ("log", "logs/join.log"),
        ("receipt", ".nbsnake/receipts/join.json"),
        ("notebook", ".nbsnake/executed/join.ipynb"),
    ]
    Path("out.txt").chmod(0o644)
    Path("out.txt").write_text("edited\n")
    assert ("result", "out.txt") not in kinds(project)


def test_source_is_never_found_though_a_step_wrote_the_same(project):
    Path("data").mkdir()
    Path("data/raw.txt").write_text("1\n" * 3)
    md5 = digest("data/raw.txt").md5
    Path("data/raw.txt.dvc").write_text(f"outs:\n- md5: {md5}\n  size: 6\n  path: raw.txt\n")
    run_with(project, 3)
    run_with(project, 2)
    assert "object" not in [kind for kind, _ in kinds(project)]


def test_cache_of_several_projects_is_left_alone(project, tmp_path):
    run_with(project, 3)
    run_with(project, 2)
    shared = project.plan.cache._replace(folder=str(Path(".dvc/cache").absolute()))
    assert find_waste(project.plan._replace(cache=shared), 1) == []
