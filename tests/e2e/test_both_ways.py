"""Whichever tool has worked in the project, plain Snakemake runs what is nowhere, and only that."""

import shutil

import pytest
from diamond import NOTHING
from e2e_project import Project

pytestmark = [pytest.mark.e2e, pytest.mark.lock]


def commit(project: Project, message: str) -> None:
    project.git("add", ".")
    project.git("commit", "--quiet", "--message", message)


def assert_nothing_to_do(project: Project) -> None:
    lock = project.lock()
    assert NOTHING in project.snakemake()
    assert project.computed() == []
    assert project.lock() == lock
    project.assert_dvc_clean()


def test_after_an_experiment_of_dvc_there_is_nothing_to_do(done: Project) -> None:
    # DVC's experiments read ${...} in a value as a reference.
    done.write("params.yaml", "make: {repeat: 2}\nleft: {factor: 3}\nright: {word: n}\n")
    done.snakemake()
    commit(done, "plain values")
    done.computed()
    done.dvc("exp", "run", "--quiet", "--set-param", "left.factor=5")
    assert done.computed() == ["join", "left"]
    assert_nothing_to_do(done)
    shown = done.dvc("exp", "show", "--csv", "--no-pager")
    assert "left.factor" in shown
    done.dvc("exp", "apply", "--quiet", done.dvc("exp", "list", "--name-only").split()[0])
    assert_nothing_to_do(done)


def test_after_going_back_without_dvc_checkout_all_is_restored(done: Project) -> None:
    lock, results = done.lock(), done.outputs()
    done.replace("params.yaml", "factor: 3", "factor: 5")
    done.snakemake()
    done.computed()
    commit(done, "five")
    done.git("checkout", "--quiet", "HEAD~1")
    output = done.snakemake()
    assert "restored from the cache: left, join" in output
    assert NOTHING in output
    assert done.computed() == []
    assert done.lock() == lock
    assert done.outputs() == results

    done.git("checkout", "--quiet", "-")
    done.dvc("checkout", "--quiet")
    assert_nothing_to_do(done)


def test_a_stash_comes_and_goes_without_computing(done: Project) -> None:
    done.replace("params.yaml", "factor: 3", "factor: 5")
    done.snakemake()
    assert done.computed() == ["join", "left"]
    done.git("stash", "--quiet")
    assert "restored from the cache: left, join" in done.snakemake()
    assert_nothing_to_do(done)
    done.git("stash", "pop", "--quiet")
    assert "restored from the cache: left, join" in done.snakemake()
    assert_nothing_to_do(done)


def two_branches(done: Project) -> None:
    """Each with another parameter and its results; ``two`` is checked out, ``one`` to be merged."""
    done.git("checkout", "--quiet", "-b", "one")
    done.replace("params.yaml", "factor: 3", "factor: 5")
    done.snakemake()
    commit(done, "one")
    done.git("checkout", "--quiet", "-b", "two", "HEAD~1")
    done.replace("params.yaml", "repeat: 2", "repeat: 1")
    done.snakemake()
    commit(done, "two")
    done.computed()


def assert_merged(done: Project) -> None:
    assert "factor: 5" in done.read("params.yaml")
    assert "repeat: 1" in done.read("params.yaml")
    done.snakemake()
    assert done.computed() == ["join", "left"], "make and right are as on the second branch"
    commit(done, "merged")
    assert_nothing_to_do(done)


def test_a_merge_of_two_branches_computes_what_no_branch_has(done: Project) -> None:
    two_branches(done)
    done.git("merge", "--quiet", "one")
    assert_merged(done)


def test_without_the_drivers_conflicts_are_for_a_person(done: Project) -> None:
    two_branches(done)
    (done.root / ".git/info/attributes").unlink()
    done.run("git", "merge", "--quiet", "one", code=1)
    output = done.snakemake(code=3)
    assert "dvc.lock, line" in output
    assert "contains merge conflicts" in output
    done.git("checkout", "--ours", "dvc.lock")
    assert_merged(done)


def test_a_reason_is_reported_for_each_step_that_runs(done: Project) -> None:
    done.replace("params.yaml", "factor: 3", "factor: 5")
    output = done.snakemake("--dry-run")
    assert "nbsnake: left is stale: left.factor was 3, now 5" in output
    done.write("data/raw.txt", "4 5\n")
    output = done.snakemake()
    assert "nbsnake: make is stale: data/raw.txt changed" in output
    assert done.computed() == ["join", "left", "make", "right"]


def test_results_of_any_earlier_run_come_back_unless_that_is_not_wanted(done: Project) -> None:
    locks = {3: done.lock()}
    for value in (5, 7):
        done.replace("params.yaml", f"factor: {value - 2}", f"factor: {value}")
        done.snakemake()
        locks[value] = done.lock()
    done.computed()
    done.replace("params.yaml", "factor: 7", "factor: 3")
    shutil.rmtree(done.root / ".nbsnake/receipts")
    done.nbsnake("run", "-j", "2")
    assert done.computed() == []
    assert done.lock() == locks[3]

    done.replace("params.yaml", "factor: 3", "factor: 5")
    done.nbsnake("run", "-j", "2", "--no-restore")
    assert done.computed() == ["join", "left"]
    assert done.lock() == locks[5]
    assert_nothing_to_do(done)


def test_the_other_commands_of_dvc_work_on_the_result(done: Project) -> None:
    done.replace("params.yaml", "factor: 3", "factor: 5")
    done.snakemake()
    assert "left.factor" in done.dvc("params", "diff")
    assert "sum" in done.dvc("metrics", "diff")
    assert "metrics.json" in done.dvc("metrics", "show")
    assert "results of all/left.txt" in done.dvc("diff")
    assert "left" in done.dvc("dag", "--mermaid")
    done.dvc("plots", "show", "--json")
    done.dvc("gc", "--workspace", "--force", "--quiet")
    assert done.wrong_objects() == []
    done.computed()
    assert_nothing_to_do(done)


def test_what_dvc_has_forgotten_is_computed_and_locked_again(done: Project) -> None:
    done.replace("params.yaml", "factor: 3", "factor: 5")
    done.snakemake()
    done.dvc("gc", "--workspace", "--force", "--quiet")
    done.computed()
    done.replace("params.yaml", "factor: 5", "factor: 3")
    done.snakemake()
    assert done.computed() == ["join", "left"], "the objects are gone"
    assert_nothing_to_do(done)


def test_a_checkout_removes_what_another_commit_does_not_have(done: Project) -> None:
    """DVC removes outputs of which it knows that it put them there."""
    done.replace("params.yaml", "factor: 3", "factor: 5")
    done.snakemake()
    for path in ("dvc.yaml", "dvc.lock"):
        text = done.read(path)
        done.write(path, text[: text.index("  join:")])
    done.dvc("checkout", "--quiet")
    assert not (done.root / "joined.txt").exists()
    assert (done.root / "data/numbers.txt").exists()
