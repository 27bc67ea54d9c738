"""The laws of results: what is fresh, what is locked, what is restored, what a job records."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from results_builder import Folder, planned

from nbsnake.dvc.lockfile import read_lock
from nbsnake.job.content import stamp
from nbsnake.job.digests import Digests
from nbsnake.job.kept import read_kept
from nbsnake.job.outputs import OWN_CACHE, find_outputs
from nbsnake.job.plan import PlannedOut
from nbsnake.job.receipt import read_failure, write_receipt
from nbsnake.results.restore import restore, save_outputs
from nbsnake.results.sync import Synced, remember_same_code

FRESH = {"make": "fresh", "join": "fresh"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Folder()


@pytest.fixture
def done(folder):
    folder.run_all()
    return folder


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


def test_another_command_than_the_plans_is_recorded_as_refused(folder):
    folder.exec("make", *folder.plan.steps["make"].argv[:-1], "7")
    assert (
        "it ran with '7', where dvc.yaml and params.yaml give '1'" in folder.receipt("make").refused
    )
    assert folder.states()["make"] != "fresh"
    assert list(folder.sync().refused) == ["make"]
    assert read_lock() == {}


def test_order_of_options_is_no_other_command(folder):
    argv = ("true", "--a=1", "--b=2")
    folder.plan_steps(planned("make", "in.txt", "mid.txt", argv=argv, outs=()))
    assert folder.exec("make", "true", "--b=2", "--a=1") == 0
    assert folder.receipt("make").refused == ""


def test_refused_receipt_gives_no_result(done):
    Path("in.txt").write_text("2\n")
    write_receipt(done.receipt("make")._replace(refused="it was touched", params={}))
    assert done.exec("make") == 0
    receipt = done.receipt("make")
    write_receipt(receipt._replace(refused="in.txt changed while the step ran"))
    os.unlink("dvc.lock")
    make = done.plan.steps["make"]
    assert done.states()["make"] == "never run"
    assert done.sync().locked == ()
    deps = {seen.path: seen.content for seen in receipt.deps}
    for run in Path(".dvc/cache/runs").rglob("*"):
        if run.is_file():
            run.unlink()
    assert find_outputs(done.plan.cache, make, deps) is None


def test_dependency_that_changes_during_the_job_is_recorded(folder):
    change = f"{planned('make', 'in.txt', 'mid.txt').argv[2]}; open('in.txt', 'w').write('9')"
    argv = (sys.executable, "-c", change, "in.txt", "mid.txt", "1")
    folder.plan_steps(planned("make", "in.txt", "mid.txt", argv=argv))
    assert folder.exec("make") == 0
    assert folder.receipt("make").refused == "in.txt changed while the step ran"
    assert folder.states()["make"] != "fresh"
    assert list(folder.sync().refused) == ["make"]
    assert not Path(".dvc/cache/runs").exists()


def test_dependency_that_changes_and_changes_back_is_recorded(folder):
    change = "; ".join(
        [
            "import os",
            "text = open('in.txt').read()",
            "open('in.txt', 'w').write('9')",
            "open('mid.txt', 'w').write(open('in.txt').read())",
            "open('in.txt', 'w').write(text)",
        ]
    )
    folder.plan_steps(planned("make", "in.txt", "mid.txt", argv=(sys.executable, "-c", change)))
    assert folder.exec("make") == 0
    assert folder.receipt("make").refused == "in.txt changed while the step ran"


def test_failed_job_leaves_a_failure_and_no_receipt(folder):
    argv = (sys.executable, "-c", "raise SystemExit(7)")
    folder.plan_steps(planned("make", "in.txt", "mid.txt", argv=argv))
    assert folder.exec("make") == 7
    assert read_failure("make").exit_code == 7
    assert not Path(".nbsnake/receipts/make.json").exists()


def test_job_without_its_output_fails(folder, capfd):
    folder.plan_steps(planned("make", "in.txt", "mid.txt", argv=("true",)))
    assert folder.exec("make") == 3
    assert "mid.txt" in capfd.readouterr().err
    assert folder.states()["make"] == "never run"


def test_same_command_on_the_same_content_is_restored_and_not_run(done):
    os.unlink("mid.txt")
    before = done.receipt("make")
    assert done.exec("make") == 0
    assert done.receipt("make").restored
    assert done.receipt("make").outs[0].content == before.outs[0].content
    assert Path("mid.txt").read_text() == "1\n"


def test_earlier_parameter_is_restored(done):
    first = done.plan.steps["join"]
    done.plan_steps(done.plan.steps["make"], planned("join", "mid.txt", "out.txt", 3))
    assert done.exec("join") == 0
    assert Path("out.txt").read_text() == "1\n1\n1\n"
    done.plan_steps(done.plan.steps["make"], first)
    assert restore(done.judge()).steps == ("join",)
    assert Path("out.txt").read_text() == "1\n1\n"


def test_output_that_was_edited_by_hand_is_kept(done):
    os.chmod("out.txt", 0o644)
    Path("out.txt").write_text("by hand\n")
    back = restore(done.judge())
    assert (back.steps, back.edited) == ((), ("out.txt",))
    assert Path("out.txt").read_text() == "by hand\n"
    assert restore(done.judge(), force=True).steps == ("join",)
    assert Path("out.txt").read_text() == "1\n1\n"
    assert kept_text("out.txt") == "by hand\n"


def kept_text(path):
    return Path(OWN_CACHE.object_path(read_kept()[path].content.md5)).read_text()


def test_what_lies_at_an_output_before_its_step_ran_is_kept(folder):
    Path("mid.txt").write_text("precious\n")
    assert save_outputs(folder.judge()).kept == ("mid.txt",)
    assert Path("mid.txt").read_text() == kept_text("mid.txt") == "precious\n"
    assert save_outputs(folder.judge()).kept == ()  # once is enough


def test_what_was_edited_before_its_step_runs_again_is_kept(done):
    os.chmod("out.txt", 0o644)
    Path("out.txt").write_text("by hand\n")
    Path("in.txt").write_text("2\n")
    assert save_outputs(done.judge()).kept == ("out.txt",)
    assert kept_text("out.txt") == "by hand\n"


def test_a_result_that_its_cache_lost_is_stored_again_before_its_step_runs_again(done):
    done.forget_objects()
    Path("in.txt").write_text("2\n")
    saved = save_outputs(done.judge())
    assert (saved.lost, saved.kept) == (("mid.txt", "out.txt"), ())
    assert done.exec("make") == done.exec("join") == 0
    Path("in.txt").write_text("1\n")
    assert restore(done.judge()).steps == ("make", "join")


@pytest.mark.parametrize("how", ["failed", "killed"])
def test_what_an_unfinished_job_wrote_is_not_kept(folder, how):
    command = "open('mid.txt', 'w').write('half'); " + (
        "exit(1)" if how == "failed" else "import os; os.kill(os.getppid(), 9)"
    )
    call = [sys.executable, "-m", "nbsnake", "exec", "make", "--", sys.executable, "-c", command]
    assert subprocess.run(call).returncode != 0
    assert Path("mid.txt").read_text() == "half"
    assert save_outputs(folder.judge()).kept == ()
    os.utime("mid.txt", (2e9, 2e9))
    assert save_outputs(folder.judge()).kept == (("mid.txt",) if how == "failed" else ())


def test_output_that_the_cache_has_is_replaced(done):
    os.unlink("out.txt")
    Path("out.txt").write_text(Path("mid.txt").read_text())
    assert restore(done.judge()).steps == ("join",)
    assert Path("out.txt").read_text() == "1\n1\n"


def test_nothing_is_restored_where_the_cache_lost_it(done):
    done.forget_objects()
    os.unlink("out.txt")
    assert restore(done.judge()).steps == ()
    assert not done.verdicts()["join"].restorable


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


def damage(folder, path):
    """Write other bytes of the same size into the cache object of an output."""
    damaged = folder.object_of(path)
    size = damaged.stat().st_size
    damaged.chmod(0o644)
    damaged.write_text("x" * size)
    damaged.chmod(0o444)
    return damaged


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


def test_damaged_object_is_not_restored(done):
    damaged = damage(done, "out.txt")
    os.unlink("out.txt")
    back = restore(done.judge())
    assert (back.steps, back.damaged) == ((), (str(damaged),))
    assert not Path("out.txt").exists()


def test_step_whose_object_is_damaged_runs_again_and_replaces_it(done, capfd):
    damaged = damage(done, "out.txt")
    os.unlink("out.txt")
    assert done.exec("join") == 0
    assert not done.receipt("join").restored
    assert Path("out.txt").read_text() == damaged.read_text() == "1\n1\n"
    kept = done.plan.cache.object_path(hashlib.md5(b"xxxx").hexdigest())
    assert Path(kept).read_text() == "xxxx"
    assert "the step runs again" in capfd.readouterr().err


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


def test_damaged_file_of_a_folder_is_not_restored(folder):
    make = "import os; os.mkdir('tree'); [open(f'tree/{n}', 'w').write(n) for n in 'ab']"
    step = planned("make", "in.txt", "tree", argv=(sys.executable, "-c", make))
    folder.plan_steps(step)
    folder.run_all()
    damage(folder, "tree/a")
    shutil.rmtree("tree")
    assert len(restore(folder.judge()).damaged) == 1
    assert not Path("tree").exists()
    assert folder.exec("make") == 0
    assert Path("tree/a").read_text() == folder.object_of("tree/a").read_text() == "a"


def test_added_outputs_are_reasons(done):
    make, join = done.plan.steps.values()
    done.plan_steps(make, join._replace(outs=(*join.outs, PlannedOut("in2.txt"))))
    assert done.verdicts()["join"].reasons == ("in2.txt is a new output",)
    Path("in2.txt").write_text("there already\n")
    assert done.verdicts()["join"].reasons == ("in2.txt is a new output",)
    done.plan_steps(make, join._replace(outs=(PlannedOut("other.txt"),)))
    assert done.verdicts()["join"].reasons == ("other.txt is a new output",)


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


def test_only_the_steps_that_are_needed_are_restored(done):
    os.unlink("mid.txt")
    os.unlink("out.txt")
    assert restore(done.judge(), only={"make"}).steps == ("make",)
    assert not Path("out.txt").exists()
    assert restore(done.judge()).steps == ("join",)
