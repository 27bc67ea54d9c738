"""Notebooks and files that become variants of one step."""

from pathlib import Path

import pytest
import yaml
from adopt_folders import docstring, plan_of, put, step, write

from nbsnake.__main__ import main
from nbsnake.adopt.folder import make_plan
from nbsnake.adopt.ploomber import given_by_tasks
from nbsnake.adopt.readings import read_all
from nbsnake.notebook.spec import PLAIN
from nbsnake.settings.adding import with_uses

pytestmark = pytest.mark.usefixtures("folder")


def test_a_part_that_another_notebook_needs_makes_variants():
    step("tokenize.ipynb", "data/train.csv", "data/train.json")
    step("evaluate.ipynb", "data/test.json", "score.txt")
    write("data/train.csv")
    write("data/test.csv")
    assert main(["adopt", "--write"]) == 0
    assert ":foreach part: train test" in docstring("tokenize.ipynb")
    assert ":dvc-out train: data/{part}.json" in docstring("tokenize.ipynb")


def test_a_part_that_nothing_can_be_made_of_makes_none():
    step("tokenize.ipynb", "data/train.csv", "data/train.json")
    step("evaluate.ipynb", "data/test.json", "score.txt")
    assert main(["adopt", "--write"]) == 0
    assert ":foreach" not in docstring("tokenize.ipynb")


def test_a_list_of_params_yaml_makes_variants_of_what_names_its_value():
    Path("params.yaml").write_text("sweep: {rate: [0.1, 0.2]}\n")
    put("train.ipynb", "rate = 0.1", 'open("m/0.1.txt", "w").write(str(rate))')
    step("test.ipynb", "m/0.1.txt", "r/0.1.txt")
    put("best.ipynb", "from glob import glob", 'x = sorted(glob("r/*.txt"))\nopen("b.txt", "w")')
    assert main(["adopt", "--write"]) == 0
    assert ":foreach rate: sweep.rate" in docstring("train.ipynb")
    assert ":foreach rate: sweep.rate" in docstring("test.ipynb")
    assert ":dvc-in x: r/{rate}.txt" in docstring("best.ipynb")


def test_files_of_clients_make_variants():
    write("clients/acme.yaml")
    Path("clients/acme.yaml").write_text("")
    step("a.ipynb", "raw/acme.csv", "out/acme.csv")
    assert main(["adopt", "--write"]) == 0
    assert ":dvc-out acme: out/{client}.csv" in docstring("a.ipynb")


TRAIN = """x = sum(map(int, open("raw.csv")))
open("{out}", "w").write(str(x * factor))"""


def train(path, factor, out):
    put(path, ("markdown", f"# {path}"), f"factor = {factor}", TRAIN.format(out=out))


def variants():
    return [(each.main, each.others, each.axis, each.uses) for each in plan_of().alike]


def test_notebooks_whose_paths_name_their_one_value_are_an_axis(capsys):
    train("train_b.ipynb", 0.5, "model_0.5.json")
    train("train_a.ipynb", 0.1, "model_0.1.json")
    ((main_one, others, axis, uses),) = variants()
    assert (main_one, others, uses) == ("train_b.ipynb", ("train_a.ipynb",), ())
    assert (axis.name, axis.values) == ("factor", ("0.1", "0.5"))
    assert main(["adopt"]) == 0
    shown = capsys.readouterr()
    assert "variants: train_b.ipynb differs only in values from train_a.ipynb" in shown.out
    assert "foreach factor" in shown.out
    assert main(["adopt", "--variants"]) == 0
    assert "nbsnake adopt --variants --write" in capsys.readouterr().err
    assert "dvc-out" not in Path("train_b.ipynb").read_text()
    assert main(["adopt", "--variants", "--write"]) == 0
    text = Path("train_b.ipynb").read_text()
    assert ":step: train\\n" in text
    assert ":foreach factor: 0.1 0.5" in text
    assert "model_{factor}.json" in text
    assert "dvc-out" not in Path("train_a.ipynb").read_text()


def test_notebooks_that_differ_in_more_are_uses_of_one():
    train("train_v1.ipynb", 1, "first.json")
    train("train_v2.ipynb", 2, "second.json")
    Path("nbsnake.yaml").write_text("strict: true\nuses:\n  - name: other  # mine\n")
    ((_, _, axis, (use,)),) = variants()
    assert axis is None
    assert dict(use.values) == {"factor": 1, "second": "first.json"}
    assert (use.name, use.was) == ("train_v1", "train_v1.ipynb")
    entry = use.entry("train_v2.ipynb")
    text = with_uses(Path("nbsnake.yaml").read_text(), [entry], "nbsnake.yaml")
    assert yaml.safe_load(text)["uses"] == [
        {
            "name": "train_v1",
            "notebook": "train_v2.ipynb",
            "values": {"factor": 1, "second": "first.json"},
        },
        {"name": "other"},
    ]
    assert text.startswith("strict: true")
    assert "# mine" in text


