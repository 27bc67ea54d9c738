"""A graph of steps as jobs of Slurm that wait for each other."""

import pytest

from nbsnake.cluster.slurm.call import _option
from nbsnake.cluster.slurm.nodes import Request
from nbsnake.cluster.slurm.submission import (
    Job,
    Submitted,
    next_attempts,
    options_of,
    read_submitted,
    write_submitted,
)
from nbsnake.names import SUBMITTED

NEEDS = {"make": (), "left": ("make",), "right": ("make",), "join": ("left", "right")}
ONCE = dict.fromkeys(NEEDS, 1)


def test_a_job_waits_for_those_that_make_what_it_reads():
    job = Job(
        "join", ("nbsnake", "exec", "join", "--", "python", "a b.py"), ("--mem=500",), "l.log"
    )
    words = job.words(["7", "9"], "afterok")
    assert words[:2] == ["sbatch", "--parsable"]
    assert {"--dependency=afterok:7:9", "--kill-on-invalid-dep=yes", "--mem=500"} <= {*words}
    comments = {_option(job.words([], "afterok"), "--comment") for _ in range(2)}
    assert _option(words, "--job-name") == "join"
    assert len(comments) == 2  # of which the wrapper finds each one's job
    assert words[-1] == "--wrap=nbsnake exec join -- python 'a b.py' > l.log 2>&1"
    assert not any("dependency" in word for word in job.words([], "afterok"))


@pytest.mark.parametrize(
    ("request_", "resources", "expected"),
    [
        (Request(), {}, {"--ntasks=1", "--cpus-per-task=1"}),
        (
            Request(mem_mb=500, minutes=9, cpus=4),
            {},
            {"--mem=500", "--time=9", "--cpus-per-task=4"},
        ),
        (Request(mem_per_cpu=500), {}, {"--mem-per-cpu=500"}),
        (Request(gpus=2, gpu_type="a100"), {}, {"--gpus=a100:2"}),
        (Request(gpus=1), {"gres": "gpu:1"}, {"--gres=gpu:1"}),
        (Request(gpus=2, cpus_per_gpu=3), {}, {"--gpus=2", "--cpus-per-gpu=3"}),
        (Request(), {"constraint": "a&b"}, {"--constraint=a&b"}),
        (Request(), {"slurm_extra": "'--mail-type=END' --nice"}, {"--mail-type=END", "--nice"}),
        (
            Request(partition="p", account="a", qos="q"),
            {},
            {"--partition=p", "--account=a", "--qos=q"},
        ),
    ],
)
def test_requests_become_options_of_sbatch(request_, resources, expected):
    options = options_of(request_, resources)
    assert expected <= {*options}
    assert "--no-requeue" in options
    assert not any(option.endswith("=") for option in options)


def test_all_steps_without_a_result_are_submitted_once():
    assert next_attempts(NEEDS, NEEDS, {}, ONCE) == ONCE


def test_a_step_that_may_not_be_tried_again_leaves_out_those_that_need_it():
    assert next_attempts(["left", "join"], NEEDS, ONCE, ONCE) == {}


def test_only_a_step_that_has_started_uses_up_an_attempt():
    twice = dict.fromkeys(NEEDS, 2)
    assert next_attempts(["left", "join"], NEEDS, ONCE, twice) == {"left": 2, "join": 1}
    before = {**ONCE, "left": 2}
    assert next_attempts(["join"], NEEDS, before, twice) == {"join": 2}


def test_a_branch_that_may_be_tried_again_is_though_another_may_not():
    most = {**ONCE, "right": 3}
    assert next_attempts(["left", "right", "join"], NEEDS, ONCE, most) == {"right": 2}


def test_the_record_reads_back_and_a_damaged_one_is_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read_submitted() == Submitted()
    write_submitted(Submitted({"a": "7"}, {"a": 2}))
    assert read_submitted() == Submitted({"a": "7"}, {"a": 2})
    (tmp_path / SUBMITTED).write_text('{"jobs": 3}')
    assert read_submitted() == Submitted()
    write_submitted(Submitted({}, {"a": 2}))
    assert not (tmp_path / SUBMITTED).exists()
