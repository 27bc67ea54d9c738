"""The case of MLV-tools' tutorial: one notebook for the training and for the test set."""

import json
from pathlib import Path

import pytest
from e2e_project import Project
from notebooks_that_count import assert_both_rest, run_both, write_step

pytestmark = pytest.mark.e2e

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
