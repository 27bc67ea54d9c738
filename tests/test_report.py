"""The report: times, chains, harmless HTML, and a page that is the same for the same state."""

import json
import os
import re
from dataclasses import replace
from hashlib import md5
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from results_builder import Folder, planned

from nbsnake.compare.rows import Row, StageResult
from nbsnake.dvc.plots import declared_plots
from nbsnake.job.digests import Digests
from nbsnake.job.executed import notebook_path
from nbsnake.job.own import write_own
from nbsnake.job.receipt import Failure, Seen, receipt_of, write_failure, write_receipt
from nbsnake.report.cells import notebook_html
from nbsnake.report.charts import plot_svg
from nbsnake.report.committed import git_output, md5s_at
from nbsnake.report.gather import About, view_of
from nbsnake.report.page import report_json, report_page
from nbsnake.report.plots import plots_of
from nbsnake.report.sanitize import frame, harmless
from nbsnake.report.states import states_of
from nbsnake.report.timeline import Job, duration, expected_seconds, last_run, longest_chain

HOSTILE = (
    "</script></style></title></textarea><script>alert(1)</script><img src=x onerror=alert(2)>"
)
SIZE = 3_000_000  # bytes of the page of a thousand steps, at most

# Commits


def test_contents_of_a_commit_are_found_for_any_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths = ["a", "my tree", "x blob 3", "\xe4 b", "folder/c", "empty"]
    Path("folder").mkdir()
    for path in paths[:1] + paths[3:]:  # the others git has to call missing
        Path(path).write_text("" if path == "empty" else f"blob 3\n{path}")
    for words in (["init"], ["add", "."], ["commit", "-m", "x"]):
        git_output("-c", "user.name=a", "-c", "user.email=a@b", *words)
    found = md5s_at("HEAD", [*paths, "folder"])
    assert found == {
        path: md5(Path(path).read_bytes()).hexdigest() for path in paths[:1] + paths[3:]
    }


# Times


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


# HTML of others


