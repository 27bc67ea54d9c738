"""The report: a page that is the same for the same state, small, and loads nothing."""

import json
import os
import re
from dataclasses import replace
from hashlib import md5
from pathlib import Path

import pytest
from report_parts import HOSTILE, Elements, cell, plots_in
from results_builder import Folder, planned

from nbsnake.compare.rows import Row
from nbsnake.job.digests import Digests
from nbsnake.job.executed import notebook_path
from nbsnake.job.own import write_own
from nbsnake.job.receipt import Failure, Seen, receipt_of, write_failure, write_receipt
from nbsnake.report.committed import git_output, md5s_at
from nbsnake.report.gather import About, view_of
from nbsnake.report.page import report_json, report_page
from nbsnake.report.states import states_of

SIZE = 3_000_000  # bytes of the page of a thousand steps, at most


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


def test_plots_are_in_the_page_and_in_its_data(project):
    shown, rows = view(project)
    column = HOSTILE.replace('"', "")
    plots = plots_in({"title": HOSTILE}, a_csv=f'"{column}"\n1\n2\n')
    shown = replace(shown, plots=tuple(plots))
    page = report_page(shown, rows, None)
    assert '<h2 id="plots">' in page
    assert page.count("<script") == 1
    assert json.loads(report_json(shown))["plots"][0]["y"] == column
