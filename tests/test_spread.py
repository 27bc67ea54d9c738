"""Work on large files is done by several threads, with the results in the order of the files."""

import os
import threading

import pytest

from nbsnake.job.spread import WORTH, spread

two_cores = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2 if hasattr(os, "sched_getaffinity") else os.cpu_count() == 1,
    reason="one core has nothing to spread to",
)


@pytest.mark.parametrize("size", [1, WORTH])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 1000])
def test_results_are_in_the_order_of_the_items(count, size):
    assert spread(lambda item: -item, range(count), [size] * count) == [-i for i in range(count)]


@two_cores
def test_two_large_files_are_worked_on_at_the_same_time():
    both = threading.Barrier(2, timeout=60)
    assert sorted(spread(lambda _: both.wait(), "ab", [WORTH, WORTH])) == [0, 1]


@two_cores
def test_many_files_that_are_large_together_are_worked_on_by_several_threads():
    both = threading.Barrier(2, timeout=60)

    def meet(item):
        return both.wait() if item in (0, 9999) else None

    spread(meet, range(10_000), [WORTH // 1000] * 10_000)


@pytest.mark.parametrize("sizes", [[100] * 3, [WORTH * 100, 1, 1]])
def test_small_files_and_a_single_large_one_start_no_thread(sizes):
    here = {threading.get_ident()}
    assert set(spread(lambda _: threading.get_ident(), "abc", sizes)) == here


@pytest.mark.parametrize("size", [1, WORTH])
def test_the_first_failure_is_raised(size):
    with pytest.raises(ZeroDivisionError):
        spread(lambda item: 1 // item, [3, 0, 1], [size] * 3)
