"""Runs on record as rows to compare: known by what they wrote, with the values behind them."""

from nbsnake.compare.rows import StageResult, rows_of
from nbsnake.compare.runs import RecordedRun, revisions_of_runs

RATE = ("params.yaml", "train.rate")


def run(when, params, deps, outs):
    return RecordedRun(when, {"params.yaml": params}, deps, outs)


def compared(runs, stages):
    found = revisions_of_runs(runs, stages, lambda path, md5: {"acc": int(md5)})
    return [
        (row.rev, row.step, row.params, row.metrics)
        for row in rows_of(found, {each.name for stages in found.values() for each in stages})
    ]


def test_run_has_the_values_of_all_that_it_rests_on():
    stages = [
        StageResult("train", "train", params={RATE: 9}, outs=("m",)),
        StageResult("judge", "judge", deps=("m",), outs=("j.json",), metrics={"j.json": {}}),
    ]
    runs = [
        run("1", {"train.rate": 0.1}, {}, {"m": "a"}),
        run("2", {"train.rate": 0.2}, {}, {"m": "b"}),
        run("3", {}, {"m": "a"}, {"j.json": "5"}),
        run("4", {}, {"m": "b"}, {"j.json": "7"}),
        run("5", {}, {"m": "lost"}, {"j.json": "8"}),
        run("6", {}, {}, {"other.json": "8"}),
    ]
    assert compared(runs, stages) == [
        ("5", "judge", {}, {"acc": 8}),
        ("4", "judge", {"train.rate": 0.2}, {"acc": 7}),
        ("3", "judge", {"train.rate": 0.1}, {"acc": 5}),
    ]


def test_run_of_a_variant_that_is_gone_is_known_by_its_paths():
    stage = StageResult(
        "train@0.1-x",
        "train",
        axes={"rate": 0.1, "kind": "x"},
        outs=("r/0.1/x.json", "m/x-0.1.bin"),
        metrics={"r/0.1/x.json": {}},
    )
    runs = [
        run("1", {}, {}, {"r/0.5/y.json": "3", "m/y-0.5.bin": "1"}),
        run("2", {}, {}, {"r/0.5/y.json": "3", "m/z-0.5.bin": "1"}),
        run("3", {}, {}, {"r/0.1/x.json": "4", "m/x-0.1.bin": "1"}),
    ]
    assert compared(runs, [stage]) == [
        ("3", "train@0.1-x", {"rate": 0.1, "kind": "x"}, {"acc": 4}),
        ("1", "train@0.5-y", {"rate": 0.5, "kind": "y"}, {"acc": 3}),
    ]


def test_runs_of_one_second_have_names_of_their_own():
    stage = StageResult("a", "a", outs=("a.json",), metrics={"a.json": {}})
    runs = [run("1", {}, {}, {"a.json": "1"}), run("1", {}, {}, {"a.json": "2"})]
    assert [row[0] for row in compared(runs, [stage])] == ["1", "1 (2)"]
