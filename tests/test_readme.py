"""Every block of the README is run by a test, or has a reason here why it is not."""

import itertools
import re
import shlex
import shutil

import pytest
import yaml
from doc_blocks import ROOT, Shell, blocks, put_file

BLOCKS = [text for _, text in blocks(ROOT / "README.md")]
ARROW = re.compile(r" -->(?:\|.*?\|)? ")
RUN: list[str] = []
NOT_RUN = {
    "make demo ": "CI runs these commands itself, in a fresh environment",
    "pip install 'nbsnake[slurm]'": "needs a cluster; tests/e2e/test_slurm.py starts one",
}


def runs(*starts):
    """Marks the test that runs the blocks that begin so."""
    RUN.extend(starts)
    return pytest.mark.docs


def block(start):
    (text,) = (text for text in BLOCKS if text.startswith(start))
    return text


@pytest.fixture
def shell(tmp_path):
    return Shell(tmp_path / "home")


def test_every_block_is_run_or_has_a_reason():
    for text in BLOCKS:
        known = [start for start in (*RUN, *NOT_RUN) if text.startswith(start)]
        assert len(known) == 1, f"{known} of:\n{text}"
    assert len(BLOCKS) == len(RUN) + len(NOT_RUN)


def test_ci_runs_the_two_commands():
    calls = [line.partition("#")[0].strip() for line in block("make demo ").splitlines()]
    if (ci := ROOT / ".ci/run").exists():  # which is not in the sdist
        assert {*calls} <= {*ci.read_text().splitlines()}
    targets = re.findall(r"^(\w+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert [call for call in calls if call.removeprefix("make ") not in targets] == []


def edges(text):
    """The arrows of a flowchart, between the labels of its nodes."""
    labels = dict(re.findall(r'(\w+)[(\["]+([\w.]+)', text))
    for line in text.splitlines():
        ends = [labels.get(re.match(r"\w*", each)[0]) for each in ARROW.split(line.strip())]
        yield from itertools.pairwise(ends)


@runs("flowchart LR")
def test_the_flowchart_is_the_graph_of_the_example(shell, tmp_path):
    project = tmp_path / "digits"
    shutil.copytree(ROOT / "examples/digits", project)
    printed = shell("nbsnake init && nbsnake generate && nbsnake graph --mermaid", project)
    stage = yaml.safe_load((project / "dvc.yaml").read_text())["stages"]["evaluate"]
    made = str([stage.get(kind) for kind in ("outs", "metrics", "plots")])
    drawn = {*edges(block("flowchart LR"))}
    files = {end for start, end in drawn if not end.endswith(".ipynb")}
    assert files == {"metrics.json", "confusion.png"}
    assert all(("evaluate.ipynb", file) in drawn and file in made for file in files)
    steps = {(a.removesuffix(".ipynb"), b.removesuffix(".ipynb")) for a, b in drawn}
    assert steps - {("evaluate", file) for file in files} == {*edges(printed)}


@runs("cd my-project", '"""Train a classifier', "nbsnake generate ", "notebooks/*.ipynb ")
def test_the_five_minutes_are_true(shell, tmp_path):
    project, remote = tmp_path / "my-project", tmp_path / "remote"
    for folder in (remote, project / "data", project / "models"):
        folder.mkdir(parents=True)
    (project / "data/features.csv").write_text("1,2\n")
    body = "open(model, 'w').write(open(features).read())"
    put_file(project / "notebooks/train.ipynb", [block('"""Train a classifier'), body])
    shell(block("cd my-project"), tmp_path)
    run = block("nbsnake generate ")
    assert "/path/to/shared/folder" in run
    said = shell(run.replace("/path/to/shared/folder", shlex.quote(str(remote))), project)
    assert "Data and pipelines are up to date." in said
    assert any(remote.rglob("*"))
    assert yaml.safe_load((project / "params.yaml").read_text()) == {"train": {"rate": 0.1}}

    names = [line.split("  ")[0] for line in block("notebooks/*.ipynb ").splitlines()]
    paths = [path.replace("<step>", "train") for name in names for path in name.split(", ")]
    absent = [path for path in paths if not any(project.glob(path))]
    assert absent == ["nbsnake.yaml", "clients/"]  # which are said to be there if they are needed


@runs(":foreach part: ")
def test_the_keys_of_variants_are_true(shell, tmp_path):
    parts, rates, scores = (
        re.split(r" {2,}", line)[0] for line in block(":foreach part: ").splitlines()
    )
    tokens = f'"""\n{parts}\n:dvc-out text: data/{{part}}.txt\n"""\ntext = "../data/a.txt"'
    fit = (
        f'"""\n{rates}\n:dvc-out score: results/{{rate}}.json\n"""\nscore = "../a.json"\nrate = 1.0'
    )
    best = f'"""\n:param scores: all\n{scores}\n:dvc-out top: top.json\n"""\n'
    best += 'scores = ["../a.json"]\ntop = "../top.json"'
    for name, text in (("tokenize", tokens), ("fit", fit), ("best", best)):
        put_file(tmp_path / f"project/notebooks/{name}.ipynb", [text])
    project = tmp_path / "project"
    (project / "params.yaml").write_text("sweep:\n  rates: [0.1, 0.5]\n")
    shell("nbsnake init && nbsnake generate", project)
    printed = shell("nbsnake run --dry-run", project)
    found = {*re.findall(r"^ *(\S+)  ", printed, re.MULTILINE)}
    assert {"tokenize@train", "tokenize@test", "fit@0.1", "fit@0.5", "best"} <= found
    stages = yaml.safe_load((project / "dvc.yaml").read_text())["stages"]
    assert {"results/0.1.json", "results/0.5.json"} <= {*stages["best"]["deps"]}