class Elements(HTMLParser):
    """What a browser would make of a document: its elements and their attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


PARTS = st.sampled_from(
    [
        *("<script>", "</script>", "<b>", "</b>", "<style>", "</style>", "<svg>", "<math>", "<!--"),
        *(
            "-->",
            "<img src=http://h/a.png onerror=x()>",
            "<a href='javascript:x()'>",
            "<iframe src=x>",
        ),
        *(
            "<p style='background:url(http://h/b)'>",
            "@import 'http://h/c';",
            "p{color:red}",
            "<base href=x>",
        ),
        *(
            "<meta http-equiv=refresh content=0>",
            "<link rel=stylesheet href=x>",
            "&lt;script&gt;",
            "<x-y z=1>",
        ),
        *(
            "<td onclick=x()>",
            "<TEMPLATE>",
            "<noscript>",
            "<",
            ">",
            "'",
            '"',
            "</",
            "\x1b[31m",
            "text",
        ),
        "<img src='data:image/png;base64,AAAA'>",
    ]
)


@given(st.lists(PARTS, max_size=12).map("".join))
def test_harmless_html_runs_nothing_and_loads_nothing(html):
    text = harmless(html)
    for tag, given_attributes in Elements(text).found:
        assert tag not in ("script", "iframe", "base", "meta", "link", "template", "noscript")
        for name, value in given_attributes.items():
            assert not name.startswith("on")
            assert name not in ("href", "srcset", "action")
            assert name != "src" or value.startswith("data:image/")
    assert "url(" not in text
    assert "\x1b" not in text
    assert harmless(text) == text or "&" in text


def test_table_of_a_library_stays_as_it_is():
    html = '<table class="d"><tr><th>a</th><td colspan="2">1 &lt; 2</td></tr></table>'
    assert harmless(html) == html
    assert 'sandbox=""' in frame(html, "a")


# Notebooks


def cell(source, *outputs, kind="code"):
    about = {"nbsnake": {"cell": 1, "seconds": 0.5}}
    return {"cell_type": kind, "metadata": about, "source": source, "outputs": list(outputs)}


def test_outputs_are_shown_as_what_they_are():
    page = notebook_html(
        {
            "cells": [
                cell("# Title\n\n<b>*x*</b> ![p](http://h/p.png)", kind="markdown"),
                cell(
                    "x = '<b>'",
                    {
                        "output_type": "stream",
                        "name": "stdout",
                        "text": "1 %\r2 %\n\x1b[31mred\x1b[0m",
                    },
                    {
                        "output_type": "display_data",
                        "data": {"image/png": "AA==", "text/plain": "F"},
                    },
                    {"output_type": "execute_result", "data": {"text/html": HOSTILE}},
                    {"output_type": "display_data", "data": {"image/png": '"><script>'}},
                    {"output_type": "error", "traceback": ["<Trace>", "KeyError"]},
                ),
            ]
        }
    )
    assert "<h4>Title</h4>" in page
    assert "&lt;b&gt;<em>x</em>&lt;/b&gt;" in page
    assert 'src="data:image/png;base64,AA=="' in page
    assert "2 %\nred" in page
    assert "&lt;Trace&gt;" in page
    tags = [tag for tag, _ in Elements(page).found]
    assert "script" not in tags
    assert tags.count("img") == 1
    assert tags.count("iframe") == 1


@pytest.mark.parametrize("document", [None, [], {}, {"cells": [{}]}, {"cells": 3}, {"cells": [1]}])
def test_what_is_no_notebook_shows_nothing(document):
    assert notebook_html(document) == ""


# The page


@pytest.fixture
def project(folder):
    """A fresh step, a stale one with a notebook, and a failed one, all with hostile content."""
    built = Folder()
    built.run_all()
    step = planned("plot", "in.txt", "plot.txt", params={"params.yaml": {HOSTILE: HOSTILE}})
    built.plan_steps(*built.plan.steps.values(), step)
    write_failure(Failure("plot", 1, 9.0, cell=1, error=HOSTILE, said=HOSTILE))
    document = {
        "cells": [cell(HOSTILE, {"output_type": "stream", "name": HOSTILE, "text": HOSTILE})]
    }
    for name, failed in (("join", False), ("plot", True)):
        write_own(notebook_path(name, failed=failed), json.dumps(document).encode())
    Path("logs").mkdir()
    Path("logs/plot.log").write_text(HOSTILE)
    Path("in.txt").write_text("2\n")
    return built


def view(project):
    judge = project.judge()
    about = {name: About(HOSTILE) for name in project.plan.steps}
    row = Row("join", "join", HOSTILE, {HOSTILE: HOSTILE}, {HOSTILE: 0.5})
    rows = [row, row._replace(params={}, metrics={HOSTILE: 0.25})]
    return view_of(judge, states_of(judge, {}), about, rows), rows


def page_of(project, notebooks=None):
    return report_page(*view(project), notebooks)


def test_page_is_the_same_for_the_same_state(project):
    assert page_of(project) == page_of(project)


def test_page_of_a_hostile_project_has_no_element_of_others(project):
    page = page_of(project)
    tags = [tag for tag, _ in Elements(page).found]
    assert tags.count("script") == 1
    assert "img" not in tags
    assert "onerror" not in [name for _, given_ in Elements(page).found for name in given_]
    assert page.count("&lt;script&gt;alert(1)") > 10


def test_page_loads_nothing(project):
    elements = Elements(page_of(project)).found
    loads = [
        (tag, value)
        for tag, attrs in elements
        for name, value in attrs.items()
        if name in ("src", "srcset", "data", "action", "background")
    ]
    assert loads == []
    links = {attrs["href"] for tag, attrs in elements if tag == "a"}
    assert all(link.startswith("#") for link in links)
    ids = [attrs["id"] for _, attrs in elements if "id" in attrs]
    assert len(ids) == len({*ids})
    assert {link.removeprefix("#") for link in links} <= {*ids}
    policy = next(attrs["content"] for _, attrs in elements if "http-equiv" in attrs)
    assert policy.startswith("default-src 'none'; img-src data:")


def test_page_shows_state_reason_run_and_notebook(project):
    page = page_of(project)
    assert "3 steps: 1 stale, 1 waiting, 1 failed" in page
    assert "in.txt changed" in page
    assert "notebook of the failed run of plot" in page
    assert "notebook of the last run of join" in page
    assert "notebook of the last run of join" not in page_of(project, "failed")
    assert "notebook of the" not in page_of(project, "none")


def test_data_is_the_same_as_json(project):
    found = json.loads(report_json(view(project)[0]))
    assert [step["state"] for step in found["steps"]] == ["stale", "waiting", "failed"]
    assert found["edges"] == [{"from": "make", "to": "join", "files": ["mid.txt"]}]
    assert found["due"]["steps"] == ["make", "join", "plot"]
    assert found["due"]["unknown"] == ["plot"]
    assert found["steps"][0]["run"]["seconds"] > 0
    assert found["metrics"][0]["metrics"] == {HOSTILE: 0.5}


def test_page_of_a_thousand_steps_is_small_and_its_graph_is_folded(folder):
    built, steps = Folder(), []
    for number in range(1000):
        before = {f"out/{(number * 7 + k) % number}.txt" for k in (1, 3)} if number else {"in.txt"}
        step = planned(f"step_{number:04}", "in.txt", f"out/{number}.txt", number)
        steps.append(step._replace(deps=tuple(sorted(before))))
    os.makedirs("out")
    for number in range(1000):
        Path(f"out/{number}.txt").write_text(str(number))
    built.plan_steps(*steps)
    digests = Digests()
    for number, step in enumerate(steps):
        deps = [Seen(path, digests.of(path), None) for path in step.deps]
        outs = {path: digests.of(path) for path in step.out_paths}
        write_receipt(receipt_of(step, step.argv, deps, outs, float(number)))
    Path("out/500.txt").write_text("changed")
    judge = built.judge()
    page = report_page(view_of(judge, states_of(judge, {}), {}, []), [], None)
    assert len(page.encode()) < SIZE
    assert page.count('class="step filtered"') == 1000
    assert len(re.findall('class="node"', page)) < 400


def plots_in(options, **files):
    for name, text in files.items():
        Path(name.replace("_", ".")).write_text(text)
    paths = [name.replace("_", ".") for name in files]
    return [*plots_of([StageResult("join", "join", plots=dict.fromkeys(paths, options))])]


ROWS = [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}]


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


def test_plots_are_in_the_page_and_in_its_data(project):
    shown, rows = view(project)
    column = HOSTILE.replace('"', "")
    plots = plots_in({"title": HOSTILE}, a_csv=f'"{column}"\n1\n2\n')
    shown = replace(shown, plots=tuple(plots))
    page = report_page(shown, rows, None)
    assert '<h2 id="plots">' in page
    assert page.count("<script") == 1
    assert json.loads(report_json(shown))["plots"][0]["y"] == column
