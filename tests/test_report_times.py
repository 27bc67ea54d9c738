"""Times in the report: the last run, lanes of jobs, the longest chain, expected times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbsnake.report.timeline import Job, duration, expected_seconds, last_run, longest_chain


def job(step, started, ended, host="here"):
    return Job(step, started, ended, host)


def test_last_run_is_what_has_no_pause_between_and_jobs_at_once_have_lanes():
    jobs = [job("old", 0, 10), job("a", 1000, 1010), job("b", 1005, 1050), job("c", 1011, 1100)]
    found = [(bar.job.step, bar.lane) for bar in last_run(jobs)]
    assert found == [("a", 0), ("b", 1), ("c", 0)]
    assert last_run([]) == []


def test_each_host_has_lanes_of_its_own():
    jobs = [job("a", 0, 10, "n1"), job("b", 20, 30, "n2"), job("c", 5, 8, "n2")]
    assert [(bar.job.step, bar.lane) for bar in last_run(jobs)] == [("a", 0), ("c", 1), ("b", 1)]


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 50)), max_size=30))
def test_jobs_of_one_lane_never_overlap(times):
    bars = last_run(job(str(n), start, start + took) for n, (start, took) in enumerate(times))
    for one in bars:
        for other in bars:
            if one is not other and one.lane == other.lane:
                assert one.job.ended <= other.job.started or other.job.ended <= one.job.started


def test_longest_chain_is_by_time_and_not_by_count():
    before = {"a": [], "b": ["a"], "c": ["b"], "d": ["a"], "e": ["c", "d"]}
    assert longest_chain(before, dict.fromkeys("abce", 1.0) | {"d": 5.0}) == ("a", "d", "e")
    assert longest_chain(before, {}) == ("a",) or longest_chain({}, {}) == ()


def test_expected_time_is_that_of_the_last_run_or_of_other_variants():
    known = {"train@1": 10.0, "train@2": 30.0, "load": 2.0}
    found = expected_seconds(["load", "train@1", "train@3", "new"], known)
    assert found == {"load": 2.0, "train@1": 10.0, "train@3": 20.0}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (59.94, "59.9 s"),
        (61, "1 min 1 s"),
        (3599, "59 min 59 s"),
        (7265, "2 h 1 min"),
    ],
)
def test_duration_for_the_eye(seconds, text):
    assert duration(seconds) == text
