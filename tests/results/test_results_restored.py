"""What is restored from the cache, and what is kept before that."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from results_builder import planned

from nbsnake.job.kept import read_kept
from nbsnake.job.outputs import OWN_CACHE
from nbsnake.results.restore import restore, save_outputs


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


def damage(folder, path):
    """Write other bytes of the same size into the cache object of an output."""
    damaged = folder.object_of(path)
    size = damaged.stat().st_size
    damaged.chmod(0o644)
    damaged.write_text("x" * size)
    damaged.chmod(0o444)
    return damaged


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


def test_only_the_steps_that_are_needed_are_restored(done):
    os.unlink("mid.txt")
    os.unlink("out.txt")
    assert restore(done.judge(), only={"make"}).steps == ("make",)
    assert not Path("out.txt").exists()
    assert restore(done.judge()).steps == ("join",)
