"""Edits of code that change nothing of what it does."""

from pathlib import Path

import pytest
from results_builder import FRESH

from nbsnake.dvc.lockfile import read_lock
from nbsnake.results.sync import remember_same_code


@pytest.fixture
def coded(folder):
    """Both steps import ``helper.py``."""
    Path("helper.py").write_text("x = 1\n")
    make, join = folder.plan.steps.values()
    folder.plan_steps(
        make._replace(deps=("helper.py", "in.txt")), join._replace(deps=("helper.py", "mid.txt"))
    )
    folder.run_all()
    return folder


def test_comments_in_code_make_nothing_stale_and_its_digest_is_locked(coded):
    Path("helper.py").write_text("x = 1  # one\n")
    verdicts = coded.verdicts()
    assert {verdict.same_code for verdict in verdicts.values()} == {("helper.py",)}
    assert coded.states() == FRESH
    before = read_lock()
    done = coded.sync()
    assert done.locked == ("make", "join")
    assert "parts changed in helper.py; its result stays" in done.notes[0]
    assert read_lock() != before
    assert all(verdict.locked for verdict in coded.verdicts().values())


def test_another_program_makes_stale(coded):
    Path("helper.py").write_text("x = 2\n")
    assert coded.verdicts()["make"].reasons == ("helper.py changed",)
    assert coded.verdicts()["make"].same_code == ()


def test_comments_do_not_hide_another_change(coded):
    Path("helper.py").write_text("x = 1  # one\n")
    Path("in.txt").write_text("2\n")
    assert coded.verdicts()["make"].state == "stale"


def test_what_only_looks_like_code_to_a_hand_written_stage_counts_by_its_bytes(coded):
    make, join = coded.plan.steps.values()
    coded.plan_steps(make._replace(notebook=""), join)
    Path("helper.py").write_text("x = 1  # one\n")
    assert coded.verdicts()["make"].state == "stale"
    assert coded.verdicts()["join"].waits == ("make",)


def test_step_with_edited_comments_that_waits_is_restored_where_its_inputs_stay(coded):
    make, join = coded.plan.steps.values()
    coded.plan_steps(make._replace(cmd="python other.py"), join)
    Path("helper.py").write_text("x = 1  # one\n")
    judge = coded.judge()
    assert judge.verdicts()["join"].waits == ("make",)
    remember_same_code(judge)
    assert coded.exec("make") == 0
    assert coded.exec("join") == 0
    assert coded.receipt("join").restored
    assert not coded.receipt("make").restored
