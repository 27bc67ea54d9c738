"""Rows of parameters and metrics: what is in them, in which order, and how they are printed."""

import csv
import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbsnake.compare.ranking import (
    best_first,
    differing_params,
    find_name,
    is_lower_better,
    metric_names,
    rows_with,
)
from nbsnake.compare.rows import Row, StageResult, leaves, rows_of
from nbsnake.errors import UsageError
from nbsnake.escape import escaped
from nbsnake.tables import Table, as_csv, as_markdown, as_text

RATE = ("params.yaml", "train.rate")


def variant(name, key, **fields):
    return StageResult(f"{name}@{key}", name, **fields)


def row(step, *, rev="workspace", params=None, **metrics):
    return Row(step, step.partition("@")[0], rev, params or {}, metrics)


def rows(*stages, revisions=None):
    revisions = revisions or {"workspace": stages}
    return rows_of(revisions, {stage.name for stages in revisions.values() for stage in stages})


# Rows


def test_a_row_has_the_parameters_of_all_that_its_stage_rests_on():
    load = StageResult("load", "load", params={("params.yaml", "load.size"): 9}, outs=("raw",))
    train = variant("train", 1, axes={"depth": 1}, params={RATE: 0.1}, deps=("raw",), outs=("m",))
    judge = StageResult("judge", "judge", deps=("m",), metrics={"j.json": {"acc": 0.5}})
    assert rows(load, train, judge) == [
        row("judge", params={"depth": 1, "load.size": 9, "train.rate": 0.1}, acc=0.5)
    ]


def test_a_parameter_that_became_an_axis_has_one_column():
    def judged(dep):
        return StageResult("judge", "judge", deps=(dep,), metrics={"j.json": {"acc": 0.5}})

    before = [StageResult("train", "train", params={RATE: 0.1}, outs=("m",)), judged("m")]
    after = [
        variant("train", 0.2, axes={"rate": 0.2}, outs=("m/0.2",)),
        judged("m/0.2"),
    ]
    found = rows(revisions={"workspace": after, "main": before})
    assert [each.params for each in found] == [{"rate": 0.2}, {"rate": 0.1}]
    both = [variant("train", 0.2, axes={"rate": 0.2}, params={RATE: 0.1}, outs=("m",)), judged("m")]
    found = rows(revisions={"workspace": both, "main": before})
    assert [each.params for each in found] == [
        {"rate": 0.2, "train.rate": 0.1},
        {"train.rate": 0.1},
    ]


@pytest.mark.parametrize(
    ("dep", "out"), [("models/a", "models/a"), ("models/a/b", "models/a"), ("models", "models/a/b")]
)
def test_a_stage_rests_on_who_writes_a_dependency_or_around_or_inside_it(dep, out):
    train = StageResult("train", "train", params={RATE: 1}, outs=(out,))
    judge = StageResult("judge", "judge", deps=(dep,), metrics={"j": {"acc": 1}})
    other = StageResult(
        "other", "other", params={("params.yaml", "x"): 1}, outs=("models2", "model")
    )
    assert [each.params for each in rows(train, judge, other)] == [{"train.rate": 1}]


def test_of_many_variants_upstream_only_what_they_share_counts():
    mine = [
        variant(
            "train",
            key,
            axes={"client": key},
            params={RATE: 1, (f"{key}.yaml", "train.depth"): 5},
            outs=(f"m/{key}",),
        )
        for key in ("acme", "beta")
    ]
    judge = StageResult("judge", "judge", deps=("m",), metrics={"j": {"acc": 1}})
    assert [each.params for each in rows(*mine, judge)] == [{"train.rate": 1}]


def test_of_many_variants_a_value_that_differs_does_not_count():
    mine = [variant("train", key, params={RATE: key}, outs=(f"m/{key}",)) for key in (1, 2)]
    judge = StageResult("judge", "judge", deps=("m",), metrics={"j": {"acc": 1}})
    assert [each.params for each in rows(*mine, judge)] == [{}]


def test_the_nearest_axis_of_a_name_counts():
    far = variant("far", 1, axes={"x": 1}, outs=("a",))
    near = variant("near", 2, axes={"x": 2}, deps=("a",), metrics={"m": {"acc": 1}})
    assert [each.params for each in rows(far, near)] == [{"x": 2}]


