"""Data of plots in the report, as DVC draws it."""

import json

import pytest
from report_parts import ROWS, plots_in

from nbsnake.compare.rows import StageResult
from nbsnake.dvc.plots import declared_plots
from nbsnake.report.charts import plot_svg
from nbsnake.report.plots import plots_of


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a_csv", "epoch,loss\n1,0.5\n2,0.25\n"),
        ("a_tsv", "epoch\tloss\n1\t0.5\n2\t0.25\n"),
        ("a_json", json.dumps(ROWS)),
        ("b_json", json.dumps({"about": "it", "train": ROWS})),
        ("a_yaml", "- {epoch: 1, loss: 0.5}\n- {epoch: 2, loss: 0.25}\n"),
    ],
)
def test_data_of_each_format_makes_a_plot_as_dvc_draws_it(folder, name, text):
    (plot,) = plots_in({}, **{name: text})
    assert (plot.x, plot.y, plot.points) == ("", "loss", ((0.0, 0.5), (1.0, 0.25)))
    (plot,) = plots_in({"x": "epoch", "y": "loss", "template": "scatter"}, **{name: text})
    assert (plot.points, plot.scattered) == (((1.0, 0.5), (2.0, 0.25)), True)
    assert "<circle" in plot_svg(plot)
    assert "<polyline" not in plot_svg(plot)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a_csv", ""),
        ("a_csv", "x\nword\nnan\n"),
        ("a_json", "{"),
        ("a_json", "3"),
        ("a_yaml", "a: [b\n"),
        ("a_yaml", "- &a {b: *a}\n"),
        ("a_png", "x"),
    ],
)
def test_data_without_numbers_makes_no_plot(folder, name, text):
    assert plots_in({}, **{name: text}) == []


def test_plots_of_other_templates_and_absent_files_are_left_out(folder):
    assert plots_in({"template": "confusion"}, a_json=json.dumps(ROWS)) == []
    assert [*plots_of([StageResult("join", "join", plots={"absent.csv": {}})])] == []


def test_a_long_plot_has_fewer_points(folder):
    (plot,) = plots_in({}, a_csv="loss\n" + "1\n" * 10_000)
    assert len(plot.points) == 500


def test_plots_apart_from_stages_give_settings_by_file():
    both = {"x": "n", "y": {"a.csv": ["p", "q"], "b.csv": "r"}, "template": "scatter"}
    found = declared_plots(["c.json", {"a.json": {"x": "n", "y": "p"}}, {"Both": both}, 3, None])
    assert found["c.json"] == {}
    assert found["a.json"] == {"x": "n", "y": "p"}
    scatter = {"title": "Both", "x": "n", "template": "scatter"}
    assert found["a.csv"] == {**scatter, "y": ["p", "q"]}
    assert found["b.csv"] == {**scatter, "y": "r"}
    assert declared_plots({"a": 1}) == {}
