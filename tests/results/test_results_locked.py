"""What is written to dvc.lock and to the cache."""

import os
from pathlib import Path

import pytest
from results_builder import FRESH

from nbsnake.dvc.lockfile import read_lock
from nbsnake.job.digests import Digests
from nbsnake.results.restore import save_outputs


def test_objects_that_were_lost_before_the_lock_are_stored_again(folder):
    for name in folder.plan.steps:
        assert folder.exec(name) == 0
    folder.forget_objects()
    assert set(folder.sync().locked) == {"make", "join"}
    for path in ("mid.txt", "out.txt"):
        assert folder.object_of(path).read_text() == Path(path).read_text()


def test_lock_holds_what_is_on_disk(done):
    entry = read_lock()["join"]
    assert entry["cmd"] == "python join.py"
    assert [each["path"] for each in entry["deps"]] == ["mid.txt"]
    assert entry["outs"] == [{"path": "out.txt", **Digests().of("out.txt").to_dict()}]
    assert entry["params"] == {"params.yaml": {"join.times": 2}}


def test_second_sync_changes_nothing(done):
    before = Path("dvc.lock").read_bytes()
    assert done.sync().locked == ()
    assert Path("dvc.lock").read_bytes() == before


def test_objects_that_the_cache_lost_are_stored_again(done):
    done.forget_objects()
    assert done.states() == FRESH
    assert save_outputs(done.judge()).lost == ("mid.txt", "out.txt")
    for path in ("mid.txt", "out.txt"):
        assert done.object_of(path).read_text() == Path(path).read_text()
    assert save_outputs(done.judge()).lost == ()


def test_object_of_another_size_is_stored_again(done):
    damaged = done.object_of("out.txt")
    damaged.chmod(0o644)
    damaged.write_text("longer than it was")
    assert save_outputs(done.judge()).lost == ("out.txt",)
    assert damaged.read_text() == Path("out.txt").read_text()


@pytest.mark.parametrize("kind", ["symlink", "hardlink", "copy"])
def test_edit_through_a_link_never_replaces_what_the_step_writes(folder, kind):
    folder.plan_steps(*folder.plan.steps.values(), links=(kind, "copy"))
    folder.run_all()
    os.chmod("out.txt", 0o644)
    Path("out.txt").write_text("by hand\n")
    assert folder.states()["join"] == "stale"
    assert folder.exec("join") == 0
    assert Path("out.txt").read_text() == "1\n1\n"
    assert folder.object_of("out.txt").read_text() == "1\n1\n"
    assert folder.sync().refused == {}
