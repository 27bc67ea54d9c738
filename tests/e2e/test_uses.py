"""One notebook for many inputs, values and clients, through Snakemake and DVC alike."""

import csv
import json
from pathlib import Path

import pytest
from e2e_project import NOTHING, Project

pytestmark = pytest.mark.e2e

COUNT = """\
import json
import os


def count(step):
    with open(os.environ["COUNT_FILE"], "a") as counts:
        counts.write(f"{step}\\n")
"""


def write_step(project: Project, name: str, fields: str, code: str) -> None:
    """A notebook in three cells; the literals that its fields need stand first in ``code``."""
    literals, _, rest = code.partition("---\n")
    cells = [f"# {name}", f'"""{name}\n\n{fields}"""\n{literals}', COUNT, rest]
    project.write_notebook(name, cells)


def start(project: Project) -> None:
    project.nbsnake("init")
    project.nbsnake("generate")
    project.git("add", ".")
    project.git("commit", "--quiet", "--message", "generated")


def assert_both_rest(project: Project) -> None:
    """Nothing is left to do, neither for DVC nor for Snakemake."""
    project.assert_dvc_clean()
    lock = project.lock()
    assert "up to date" in project.dvc("repro")
    assert NOTHING in project.snakemake()
    assert project.computed() == []
    assert project.lock() == lock


SPLIT = """\
:param train: the larger part
:param test: the rest
:dvc-out train: data/train.txt
:dvc-out test: data/test.txt
"""
TOKENIZE = """\
:param text: what is cut into words
:param words: where they go
:param bool lower: whether capitals count
:dvc-in text: data/train.txt
:dvc-out words: data/train.json
"""
EVALUATE = """\
:param words: the words
:param score: the score
:dvc-in words: data/train.json
:dvc-metric score: results/train.json
"""


PARTS = ("test", "train")


def write_tutorial(project: Project) -> None:
    write_step(
        project,
        "split",
        SPLIT,
        'train = "../data/train.txt"\ntest = "../data/test.txt"\n---\ncount("split")\n'
        'with open(train, "w") as file:\n    file.write("The Quick brown Fox")\n'
        'with open(test, "w") as file:\n    file.write("The lazy Dog")\n',
    )
    write_step(
        project,
        "tokenize",
        TOKENIZE,
        'text = "../data/train.txt"\nwords = "../data/train.json"\nlower = True\n---\n'
        'count("tokenize " + os.path.basename(words))\ntext = open(text).read()\n'
        "text = text.lower() if lower else text\n"
        'json.dump(text.split(), open(words, "w"))\n',
    )
    write_step(
        project,
        "evaluate",
        EVALUATE,
        'words = "../data/train.json"\nscore = "../results/train.json"\n---\n'
        'count("evaluate " + os.path.basename(words))\n'
        'json.dump({"words": len(json.load(open(words)))}, open(score, "w"))\n',
    )


def run_both(project: Project, tmp_path: Path) -> None:
    """Run a copy by DVC and the project by Snakemake, and compare all that they leave."""
    start(project)
    theirs = project.copy_to(tmp_path / "theirs")
    project.snakemake()
    theirs.dvc("repro", "--quiet")
    assert project.lock() == theirs.lock()
    assert project.files(".dvc/cache/files") == theirs.files(".dvc/cache/files")
    assert project.files(".dvc/cache/runs") == theirs.files(".dvc/cache/runs")
    assert project.gitignores() == theirs.gitignores()
    assert project.computed() == theirs.computed() != []
    assert_both_rest(project)
    assert_both_rest(theirs)


def test_the_tutorial_runs_on_both_sets_by_two_lines_and_two_changed_paths(
    folder: Project, tmp_path: Path
) -> None:
    write_tutorial(folder)
    before = {name: folder.read(f"notebooks/{name}.ipynb") for name in ("tokenize", "evaluate")}
    for name, path in (("tokenize", "text: data"), ("evaluate", "words: data")):
        notebook = f"notebooks/{name}.ipynb"
        folder.replace(notebook, f":dvc-in {path}/train", f":dvc-in {path}/{{part}}")
        old = ":dvc-out words: data/" if name == "tokenize" else ":dvc-metric score: results/"
        added = '":foreach part: train test\\n",\n    '
        folder.replace(notebook, f'"{old}train', f'{added}"{old}{{part}}')
        lines, others = folder.read(notebook).splitlines(), before[name].splitlines()
        assert len(lines) == len(others) + 1
    run_both(folder, tmp_path)
    assert folder.locked_steps() == {
        *("split", "tokenize@train", "tokenize@test", "evaluate@train", "evaluate@test")
    }
    assert json.loads(folder.read("results/test.json")) == {"words": 3}
    assert len(list((folder.root / "workflow/scripts").iterdir())) == 3