def test_stages_in_a_circle_come_to_an_end():
    one = StageResult("one", "one", deps=("b",), outs=("a",), metrics={"m": {"acc": 1}})
    two = StageResult("two", "two", deps=("a",), outs=("b",), params={RATE: 1})
    assert [each.params for each in rows(one, two)] == [{"train.rate": 1}]


def test_parameters_of_other_files_tell_their_file():
    stage = StageResult(
        "a",
        "a",
        axes={"rate": 1},
        params={("params.yaml", "rate"): 2, ("b.yaml", "k"): 3, ("params.yaml", "k"): 4},
        metrics={"m": {}},
    )
    assert rows(stage)[0].params == {"rate": 1, "params.yaml:rate": 2, "b.yaml:k": 3, "k": 4}


def test_variants_with_a_file_of_values_each_share_the_column():
    files = {"acme": "acme.yaml", "beta": "params.yaml", "gone": "gone.yaml"}
    stages = [
        variant("train", key, params={(file, "train.rate"): number}, metrics={"m": {}})
        for number, (key, file) in enumerate(files.items())
    ]
    assert [each.params for each in rows(*stages)] == [{"train.rate": n} for n in range(3)]


def test_metrics_are_the_numbers_with_dotted_names():
    content = {"a": {"b": 1, "c": {"d": 0.5}}, "ok": True, "name": "x", "list": [1], "none": None}
    assert rows(StageResult("a", "a", metrics={"m": content}))[0].metrics == {
        "a.b": 1,
        "a.c.d": 0.5,
    }


def test_metrics_of_one_name_in_two_files_tell_their_file():
    files = {"out/train.json": {"acc": 1, "n": 3}, "out/test.json": {"acc": 2}}
    found = rows(StageResult("a", "a", metrics=files))[0].metrics
    assert found == {"train.acc": 1, "n": 3, "test.acc": 2}
    files = {"train/m.json": {"acc": 1}, "test/m.json": {"acc": 2}}
    found = rows(StageResult("a", "a", metrics=files))[0].metrics
    assert found == {"train/m.json.acc": 1, "test/m.json.acc": 2}


def test_a_number_alone_has_the_name_of_its_file():
    assert rows(StageResult("a", "a", metrics={"out/acc.txt": 0.5}))[0].metrics == {"acc": 0.5}


def test_a_stage_has_a_row_at_each_revision_and_none_without_metrics():
    at = {
        rev: [StageResult("a", "a", metrics={"m": data}), StageResult("b", "b")]
        for rev, data in {"workspace": None, "v1": {"acc": 1}}.items()
    }
    assert rows(revisions=at) == [row("a"), row("a", rev="v1", acc=1)]
    assert rows_of(at, ["b"]) == []


@given(st.dictionaries(st.from_regex("[a-z]{1,3}", fullmatch=True), st.integers()))
def test_a_flat_mapping_is_its_own_leaves(mapping):
    assert dict(leaves(mapping)) == mapping


# Order


@pytest.mark.parametrize(
    "name",
    [
        *(
            "loss",
            "val_loss",
            "error.test",
            "rmse_test",
            "valLoss",
            "RMSE",
            "a.b.mae",
            "fit-time",
            "log_loss",
        ),
        *("error", "error_rate", "train.seconds", "perplexity", "logloss", "brier"),
    ],
)
def test_less_of_a_loss_is_better(name):
    assert is_lower_better(name)


@pytest.mark.parametrize(
    "name", ["acc", "f1", "lossless", "terror", "neg_mse", "timely", "AUC", ""]
)
def test_more_of_anything_else_is_better(name):
    assert not is_lower_better(name)


VALUES = st.one_of(st.none(), st.floats(), st.integers(-3, 3))


@given(st.lists(VALUES), st.booleans())
def test_best_first_and_rows_without_a_number_last(values, lower):
    given_rows = [
        row(f"s{place}", **({} if value is None else {"acc": value}))
        for place, value in enumerate(values)
    ]
    ranked = best_first(given_rows, "acc", lower=lower)
    assert sorted(ranked, key=given_rows.index) == given_rows
    numbers = [each.metrics.get("acc", math.nan) for each in ranked]
    known = [number for number in numbers if not math.isnan(number)]
    assert known == sorted(known, reverse=not lower)
    assert all(map(math.isnan, numbers[len(known) :]))


