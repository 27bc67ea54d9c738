"""`nbsnake profile slurm --check` says of a request what the real Slurm says of it."""

import shlex
from pathlib import Path

import pytest
import yaml

from nbsnake.cluster.amounts import amount
from nbsnake.cluster.fitting import Site, unfit, unknown_rules
from nbsnake.cluster.slurm.accounts import parse_accounts
from nbsnake.cluster.slurm.facts import parse_cluster
from nbsnake.cluster.slurm.requests import attempts_of, request_of, resources_of, threads_of
from nbsnake.errors import Where
from nbsnake.model.needs import Needs, Resource

TRUTH = yaml.safe_load((Path(__file__).parent / "fixtures/slurm_truth.yaml").read_text())
PAIRS = [(words, kind == "fits") for kind in ("fits", "never") for words in TRUTH[kind]]


class Asking:
    """As much of a step as the check looks at."""

    name = "a"
    where = Where("a.ipynb")

    def __init__(self, needs):
        self.needs = needs


def needs_of(words):
    given = dict(word.split("=", 1) for word in shlex.split(words))
    threads = int(given.pop("threads", 0)) or None
    resources = tuple(Resource(name, text) for name, text in given.items())
    return Needs(threads=threads, resources=resources, retries=0)


@pytest.fixture(scope="module")
def site():
    cluster = parse_cluster(TRUTH["config"], TRUTH["sinfo"], TRUTH["partitions"])
    accounts = parse_accounts(TRUTH["user"], TRUTH["associations"], TRUTH["qos"])
    return Site(cluster, cluster.default, accounts)


def faults(words, site, profile=None):
    return [str(each) for each in unfit([Asking(needs_of(words))], site, profile or {})]


@pytest.mark.parametrize(("words", "fits"), PAIRS, ids=[words for words, _ in PAIRS])
def test_what_slurm_can_never_run_is_named_and_nothing_else(words, fits, site):
    assert (not faults(words, site)) is fits, faults(words, site)


def test_the_table_is_large_enough():
    page = (Path(__file__).parents[1] / "docs/cluster.md").read_text()
    assert f"{len(PAIRS)} requests" in page
    assert len(TRUTH["fits"]) >= 30
    assert len(TRUTH["never"]) >= 30


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("threads=8 gpu=1", "asks for threads=8, gpu=any:1; no node of the partition 'main' has"),
        ("gres=gpu:h100:1", "gpu:h100=1; the partition 'main' has 0 GPUs of the type 'h100'"),
        ("threads=4 mem_mb_per_cpu=9000", "times 4 threads, mem_mb=36000"),
        ("tasks=64", "asks for tasks=64; the partition 'main' has 14 places for such tasks"),
        ("slurm_account=physics", "asks for the account 'physics', which is not one of yours"),
        ("slurm_partition=physics", "which is not for the account 'lab'"),
        ("slurm_partition=express", "qos=express"),
        ("qos=express runtime=6", "the QOS 'express' has 5 minutes for a job at most"),
        ("qos=nosuch", "it has: express, normal, tiny, wide"),
        ("slurm_partition=short mem_mb=9000", "it fits: slurm_partition=main"),
    ],
)
def test_the_message_names_the_limit_and_what_sets_it(words, said, site):
    assert said in "\n".join(faults(words, site))


@pytest.mark.parametrize("form", ["mapping", "list"])
def test_resources_are_merged_as_snakemake_merges_them(form, site):
    mapping = {
        "default-resources": {"runtime": "60 * attempt", "mem_mb": "min(1000 * attempt, 3000)"},
        "set-resources": {"a": {"gpu": 1}},
        "set-threads": {"a": 2},
    }
    words = {
        "default-resources": ["runtime=60 * attempt", "mem_mb=min(1000 * attempt, 3000)"],
        "set-resources": ["a:gpu=1"],
        "set-threads": ["a=2"],
    }
    profile = mapping if form == "mapping" else words
    needs = needs_of("mem_mb=500 threads=4 gpu=3")
    merged = resources_of(needs, "a", profile)
    request = request_of(merged, threads_of(needs, "a", profile), 2)
    assert (request.minutes, request.mem_mb, request.gpus, request.cpus) == (120, 500, 1, 2)
    found = faults("slurm_partition=short mem_mb=400", site, profile)
    assert any("runtime=60; the partition 'short' has 10 minutes" in each for each in found)


def test_an_amount_that_grows_is_checked_for_each_attempt(site):
    step = Asking(needs_of("mem_mb=15000*attempt"))
    step.needs = step.needs.changed({"retries": 2})
    assert "at attempt 3, for mem_mb=45000" in str(unfit([step], site, {})[0])


def test_a_misspelt_rule_of_the_profile_is_named():
    (fault,) = unknown_rules({"set-resources": {"trian": {"gpu": 1}}}, ["train"], "profile.yaml")
    assert "names the rule 'trian'" in str(fault)
    assert "did you mean 'train'?" in str(fault)
    assert unknown_rules({"set-threads": ["train=2"]}, ["train"], "profile.yaml") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1000 * attempt", 2000),
        ("min(500 * attempt ** 2, 1500)", 1500),
        ("threads * 1.5", 6),
        (7, 7),
        ("input.size_mb * 2", None),
        ("__import__('os')", None),
        ("9 ** 9 ** 9", None),
        ("1 / 0", None),
        ("main", None),
        (True, None),
        ("(" * 5000, None),
    ],
)
def test_amounts_are_arithmetic_on_known_names_and_nothing_else(text, expected):
    assert amount(text, {"attempt": 2, "threads": 4}) == expected


@pytest.mark.parametrize(
    ("runtime", "minutes"),
    [("90", 90), ("2h", 120), ("1d", 1440), ("30s", 1), ("1:30:00", 90), ("0", None)],
)
def test_times_are_read_with_their_units(runtime, minutes):
    assert request_of({"runtime": runtime}, 1, 1).minutes == minutes


def test_memory_for_each_cpu_counts_the_cpus_of_gpus(site):
    few, many = (
        request_of({"gpu": "1", "cpus_per_gpu": cpus, "mem_mb_per_cpu": 4000}, 1, 1)
        for cpus in (1, 8)
    )
    assert (few.cpus_of_task, many.cpus_of_task) == (1, 8)
    assert site.default.room(many) <= site.default.room(few)
    limits = [str(each) for each in faults("gpu=1 cpus_per_gpu=1000 mem_mb_per_cpu=4000", site)]
    assert any("times 1000 threads" in each for each in limits), limits


def test_cpus_for_each_gpu_are_nothing_without_a_gpu():
    request = request_of({"cpus_per_gpu": 8}, 2, 1)
    assert (request.cpus_per_gpu, request.cpus) == (0, 2)


def test_a_profile_without_retries_has_none():
    assert attempts_of(Needs(), {"executor": "slurm"}) == 1
    assert attempts_of(Needs(), {"retries": 3}) == 4


@pytest.mark.parametrize("text", ["(1-2)**0.5*attempt", "1/0", "10**400"])
def test_what_gives_no_amount_is_none(text):
    assert amount(text, {"attempt": 1}) is None
