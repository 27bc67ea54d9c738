"""``nbsnake compare`` on stages that a person wrote and ``dvc repro`` ran, at two commits."""

import csv
import io
import json
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from e2e_project import Project

pytestmark = pytest.mark.e2e
STAGES = """\
stages:
  train:
    matrix:
      part: [a, b]
      rate: ${sweep.rates}
    cmd: echo ${item.part} ${item.rate} ${train.depth} > m/${item.part}-${item.rate}.txt
    params:
    - train.seed
    outs:
    - m/${item.part}-${item.rate}.txt
  evaluate:
    matrix:
      part: [a, b]
      rate: ${sweep.rates}
    cmd: >-
      python evaluate.py m/${item.part}-${item.rate}.txt e/${item.part}-${item.rate}.json
    deps:
    - m/${item.part}-${item.rate}.txt
    metrics:
    - e/${item.part}-${item.rate}.json:
        cache: false
  client:
    foreach: ${clients}
    do:
      cmd: echo 'margin = ${item.factor}' > ${item.paths.out}
      deps:
      - m
      metrics:
      - ${item.paths.out}
"""
PARAMS = """\
sweep:
  rates: [0.1, 0.5]
train:
  depth: 2
  seed: 1
clients:
  acme: {client: acme, factor: 2, paths: {out: c/acme.toml}}
  beta: {client: beta, factor: 5, paths: {out: c/beta.toml}}
"""
EVALUATE = """\
import json, sys
part, rate, depth = open(sys.argv[1]).read().split()
loss = float(rate) * (3 if part == "a" else 7) / int(depth)
metrics = {"val": {"loss": loss, "acc": 1 / (3 + loss)}, "ok": True, "part": part}
json.dump(metrics, open(sys.argv[2], "w"))
"""


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory, tool_env: dict[str, str]) -> Project:
    """Run at the tag ``v1``, and again with another depth, uncommitted. Only to be copied."""
    root = tmp_path_factory.mktemp("swept") / "project"
    for folder in ("m", "e", "c"):
        (root / folder).mkdir(parents=True)
    project = Project(root, tool_env)
    project.git("init", "--quiet")
    project.dvc("init", "--quiet")
    project.write("dvc.yaml", STAGES)
    project.write("params.yaml", PARAMS)
    project.write("evaluate.py", EVALUATE)
    project.dvc("repro", "--quiet")
    project.git("add", ".")
    project.git("commit", "--quiet", "--message", "first")
    project.git("tag", "v1")
    project.replace("params.yaml", "depth: 2", "depth: 4")
    project.dvc("repro", "--quiet")
    return project


@pytest.fixture
def project(swept: Project, tmp_path: Path) -> Project:
    return swept.copy_to(tmp_path / "project")