USES = """\
uses:
- {name: tokenize_test, notebook: notebooks/tokenize.ipynb, values: {text: data/test.txt, words: data/test.json}}
- {name: evaluate_test, notebook: notebooks/evaluate.ipynb, values: {words: data/test.json, score: results/test.json}}
"""  # noqa: E501


def test_the_tutorial_runs_on_both_sets_by_three_lines_of_settings(
    folder: Project, tmp_path: Path
) -> None:
    write_tutorial(folder)
    folder.write("nbsnake.yaml", USES)
    assert len(USES.splitlines()) == 3
    run_both(folder, tmp_path)
    assert folder.locked_steps() == {
        *("split", "tokenize", "tokenize_test", "evaluate", "evaluate_test")
    }
    assert len(list((folder.root / "workflow/scripts").iterdir())) == 3

    # The other use shares the section of its notebook, until it has one of its own.
    folder.replace("params.yaml", "lower: true", "lower: false")
    folder.snakemake()
    again = [f"{step} {part}.json" for step in ("tokenize", "evaluate") for part in PARTS]
    assert folder.computed() == sorted(" ".join(again).split())
    folder.write("params.yaml", folder.read("params.yaml") + "tokenize_test:\n  lower: true\n")
    folder.nbsnake("run")
    assert folder.computed() == ["test.json", "tokenize"]  # and the score is known
    assert json.loads(folder.read("data/test.json")) == ["the", "lazy", "dog"]
    assert_both_rest(folder)


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


def test_values_of_a_list_come_and_go_without_the_others_running(folder: Project) -> None:
    write_sweep(folder, [0.1, 0.2, 1e-05])
    start(folder)
    folder.snakemake()
    assert len(folder.computed()) == 7

    folder.replace("params.yaml", "[0.1, 0.2, 1e-05]", "[0.1, 0.3, 1e-05]")
    told = folder.snakemake("-n", code=1)
    assert "the stage 'best' has other inputs 'scores' than there are variants" in told
    assert "nbsnake generate" in told
    folder.nbsnake("run")
    assert folder.computed() == ["best", "score@0.3", "train@0.3"]
    assert json.loads(folder.read("best.json")) == ["results/0.3.json", 3]
    assert_both_rest(folder)

    status = folder.status()
    assert set(status) >= {"train@0.3", "train@1e-05"}
    assert "train@0.2" not in status
    chosen = folder.nbsnake("status", "score", "train@*-05").stdout.split()
    assert chosen[::2] == ["train@1e-05", "score@0.1", "score@0.3", "score@1e-05"]


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
    told = json.loads(folder.dvc("status", "--json"))
    assert {name for name in told if "params.yaml" in str(told[name])} == stale
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
    told = dict(zip(header, workspace, strict=True))
    accuracy = json.loads(folder.read("results/0.2.json"))["accuracy"]
    assert float(told["results/0.2.json:accuracy"]) == accuracy
    assert told["train.depth"] == "4"


LOAD = """\
:param source: the raw numbers
:param numbers: the numbers
:dvc-in source: data/raw.txt
:dvc-out numbers: data/numbers.json
"""
PICK = """\
:param numbers: all of them
:param extra: the client's own
:param int least: the least that counts
:param picked: what counts
:dvc-in numbers: data/numbers.json
:dvc-in extra: data/extra.txt
:dvc-out picked: data/{client}/picked.json
"""
FIT = """\
:param picked: what counts
:param float scale: of the model
:param model: the model
:dvc-in picked: data/{client}/picked.json
:dvc-out model: models/{client}.json
"""
REPORT = """\
:param model: the model
:param report: what to tell
:param str unit: of the total
:dvc-in model: models/{client}.json
:dvc-metric report: reports/{client}.json
"""


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory, tool_env: dict[str, str]) -> Project:
    """Four notebooks, of which the first is for all of three clients. Only to be copied."""
    root = tmp_path_factory.mktemp("clients") / "project"
    root.mkdir()
    project = Project(root, tool_env)
    write_step(
        project,
        "load",
        LOAD,
        'source = "../data/raw.txt"\nnumbers = "../data/numbers.json"\n---\ncount("load")\n'
        'json.dump([int(word) for word in open(source).read().split()], open(numbers, "w"))\n',
    )
    write_step(
        project,
        "pick",
        PICK,
        'numbers = "../data/numbers.json"\nextra = "../data/extra.txt"\nleast = 2\n'
        'picked = "../data/picked.json"\n---\ncount(f"pick:{os.path.dirname(picked)}")\n'
        "found = [*json.load(open(numbers)), *map(int, open(extra).read().split())]\n"
        'json.dump([each for each in found if each >= least], open(picked, "w"))\n',
    )
    write_step(
        project,
        "fit",
        FIT,
        'picked = "../data/picked.json"\nscale = 1.5\nmodel = "../models/m.json"\n---\n'
        'count(f"fit:{model}")\n'
        'json.dump(sum(json.load(open(picked))) * scale, open(model, "w"))\n',
    )
    write_step(
        project,
        "report",
        REPORT,
        'model = "../models/m.json"\nreport = "../reports/r.json"\nunit = "kg"\n---\n'
        'count(f"report:{report}")\n'
        'json.dump({"total": json.load(open(model))}, open(report, "w"))\n',
    )
    project.write("data/raw.txt", "1 2 3\n")
    project.write("data/extra.txt", "\n")
    project.write("data/acme's own.txt", "100\n")
    project.write("clients/acme.yaml", "pick:\n  extra: data/acme's own.txt\nfit:\n  scale: 2.0\n")
    project.write("clients/globex.yaml", "# as all\n")
    project.write("clients/initech.yaml", "pick: {least: 3}\n")
    start(project)
    project.run("dvc", "remote", "add", "-q", "-d", "store", str(root.parent / "store"))
    return project