def test_of_equals_the_first_step_stays_first():
    given_rows = [row("b", acc=1), row("c", acc=2), row("a", acc=1), row("d")]
    for lower, steps in ((True, "bacd"), (False, "cbad")):
        ranked = best_first(given_rows, "acc", lower=lower)
        assert "".join(each.step for each in ranked) == steps


# Choice of columns and rows


def test_parameters_differ_by_their_values_and_inside_a_step_by_being_there():
    assert differing_params([row("a", params={"x": 1, "y": 1}), row("b", params={"x": 2})]) == ["x"]
    assert differing_params([row("a@1", params={"x": 1}), row("a@2")]) == ["x"]
    assert differing_params([row("a", params={"x": [1, 2]}), row("b", params={"x": [1, 2]})]) == []
    assert differing_params([]) == []


def test_rows_of_steps_without_the_metric_are_left_out():
    given_rows = [row("a@1", acc=1), row("a@2", loss=1), row("b", loss=1), row("c")]
    assert [each.step for each in rows_with("acc", given_rows)] == ["a@1", "a@2", "c"]
    assert metric_names(given_rows) == ["acc", "loss"]


@pytest.mark.parametrize(
    ("word", "name"),
    [("acc", "acc"), ("loss", "val.loss"), ("val.loss", "val.loss"), ("k", "b.yaml:k")],
)
def test_a_name_is_known_by_its_end(word, name):
    assert find_name(word, ["acc", "val.acc", "val.loss", "b.yaml:k"], "metric") == name


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("acc", "which metric is 'acc'?\n  hint: give one of: a.acc, b.acc"),
        ("lss", "no such metric: lss\n  hint: did you mean 'a.loss'?"),
        ("zzz", "no such metric: zzz\n  hint: each metric here: a.acc, b.acc, a.loss"),
    ],
)
def test_a_name_that_is_no_one_s_or_several_ones_is_a_wrong_call(word, text):
    with pytest.raises(UsageError) as raised:
        find_name(word, ["a.acc", "b.acc", "a.loss"], "metric")
    assert str(raised.value) == text


# Printers

TABLE = Table(
    ["step", "depth", "name", "acc"],
    [["a@1", 10, "x|y", 1 / 3], ["b", "", "two\nlines", 12345678.0], ["c", 2, True, ""]],
)


def test_text_has_numbers_at_the_right():
    assert as_text(TABLE) == (
        "step  depth  name                acc\n"
        "a@1      10  x|y            0.333333\n"
        "b            two\\nlines  1.23457e+07\n"
        "c         2  true\n"
    )


def test_markdown_escapes_pipes():
    assert as_markdown(TABLE) == (
        "| step | depth | name | acc |\n"
        "| --- | ---: | --- | ---: |\n"
        "| a@1 | 10 | x\\|y | 0.333333 |\n"
        "| b |  | two\\\\nlines | 1.23457e+07 |\n"
        "| c | 2 | true |  |\n"
    )


@pytest.mark.parametrize("printed", [as_text, as_markdown, as_csv])
def test_a_table_without_rows_has_its_header(printed):
    assert "step" in printed(Table(["step", "acc"], []))


CELLS = st.one_of(st.text(), st.integers(), st.floats(), st.booleans())


@given(st.lists(st.tuples(CELLS, CELLS)))
def test_csv_holds_exact_values(cells):
    _, *read = csv.reader(io.StringIO(as_csv(Table(["a", "b"], cells)), newline=""))
    for line, given_line in zip(read, cells, strict=True):
        for text, value in zip(line, given_line, strict=True):
            if isinstance(value, float):
                assert float(text) == value or math.isnan(value)
            elif isinstance(value, str):
                assert text == escaped(value)


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1))
def test_each_row_is_one_line(cells):
    for printed, more in ((as_text, 1), (as_markdown, 2)):
        assert len(printed(Table(["a", "b"], cells)).splitlines()) == len(cells) + more
