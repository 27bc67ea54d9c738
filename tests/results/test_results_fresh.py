"""Which results are fresh, and why others are not."""

import os
from pathlib import Path

import pytest
from results_builder import FRESH, planned

from nbsnake.dvc.lockfile import read_lock
from nbsnake.job.content import stamp
from nbsnake.job.digests import Digests
from nbsnake.job.plan import PlannedOut
from nbsnake.results.sync import Synced


def test_steps_that_never_ran_are_not_fresh(folder):
    assert folder.states() == {"make": "never run", "join": "never run"}


def test_what_ran_and_was_locked_is_fresh(done):
    assert done.states() == FRESH
    assert all(verdict.settled and verdict.locked for verdict in done.verdicts().values())
    assert Path("out.txt").read_text() == "1\n1\n"


def test_lock_alone_makes_fresh(done):
    for name in FRESH:
        os.unlink(f".nbsnake/receipts/{name}.json")
    assert done.states() == FRESH


@pytest.mark.parametrize("path", ["in.txt", "mid.txt", "out.txt"])
def test_changed_byte_makes_stale_though_size_and_time_are_the_same(done, path):
    status = os.stat(path)
    text = Path(path).read_text()
    os.chmod(path, 0o644)
    Path(path).write_text(text.replace("1", "2"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert done.states() != FRESH


def test_stamp_changes_with_the_content_though_size_and_time_are_the_same(folder):
    before, status = stamp("in.txt"), os.stat("in.txt")
    Path("in.txt").write_text("2\n")
    os.utime("in.txt", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert os.stat("in.txt").st_mtime_ns == status.st_mtime_ns
    assert stamp("in.txt") != before


def test_digest_is_read_again_though_size_and_time_are_the_same(folder):
    digests, status = Digests(), os.stat("in.txt")
    before = digests.of("in.txt")
    Path("in.txt").write_text("2\n")
    os.utime("in.txt", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert digests.known("in.txt") is None
    assert digests.of("in.txt") != before


def test_step_after_a_stale_one_waits_and_is_not_settled(done):
    Path("in.txt").write_text("2\n")
    make, join = done.verdicts().values()
    assert (make.state, make.reasons) == ("stale", ("in.txt changed",))
    assert (join.state, join.reasons, join.waits) == ("stale", (), ("make",))
    assert not join.settled
    assert not join.locked


def test_waiting_step_is_not_locked(done):
    Path("in.txt").write_text("2\n")
    lock = read_lock()
    os.unlink("dvc.lock")
    assert done.sync().locked == ()
    assert read_lock() == {} != lock


def test_changed_parameter_and_command_make_stale(done):
    old = done.plan.steps["join"]
    done.plan_steps(done.plan.steps["make"], planned("join", "mid.txt", "out.txt", 3))
    assert done.verdicts()["join"].reasons == ("join.times was 2, now 3",)
    done.plan_steps(done.plan.steps["make"], old._replace(cmd="python other.py"))
    assert done.verdicts()["join"].reasons == ("the command changed",)


def test_added_dependency_makes_stale(done):
    make, join = done.plan.steps.values()
    done.plan_steps(make, join._replace(deps=("in.txt", "mid.txt")))
    assert done.verdicts()["join"].reasons == ("in.txt is a new dependency",)


def test_frozen_step_is_taken_as_it_is(done):
    make, join = done.plan.steps.values()
    done.plan_steps(make._replace(frozen=True), join)
    Path("in.txt").write_text("2\n")
    assert done.states() == FRESH
    os.unlink("mid.txt")
    assert done.verdicts()["make"].reasons == ("mid.txt is missing",)


def test_step_that_runs_each_time_is_never_fresh_but_locked(done):
    make, join = done.plan.steps.values()
    done.plan_steps(make, join._replace(always=True))
    assert done.verdicts()["join"].state == "stale"
    assert done.verdicts()["join"].settled


def test_added_outputs_are_reasons(done):
    make, join = done.plan.steps.values()
    done.plan_steps(make, join._replace(outs=(*join.outs, PlannedOut("in2.txt"))))
    assert done.verdicts()["join"].reasons == ("in2.txt is a new output",)
    Path("in2.txt").write_text("there already\n")
    assert done.verdicts()["join"].reasons == ("in2.txt is a new output",)
    done.plan_steps(make, join._replace(outs=(PlannedOut("other.txt"),)))
    assert done.verdicts()["join"].reasons == ("other.txt is a new output",)


def test_what_a_step_no_longer_declares_is_no_change(folder):
    make, join = folder.plan.steps.values()
    Path("old.txt").write_text("kept\n")
    more = {
        "deps": (*join.deps, "in.txt"),
        "outs": (*join.outs, PlannedOut("old.txt", persist=True)),
        "params": {"params.yaml": {"join.times": 2, "join.old": 1}, "old.yaml": {"key": 1}},
    }
    folder.plan_steps(make, join._replace(**more))
    folder.run_all()
    lock = Path("dvc.lock").read_text()
    folder.plan_steps(make, join)
    assert folder.verdicts()["join"].reasons == ()
    assert folder.sync() == Synced()
    assert Path("dvc.lock").read_text() == lock
    os.unlink("dvc.lock")
    assert folder.sync().locked == ("make", "join")
    assert "old" not in Path("dvc.lock").read_text()


def test_key_that_left_a_parameter_file_is_a_change_where_all_keys_count(folder):
    make, join = folder.plan.steps.values()
    params = {**join.params, "all.yaml": {"a": 1, "b": 2}}
    folder.plan_steps(make, join._replace(params=params, whole=("all.yaml",)))
    folder.run_all()
    folder.plan_steps(make, join._replace(params={**params, "all.yaml": {"a": 1}}))
    assert folder.states()["join"] == "fresh"
    left = join._replace(params={**params, "all.yaml": {"a": 1}}, whole=("all.yaml",))
    folder.plan_steps(make, left)
    assert folder.verdicts()["join"].reasons == ("b was 2, value removed",)


@pytest.mark.parametrize(
    ("targets", "steps"),
    [
        ([], "make join"),
        (["join"], "make join"),
        (["out.txt"], "make join"),
        (["make"], "make"),
        (["mid.txt"], "make"),
        (["mid.txt", "a rule of the user's"], "make join"),
    ],
)
def test_targets_need_the_steps_before_them(folder, targets, steps):
    assert folder.plan.needed_for(targets) == {*steps.split()}
