"""The memory of a step is that of all its processes at the same time."""

import signal
import sys

import pytest

from nbsnake.job import memory
from nbsnake.job.child import run_child

MEGABYTE = 1 << 20
POOL = """\
import multiprocessing
import time

shared = bytearray(b"x") * {shared}


def work(barrier):
    own = bytearray(b"x") * {own}
    barrier.wait()  # all have theirs
    time.sleep(1.5)


if __name__ == "__main__":
    context = multiprocessing.get_context("{way}")
    with context.Manager() as manager, context.Pool(4) as pool:
        pool.map(work, [manager.Barrier(4)] * 4, chunksize=1)
"""


@pytest.fixture(autouse=True)
def nothing_seen(monkeypatch):
    monkeypatch.setattr(memory, "_seen", 0)
    monkeypatch.setattr(memory, "FREE", 60)  # on a slow machine, too, look often
    monkeypatch.setattr(memory, "LAST", 0.05)


def used_by(tmp_path, code):
    script = tmp_path / "script.py"
    script.write_text(code)
    assert run_child([sys.executable, str(script)], "test") == 0
    return memory._seen


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_a_pool_of_workers_counts_with_all_its_workers(way, tmp_path):
    largest = 40 * MEGABYTE
    used = used_by(tmp_path, POOL.format(way=way, shared=1, own=largest))
    assert used > 4 * largest


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_what_forked_workers_share_counts_once(tmp_path):
    shared = 100 * MEGABYTE
    used = used_by(tmp_path, POOL.format(way="fork", shared=shared, own=1))
    assert shared < used < 3 * shared


def test_a_single_process_counts_with_its_most(tmp_path):
    used = used_by(tmp_path, f"block = b'x' * {200 * MEGABYTE}\ndel block\n")
    assert used == 0, "what the kernel keeps of it is exact"
    assert memory.most_memory() > 200 * MEGABYTE


def test_the_exit_code_is_that_of_the_program_however_often_it_was_looked_at(monkeypatch):
    monkeypatch.setattr(memory, "FIRST", 0.01)
    assert run_child(["sh", "-c", "sleep 0.3; exit 7"], "test") == 7
    assert run_child(["sh", "-c", "kill -9 $$"], "test") == 137


def test_programs_find_the_signal_of_alarms_as_it_was():
    for _ in range(2):  # the lines of a stage run one after another
        code = "import signal; assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL"
        assert run_child([sys.executable, "-c", code], "test") == 0
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
