"""Versions in the names of notebooks: which one becomes a step."""

from pathlib import Path

import pytest
from adopt_folders import hazards, plan_of, put, step, write

from nbsnake.__main__ import main
from nbsnake.adopt.naming import newest, version_of

pytestmark = pytest.mark.usefixtures("folder")


@pytest.mark.parametrize(
    ("name", "order", "base"),
    [
        ("01_load.ipynb", "01", "load"),
        ("2b-clean data.ipynb", "2b", "clean_data"),
        ("1.2 - Train.ipynb", "1.2", "train"),
        ("train_v3_final.ipynb", "", "train"),
        ("clean (1).ipynb", "", "clean"),
        ("train-Copy1.ipynb", "", "train"),
        ("Copy of train.ipynb", "", "train"),
        ("train_2024-01-31.ipynb", "", "train"),
        ("train_old.ipynb", "", "train"),
        ("trainV2.ipynb", "", "train"),
        ("resnet50.ipynb", "", "resnet50"),
        ("2024.ipynb", "", "step_2024"),
        ("final.ipynb", "", "final"),
        ("conv.ipynb", "", "conv"),
    ],
)
def test_a_name_has_a_number_a_base_and_a_version(name, order, base):
    assert version_of(name)[:2] == (order, base)


@pytest.mark.parametrize(
    ("names", "latest"),
    [
        (["a.ipynb", "a_v2.ipynb", "a_v10.ipynb"], "a_v10.ipynb"),
        (["a_final.ipynb", "a_v3.ipynb", "a_v3_final.ipynb"], "a_v3_final.ipynb"),
        (["a.ipynb", "a (1).ipynb"], "a (1).ipynb"),
        (["a.ipynb", "a_old.ipynb"], "a.ipynb"),
        (["a_2024-01-01.ipynb", "a_2023-12-31.ipynb"], "a_2024-01-01.ipynb"),
    ],
)
def test_the_newest_version_is_found(names, latest):
    assert newest(names) == latest
    assert newest(reversed(names)) == latest


def test_only_the_newest_version_becomes_a_step():
    for name in ("train.ipynb", "train_v2.ipynb", "train_v3_final.ipynb"):
        step(name, "raw.csv", "model.txt")
    plan = plan_of()
    assert [node.notebook for node in plan.nodes] == ["train_v3_final.ipynb"]
    assert [node.step for node in plan.nodes] == ["train"]
    assert [each.notebook for each in plan.left] == ["train.ipynb", "train_v2.ipynb"]
    assert hazards(plan) == []


def test_a_version_that_is_named_becomes_a_step():
    step("train.ipynb", "raw.csv", "old.txt")
    step("train_v2.ipynb", "raw.csv", "model.txt")
    assert len(plan_of("train.ipynb").nodes) == 2


def test_an_older_version_whose_result_others_read_stays():
    step("train.ipynb", "raw.csv", "old.txt")
    step("train_v2.ipynb", "raw.csv", "model.txt")
    step("report.ipynb", "old.txt", "report.txt")
    assert {node.step for node in plan_of().nodes} == {"train", "train_v2", "report"}


def test_versions_that_differ_in_values_alone_are_named_as_variants():
    for name, rate in (("train_v1.ipynb", 0.1), ("train_v2.ipynb", 0.2)):
        put(name, f"rate = {rate}", 'open("m.txt", "w").write(str(rate))')
    (left,) = plan_of().left
    assert "differs only in values (rate 0.1)" in left.why


@pytest.mark.parametrize("place", ["old", "archive/2023", "_deprecated", "sub/Backups"])
def test_a_copy_in_a_folder_for_old_ones_is_left(place):
    step("a.ipynb", "raw.csv", "a.csv")
    step("sub/a.ipynb", "../raw.csv", "other.csv")
    step(f"{place}/a.ipynb", "raw.csv", "old.csv")
    step(f"{place}/alone.ipynb", "raw.csv", "alone.csv")
    plan = plan_of()
    assert [each.notebook for each in plan.left] == [f"{place}/a.ipynb"]
    assert {each.notebook for each in plan.proposals} == {
        *("a.ipynb", "sub/a.ipynb", f"{place}/alone.ipynb"),
    }


def test_a_notebook_gets_no_name_that_no_step_can_have():
    for name in ("def", "all"):
        write(f"in/{name}.csv")
        step(f"work/{name}.ipynb", f"in/{name}.csv", f"out/{name}.csv")
    assert main(["adopt", "--write"]) == 0
    assert main(["init"]) == 0
    assert main(["generate"]) == 0
    assert set(Path("workflow/rules").glob("work_*.smk")) == {
        Path("workflow/rules/work_all.smk"),
        Path("workflow/rules/work_def.smk"),
    }