@pytest.mark.parametrize(
    "text",
    [
        *("", "strict: true", "uses: []\n", "uses:\n", "uses: [{name: a}]  # mine\n"),
        *("uses:\n\n  # mine\n  - name: a\nstrict: true\n", "uses:\r\n- name: a\r\n"),
        *("'uses':\n- name: a\n", "a: |\n  uses:\n  - b\nuses:\n- name: a\n", "a: 1\n...\n"),
        "--- # mine\nuses: &all\n- name: a\n",
    ],
)
def test_uses_are_added_to_any_text_of_settings(text):
    entry = {"name": "b c", "notebook": "x y.ipynb", "values": {"n": [1, 0.5], "t": "yes"}}
    before = yaml.safe_load(text) or {}
    found = with_uses(text, [entry], "nbsnake.yaml")
    assert yaml.safe_load(found) == {**before, "uses": [entry, *(before.get("uses") or [])]}
    assert found.count("# mine") == text.count("# mine")
    assert found.count("\r\n") == (found.count("\n") if "\r\n" in text else 0)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("open('a.csv', 'w').write('x' * 3)", "open('b.csv', 'w').write('x' * 4)"),
        ("open('a.csv', 'w').write('x')", "open('b.csv', 'w').write('y')"),
        ("n = 1\nopen('a.csv', 'w').write(str(n))", "n = 2\nopen('a.csv', 'w').write(str(n))"),
        ("import re\nopen('a.csv', 'w')", "import os\nopen('b.csv', 'w')"),
    ],
)
def test_notebooks_that_differ_in_other_values_or_write_the_same_file_are_no_variants(
    first, second
):
    put("train_a.ipynb", first)
    put("train_b.ipynb", second)
    assert variants() == []


def test_a_step_that_reads_what_a_variant_writes_still_does():
    train("train_a.ipynb", 1, "model_1.json")
    train("train_b.ipynb", 2, "model_2.json")
    step("report.ipynb", "model_1.json", "report.txt")
    assert main(["adopt", "--variants", "--write"]) == 0
    assert main(["init"]) == 0
    assert main(["generate"]) == 0
    stages = yaml.safe_load(Path("dvc.yaml").read_text())["stages"]
    assert set(stages) == {"train", "report"}
    assert stages["report"]["deps"][0] == "model_1.json"


def test_wildcards_of_a_configuration_are_axes_and_computed_inputs_stay_with_the_snakefile(capsys):
    put("nb/count.ipynb", "open(snakemake.output[0], 'w').write(open(snakemake.input[0]).read())")
    put("nb/all.ipynb", "open(snakemake.output[0], 'w').write(str(snakemake.input))")
    Path("config.yaml").write_text("samples: [a, b]")
    Path("Snakefile").write_text(
        """configfile: "config.yaml"


rule count:
    input:
        "data/{sample}.txt",
    output:
        "out/{sample}.txt",
    notebook:
        "nb/count.ipynb"


rule total:
    input:
        expand("out/{sample}.txt", sample=config["samples"]),
    output:
        "out/total.txt",
    notebook:
        "nb/all.ipynb"
"""
    )
    assert main(["adopt", "--write"]) == 0
    text = Path("nb/count.ipynb").read_text()
    assert ":foreach sample: a b" in text
    assert "data/{sample}.txt" in text
    assert "snakemake" in Path("nb/all.ipynb").read_text()
    rules = Path("Snakefile").read_text()
    assert "rule total" in rules
    assert "rule count" not in rules


@pytest.mark.parametrize("name", ["it's", 'a"b', "a\\", "a\0b", "a-b", "{'a': 1}"])
def test_name_that_another_tool_gives_is_quoted(name):
    put("b.ipynb", f"open(product[{name!r}], 'w').write('x')")
    tasks = {"tasks": [{"source": "b.ipynb", "product": {"data": "a.csv", name: "b.csv"}}]}
    (given,) = given_by_tasks(tasks, {})
    (made,) = make_plan(read_all(["b.ipynb"], PLAIN), given={"b.ipynb": given}).proposals
    assert "b.csv" in [path for file in made.files for path in file.paths]