@pytest.fixture
def served(clients: Project, tmp_path: Path) -> Project:
    return clients.copy_to(tmp_path / "served")


def of(client: str) -> list[str]:
    return [
        *(f"fit:models/{client}.json", f"pick:data/{client}", f"report:reports/{client}.json"),
    ]


def totals(project: Project) -> dict[str, float]:
    files = sorted((project.root / "reports").glob("*.json"))
    return {file.stem: json.loads(file.read_text())["total"] for file in files}


def test_clients_share_the_step_that_knows_none_of_them(served: Project, tmp_path: Path) -> None:
    theirs = served.copy_to(tmp_path / "theirs")
    served.snakemake()
    theirs.dvc("repro", "--quiet")
    everything = sorted([*of("acme"), *of("globex"), *of("initech"), "load"])
    assert served.computed() == theirs.computed() == everything
    assert served.lock() == theirs.lock()
    assert served.files(".dvc/cache/runs") == theirs.files(".dvc/cache/runs")
    assert totals(served) == {"acme": 210.0, "globex": 7.5, "initech": 4.5}
    assert_both_rest(served)
    assert_both_rest(theirs)


def test_one_client_alone_then_another_and_one_less(
    served: Project, tmp_path: Path, tool_env: dict[str, str]
) -> None:
    served.nbsnake("run", "--client", "acme")
    assert served.computed() == sorted([*of("acme"), "load"])
    served.nbsnake("run")
    assert served.computed() == sorted([*of("globex"), *of("initech")])

    # Also where it overrides what no other client does.
    served.write("clients/umbrella.yaml", "fit: {scale: 10}\nreport: {unit: lb}\n")
    told = served.snakemake("-n")
    assert "nbsnake: older than the notebooks, the settings or the parameters: dvc.yaml" in told
    served.nbsnake("run")
    assert served.computed() == of("umbrella")
    assert_both_rest(served)

    (served.root / "clients/globex.yaml").unlink()
    served.nbsnake("run")
    assert served.computed() == []
    assert set(totals(served)) >= {"acme", "initech", "umbrella"}
    assert "pick@globex" not in served.status()
    assert_both_rest(served)

    served.replace("clients/acme.yaml", "2.0", "3.0")
    stale = {name for name, each in served.status().items() if each["state"] != "fresh"}
    assert stale == {"fit@acme", "report@acme"}
    served.snakemake()  # plain, for nothing was to be generated
    assert served.computed() == of("acme")[::2]
    assert totals(served)["acme"] == 315.0

    served.replace("params.yaml", "scale: 1.5", "scale: 1.0")
    served.snakemake()
    assert served.computed() == of("initech")[::2]
    assert_both_rest(served)

    served.git("add", ".")
    served.git("commit", "--quiet", "--message", "served")
    served.dvc("push", "--quiet")
    served.git("clone", "--quiet", ".", str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone", tool_env)
    clone.dvc("pull", "--quiet")
    assert NOTHING in clone.snakemake()


def test_a_clients_file_is_checked_before_anything_runs(served: Project) -> None:
    served.write("clients/acme.yaml", "fit:\n  scale: fast\n")
    told = served.snakemake("-n", code=1)
    assert (
        "clients/acme.yaml, line 2: the value 'fast' of fit.scale is not of the type float" in told
    )
    served.write("clients/acme.yaml", "fit:\n  scael: 2.0\n")
    told = served.nbsnake("run", code=1).stderr
    assert "clients/acme.yaml, line 2: fit.scael is not a parameter of notebooks/fit.ipynb" in told
    assert "did you mean 'scale'?" in told
    assert served.computed() == []


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
