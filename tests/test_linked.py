"""Locks for file systems without flock: one holder at a time, and none that is dead."""

import errno
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nbsnake.job import linked
from nbsnake.job.linked import KEPT, LOCKS, take
from nbsnake.job.locks import flock, try_lock

PATH = ".nbsnake/running/train"
FOLDER = Path(LOCKS, "running/train")


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_one_process_has_it_until_it_gives_it_up():
    first = take(PATH)
    assert first
    assert take(PATH) is None
    assert take(".nbsnake/running/other")
    first.give_up()
    assert take(PATH)
    assert not [*FOLDER.glob("claim*")]


def hold_by_another(end):
    """Take the lock in another process, that ends then by ``end``."""
    code = f"import os; from nbsnake.job.linked import take; assert take({PATH!r}); {end}"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode in (0, -9)


@pytest.mark.parametrize("end", ["os._exit(0)", "os.kill(os.getpid(), 9)"])
def test_what_a_dead_process_of_this_machine_held_is_free(end):
    hold_by_another(end)
    assert FOLDER.joinpath("1").read_text(), "it did not give it up"
    assert take(PATH)


def test_a_process_that_has_the_id_of_a_dead_one_is_another():
    assert take(PATH)
    fields = FOLDER.joinpath("1").read_text().split()
    FOLDER.joinpath("1").write_text(" ".join([*fields[:2], "1"]))
    assert take(PATH)


def test_a_holder_on_another_machine_counts_while_it_renews_its_file(monkeypatch):
    with monkeypatch.context() as there:
        there.setattr(linked, "_machine", lambda: "node7.1")
        assert take(PATH)
    assert take(PATH) is None
    os.utime(FOLDER / "1", (0, 0))
    assert take(PATH), "it was silent for long"


def test_a_holder_renews_its_file(monkeypatch):
    monkeypatch.setattr(linked, "BEAT", 0.01)
    assert take(PATH)
    os.utime(FOLDER / "1", (0, 0))
    while FOLDER.joinpath("1").stat().st_mtime == 0:
        pass


def test_a_process_that_was_too_slow_sees_it(monkeypatch):
    numbers = linked._numbers
    listed = iter([[1], [*range(1, 14)]])  # what was there before others, and after them
    Path(FOLDER).mkdir(parents=True)
    FOLDER.joinpath("1").touch()
    FOLDER.joinpath("13").write_text("node7.1 4 5")
    monkeypatch.setattr(linked, "_numbers", lambda folder: next(listed, None) or numbers(folder))
    assert take(PATH) is None
    assert not FOLDER.joinpath("2").exists()


def test_files_of_the_past_are_few():
    for _ in range(3 * KEPT):
        taken = take(PATH)
        assert taken
        taken.give_up()
    assert len([*FOLDER.iterdir()]) == KEPT + 1


def count(number):
    """Add one to a number in a file, many times, each time alone."""
    for _ in range(20):
        while (taken := take(PATH)) is None:
            pass
        text = Path("number").read_text()
        Path("number").write_text(str(int(text) + 1))
        taken.give_up()
    return number


def test_many_that_want_it_have_it_one_after_another():
    Path("number").write_text("0")
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert [*pool.map(count, range(4), chunksize=1)] == [*range(4)]
    assert Path("number").read_text() == "80"


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK])
def test_it_is_used_where_the_file_system_has_no_locks(number, monkeypatch):
    def refuse(file, how):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", refuse)
    with try_lock(PATH) as lock:
        lock.note("at work\n")
        assert Path(PATH).read_text() == "at work\n"
        assert try_lock(PATH) is None
    try_lock(PATH).close()
    with Path("a").open("w") as file, pytest.raises(OSError, match="hardlink_lock true', or mount"):
        flock(file, 2)