def compared(project: Project, *words: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(project.nbsnake("compare", "--json", *words).stdout)
    return rows


def test_variants_stand_best_first_with_what_differs(project: Project) -> None:
    done = project.nbsnake("compare", "evaluate")
    assert done.stdout == (
        "step            part  rate  val.loss   val.acc\n"
        "evaluate@a-0.1  a      0.1     0.075  0.325203\n"
        "evaluate@b-0.1  b      0.1     0.175  0.314961\n"
        "evaluate@a-0.5  a      0.5     0.375  0.296296\n"
        "evaluate@b-0.5  b      0.5     0.875  0.258065\n"
    )
    assert done.stderr == "sorted by val.loss, lower is better\n"
    higher = project.nbsnake("compare", "evaluate@b*", "--metric", "loss", "--higher", "--markdown")
    assert higher.stdout == (
        "| step | rate | val.loss |\n"
        "| --- | ---: | ---: |\n"
        "| `evaluate@b-0.5` | 0.5 | 0.875 |\n"
        "| `evaluate@b-0.1` | 0.1 | 0.175 |\n"
    )
    clients = project.nbsnake("compare", "client", "--csv").stdout
    assert [*csv.reader(io.StringIO(clients))] == [
        ["step", "client", "factor", "margin"],
        ["client@beta", "beta", "5", "5"],
        ["client@acme", "acme", "2", "2"],
    ]
    rows = compared(project, "evaluate@a-0.1", "client@acme", "--all")
    assert [row["params"] for row in rows] == [
        {"part": "a", "rate": 0.1, "train.depth": 4, "train.seed": 1},
        # The client rests on all variants of train, so no part or rate is its own.
        {"client": "acme", "factor": 2, "train.depth": 4, "train.seed": 1},
    ]


def test_revisions_hold_the_numbers_that_dvc_shows(project: Project) -> None:
    rows = compared(project, "--rev", "v1")
    at_v1 = Project(project.root.with_name("v1"), project.env)
    project.git("worktree", "add", "--quiet", str(at_v1.root), "v1")
    at_v1.dvc("cache", "dir", "--local", str(project.root / ".dvc/cache"))
    at_v1.dvc("checkout", "--quiet")
    for rev, place in (("workspace", project), ("v1", at_v1)):
        shown = json.loads(place.run("dvc", "metrics", "show", "--json").stdout)
        data = {file: entry["data"] for file, entry in shown[""]["data"].items()}
        for row in rows:
            if row["rev"] == rev:
                step, _, key = row["step"].partition("@")
                if step == "evaluate":
                    metrics = data[f"e/{key}.json"]["val"]
                    assert row["metrics"] == {
                        "val.loss": metrics["loss"],
                        "val.acc": metrics["acc"],
                    }
                else:
                    assert row["metrics"] == {"margin": data[f"c/{key}.toml"]["margin"]}
    depths = {(row["rev"], row["params"]["train.depth"]) for row in rows}
    assert depths == {("workspace", 4), ("v1", 2)}
    assert len(rows) == 2 * 6


def test_nothing_of_the_project_changes(project: Project) -> None:
    def state() -> dict[str, bytes]:
        return {
            path: data
            for path, data in project.files(".").items()
            if not path.startswith((".dvc/tmp/", ".git/index"))
        }

    before, status = state(), project.git("status", "--short")
    compared(project, "--rev", "v1")
    assert state() == before
    assert project.git("status", "--short") == status


def test_results_that_are_absent_go_last(project: Project) -> None:
    project.git("commit", "--all", "--quiet", "--message", "second")
    (project.root / "e/a-0.1.json").unlink()
    project.write("e/b-0.1.json", "{")
    shutil.rmtree(project.root / ".dvc/cache")
    done = project.nbsnake("compare", "--metric", "acc", "--rev", "v1", "--csv", "evaluate")
    _, *lines = csv.reader(io.StringIO(done.stdout))
    assert [line[0] for line in lines if not line[-1]] == ["evaluate@a-0.1", "evaluate@b-0.1"]
    assert lines[-1][1] == "workspace"
    assert "2 of 8 rows have none" in done.stderr
    # Those of the clients were in the cache alone, but for the workspace.
    rows = compared(project, "client", "--rev", "v1")
    assert [row["rev"] for row in rows if row["metrics"]] == ["workspace"] * 2


def test_pictures_are_the_same_each_time(project: Project) -> None:
    words = ("compare", "evaluate", "--rev", "v1", "--metric", "loss")
    for name in ("one.png", "two.png", "one.svg", "two.svg"):
        project.nbsnake(*words, "--over", "rate", "part", "--plot", name)
    one = {name: (project.root / name).read_bytes() for name in ("one.png", "one.svg")}
    assert one["one.png"].startswith(b"\x89PNG\r\n")
    assert ET.fromstring(one["one.svg"]).tag.endswith("svg")
    for name, data in one.items():
        assert (project.root / name.replace("one", "two")).read_bytes() == data


def test_without_matplotlib_there_are_no_pictures(project: Project, tmp_path: Path) -> None:
    (tmp_path / "matplotlib.py").write_text("raise ImportError")
    words = ("nbsnake", "compare", "--plot", "x.png")
    done = project.run(*words, code=2, env={"PYTHONPATH": str(tmp_path)})
    assert done.stderr == (
        "nbsnake: --plot needs matplotlib\n  hint: pip install 'nbsnake[plot]'\n"
    )


def test_wrong_calls_are_reported_in_one_line(project: Project) -> None:
    for words, text in (
        (["--rev", "v1", "nope"], "no such revision: nope"),
        (["--metric", "lss"], "no such metric: lss\n  hint: did you mean 'val.loss'?"),
        (["evaluat"], "no such step: evaluat"),
        (["--over", "rate"], "--over needs --plot FILE"),
        (["--plot", "x.pdf"], "x.pdf is not a .png or .svg file"),
        (["evaluate", "--plot", "x.png", "--over", "rat"], "no such parameter: rat"),
        (["evaluate@a-0.1", "--plot", "x.png"], "nothing to plot"),
    ):
        done = project.nbsnake("compare", *words, code=2)
        assert done.stderr.startswith(f"nbsnake: {text}")
        assert done.stdout == ""
    done = project.nbsnake("compare", "train", "--json")
    assert done.stdout == "[]\n"
    assert done.stderr == "none of these steps declares a metric: ':dvc-metric: path'\n"
    project.write("dvc.yaml", "stages: [")
    done = project.nbsnake("compare", code=3)
    assert done.stderr.startswith("nbsnake: DVC cannot read the project")
