"""An entry that a merge combined is no run: for the verdicts, for sync, for jobs, for restore."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from results_builder import Folder

from nbsnake.dvc.lockfile import read_lock, write_lock
from nbsnake.job.receipt import write_receipt
from nbsnake.results.restore import restore

pytestmark = pytest.mark.e2e
FRESH = {"make": "fresh", "join": "fresh"}


def git(*words: str) -> str:
    done = subprocess.run(["git", *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def merged(tmp_path, monkeypatch, tool_env):
    """A clone of a merge: ``out.txt`` is of 1, and ``mid.txt`` of 2, by dvc.lock and on disk.

    A head has judged it, as before any job.
    """
    for name, value in tool_env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    folder = Folder()
    make, join = folder.plan.steps.values()
    Path("join.py").write_text("pass\n")
    folder.plan_steps(make, join._replace(deps=("join.py", "mid.txt")))
    folder.run_all()
    git("init", "--quiet", "--initial-branch=main")
    git("add", "dvc.lock")
    git("commit", "--quiet", "--message", "1")
    one, out = read_lock()["join"], Path("out.txt").read_bytes()
    git("switch", "--quiet", "--create", "two")
    Path("in.txt").write_text("2\n")
    folder.run_all()
    git("commit", "--quiet", "--all", "--message", "2")
    two = read_lock()["join"]
    write_lock({"join": {**two, "outs": one["outs"]}})
    git("add", "dvc.lock")
    tree = git("write-tree")
    commit = git("commit-tree", "-p", "two", "-p", "main", "-m", "merge", tree)
    git("reset", "--quiet", "--soft", commit)
    os.chmod("out.txt", 0o644)
    Path("out.txt").write_bytes(out)
    for path in (".nbsnake/receipts", ".dvc/cache/runs"):
        shutil.rmtree(path)
    folder.verdicts()
    return folder


def test_result_of_a_combined_entry_is_stale_and_the_merge_is_named(merged):
    join = merged.verdicts()["join"]
    reason = f"merge {git('rev-parse', 'HEAD')[:7]} combined its entry from two runs"
    assert (join.state, join.reasons) == ("stale", (reason,))
    assert not join.settled
    assert not join.locked
    assert not join.restorable
    assert merged.states()["make"] == "fresh"


def test_comment_in_its_code_makes_no_combined_entry_a_run(merged):
    Path("join.py").write_text("pass  # a comment\n")
    assert merged.states()["join"] == "stale"
    assert merged.exec("join") == 0
    assert merged.sync().locked == ("join",)
    Path("join.py").write_text("pass\n")
    assert merged.states() == FRESH


def test_sync_takes_no_combined_entry_for_a_run(merged):
    before = Path("dvc.lock").read_bytes()
    assert merged.sync().locked == ()
    assert Path("dvc.lock").read_bytes() == before
    assert not Path(".dvc/cache/runs").exists()


def test_combined_entry_is_not_restored_but_computed(merged):
    os.unlink("out.txt")
    assert restore(merged.judge()).steps == ()
    assert merged.exec("join") == 0
    assert not merged.receipt("join").restored
    assert Path("out.txt").read_text() == "2\n2\n"
    assert merged.sync().locked == ("join",)
    assert merged.states() == FRESH


def test_run_that_is_on_record_is_restored_in_its_place(merged):
    Path("in.txt").write_text("2\n")
    assert merged.exec("join") == 0
    assert merged.sync().locked == ("join",)
    git("checkout", "--quiet", "dvc.lock")
    os.chmod("out.txt", 0o644)
    Path("out.txt").write_text("1\n1\n")
    os.unlink(".nbsnake/receipts/join.json")
    assert merged.verdicts()["join"].restorable
    assert restore(merged.judge()).steps == ("join",)
    assert Path("out.txt").read_text() == "2\n2\n"
    assert merged.sync().locked == ("join",)
    assert merged.states() == FRESH


def test_receipt_of_a_restored_combined_entry_is_no_evidence(merged):
    assert merged.exec("join") == 0
    entry, receipt = read_lock()["join"], merged.receipt("join")
    (out,) = merged.plan.steps["join"].locked_outs(entry).values()
    Path("out.txt").write_text("1\n1\n")
    seen = receipt.outs[0]._replace(content=out)
    write_receipt(receipt._replace(outs=(seen,), restored=True))
    shutil.rmtree(".dvc/cache/runs")
    assert merged.states()["join"] == "stale"
    assert merged.exec("join") == 0
    assert Path("out.txt").read_text() == "2\n2\n"


@pytest.mark.parametrize("record", ["receipt", "run-cache"])
def test_entry_that_a_run_gave_is_no_combined_one(merged, record):
    # A step that writes the same for 1 and for 2 gives what the merge happened to combine.
    argv = ("sh", "-c", "printf '1\\n1\\n' > out.txt")
    make, join = merged.plan.steps.values()
    merged.plan_steps(make, join._replace(argv=argv))
    assert merged.states()["join"] == "stale"
    assert merged.exec("join") == 0
    if record == "receipt":
        shutil.rmtree(".dvc/cache/runs")
    else:
        os.unlink(".nbsnake/receipts/join.json")
    assert merged.states() == FRESH
    assert merged.sync().locked == ()


def test_frozen_stage_is_reported_and_left(merged):
    make, join = merged.plan.steps.values()
    merged.plan_steps(make, join._replace(frozen=True))
    join = merged.verdicts()["join"]
    assert (join.state, join.settled, join.locked) == ("stale", True, True)
    assert merged.sync().locked == ()
