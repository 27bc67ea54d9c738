"""One notebook for each value of a list, and one that reads what all of them wrote."""

import csv
import json
from pathlib import Path

import pytest
from e2e_project import Project
from notebooks_that_count import assert_both_rest, run_both, start, write_step

pytestmark = pytest.mark.e2e

TRAIN = """\
:foreach rate: sweep.rates
:param float rate: how fast
:param int depth: how deep
:param model: the model
:dvc-out model: models/{rate}.json
"""
SCORE = """\
:foreach rate: sweep.rates
:param model: the model
:param score: how good it is
:dvc-in model: models/{rate}.json
:dvc-metric score: results/{rate}.json
"""
BEST = """\
:param scores: of all rates
:param best: the best of them
:dvc-in scores: results/{rate}.json
:dvc-out best: best.json
"""


def write_sweep(project: Project, rates: list[float]) -> None:
    write_step(
        project,
        "train",
        TRAIN,
        'model = "../models/m.json"\nrate = 0.1\ndepth = 3\n---\ncount(f"train@{rate}")\n'
        'json.dump([rate, depth], open(model, "w"))\n',
    )
    write_step(
        project,
        "score",
        SCORE,
        'model = "../models/m.json"\nscore = "../results/m.json"\n---\n'
        "rate, depth = json.load(open(model))\n"
        'count(f"score@{rate}")\n'
        'json.dump({"accuracy": depth / 10 - (rate - 0.25) ** 2}, open(score, "w"))\n',
    )
    write_step(
        project,
        "best",
        BEST,
        'scores = ["../results/m.json"]\nbest = "../best.json"\n---\ncount("best")\n'
        'found = {path: json.load(open(path))["accuracy"] for path in scores}\n'
        'json.dump([max(found, key=found.get), len(found)], open(best, "w"))\n',
    )
    project.write("params.yaml", f"sweep:\n  rates: {json.dumps(rates)}  # of learning\n")


@pytest.mark.lock
def test_a_sweep_of_twenty_is_locked_as_the_matrix_stage_would_be(
    folder: Project, tmp_path: Path
) -> None:
    rates = [round(0.01 * number, 2) for number in range(1, 21)]
    write_sweep(folder, rates)
    run_both(folder, tmp_path)
    assert len(folder.locked_steps()) == 41
    assert json.loads(folder.read("best.json")) == ["results/0.2.json", 20]
    assert folder.read("params.yaml") == (
        f"sweep:\n  rates: {json.dumps(rates)}  # of learning\ntrain:\n  depth: 3\n"
    )
    assert folder.read("workflow/rules/train.smk").count("rule ") == 1
    metrics = json.loads(folder.dvc("metrics", "show", "--json"))[""]["data"]
    rows = json.loads(folder.nbsnake("compare", "--json").stdout)
    assert [row["step"] for row in rows[:1]] == ["score@0.2"]
    assert {row["metrics"]["accuracy"] for row in rows} == {
        each["data"]["accuracy"] for each in metrics.values()
    }


@pytest.mark.lock
def test_values_of_a_list_come_and_go_without_the_others_running(folder: Project) -> None:
    write_sweep(folder, [0.1, 0.2, 1e-05])
    start(folder)
    folder.snakemake()
    assert len(folder.computed()) == 7

    folder.replace("params.yaml", "[0.1, 0.2, 1e-05]", "[0.1, 0.3, 1e-05]")
    output = folder.snakemake("-n", code=1)
    assert "the stage 'best' has inputs 'scores' that do not match the variants" in output
    assert "nbsnake generate" in output
    folder.nbsnake("run")
    assert folder.computed() == ["best", "score@0.3", "train@0.3"]
    assert json.loads(folder.read("best.json")) == ["results/0.3.json", 3]
    assert_both_rest(folder)

    status = folder.status()
    assert set(status) >= {"train@0.3", "train@1e-05"}
    assert "train@0.2" not in status
    *chosen, _ = folder.nbsnake("status", "score", "train@*-05").stdout.splitlines()
    assert [line.split()[0] for line in chosen] == [
        "train@1e-05",
        "score@0.1",
        "score@0.3",
        "score@1e-05",
    ]


def test_a_value_makes_the_steps_stale_that_use_it_and_a_variant_is_a_target(
    folder: Project,
) -> None:
    write_sweep(folder, [0.1, 0.2])
    start(folder)
    folder.snakemake()
    folder.computed()
    folder.git("add", ".")
    folder.git("commit", "--quiet", "--message", "run")

    folder.replace("params.yaml", "depth: 3", "depth: 4")
    stale = {name for name, each in folder.status().items() if each["reasons"]}
    assert stale == {"train@0.1", "train@0.2"}
    changed = json.loads(folder.dvc("status", "--json"))
    assert {name for name in changed if "params.yaml" in str(changed[name])} == stale
    folder.nbsnake("run", "score@0.2")
    assert folder.computed() == ["score@0.2", "train@0.2"]
    folder.nbsnake("run", "--only", "rate=0.1")
    assert folder.computed() == ["score@0.1", "train@0.1"]
    folder.snakemake()
    assert folder.computed() == ["best"]
    assert_both_rest(folder)
    changed = json.loads(folder.dvc("params", "diff", "--json"))
    assert changed["params.yaml"]["train.depth"] == {"old": 3, "new": 4, "diff": 1}
    header, workspace, *_ = csv.reader(folder.dvc("exp", "show", "--csv").splitlines())
    row = dict(zip(header, workspace, strict=True))
    accuracy = json.loads(folder.read("results/0.2.json"))["accuracy"]
    assert float(row["results/0.2.json:accuracy"]) == accuracy
    assert row["train.depth"] == "4"


def test_too_many_paths_for_a_command_reach_the_script_in_a_file(
    folder: Project, tmp_path: Path
) -> None:
    long = "results/" + "a_long_name_" * 15
    write_sweep(folder, [round(0.1 * number, 1) for number in range(1, 13)])
    folder.run("rm", "notebooks/train.ipynb")
    write_step(
        folder,
        "score",
        ":foreach rate: sweep.rates\n:param float rate: r\n:param score: s\n"
        f":dvc-metric score: {long}/{{rate}}.json\n",
        'score = "s"\nrate = 0.1\n---\ncount("score")\n'
        'json.dump({"accuracy": rate}, open(score, "w"))\n',
    )
    folder.replace("notebooks/best.ipynb", "results/{rate}", f"{long}/{{rate}}")
    run_both(folder, tmp_path)
    assert "nbsnake params best | python" in " ".join(folder.read("dvc.yaml").split())
    assert json.loads(folder.read("best.json")) == [f"{long}/1.2.json", 12]
