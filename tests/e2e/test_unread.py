"""A plain run reads only the rules of what is left to do, and decides as one that reads all."""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from diamond import NOTHING
from e2e_project import Project

pytestmark = [pytest.mark.e2e, pytest.mark.lock]
# Snakemake, which also prints the name of each file that it includes.
SPY = """\
import os, sys
from snakemake.cli import main
from snakemake.workflow import Workflow

def spy(self, path, *args, _include=Workflow.include, **options):
    print("included", os.path.basename(str(path)).removesuffix(".smk"))
    _include(self, path, *args, **options)

Workflow.include = spy
sys.argv[0] = "snakemake"
main()
"""
ALL = ["join", "left", "make", "right"]
LEFT_RECORD = urlsafe_b64encode(b"results of all/left.txt").decode()
OWN_STAGES = """\
  tick:
    cmd: echo tick >> ticks.txt && wc -l < ticks.txt > tick.txt
    always_changed: true
    outs: [tick.txt]
  after:
    cmd: cat tick.txt tick.txt > after.txt
    deps: [tick.txt]
    outs: [after.txt]
  said:
    cmd: echo said >> said.txt
    deps: [data/raw.txt]
"""


def read_rules(project: Project, *arguments: str) -> list[str]:
    """The generated rules that a run of Snakemake reads, sorted."""
    done = project.run("python", "-c", SPY, "--cores", "2", *arguments)
    lines = [line.removeprefix("included ") for line in done.stdout.splitlines()]
    return sorted({*lines} & {*ALL})


def test_only_rules_of_what_is_left_are_read(done: Project) -> None:
    assert read_rules(done) == []
    done.replace("params.yaml", "factor: 3", "factor: 4")
    assert read_rules(done) == ["join", "left"]
    assert done.computed() == ["join", "left"]
    done.assert_dvc_clean()
    assert NOTHING in done.snakemake("all")


@pytest.mark.parametrize("options", ["--dry-run", "--config left={}"])
def test_whatever_else_is_asked_is_about_all_rules(done: Project, options: str) -> None:
    assert read_rules(done, *options.split()) == ALL


def test_beside_an_edited_rule_all_are_read(done: Project) -> None:
    done.write("workflow/rules/left.smk", done.read("workflow/rules/left.smk") + "# mine\n")
    assert read_rules(done) == ALL


def edit_within_the_same_second(project: Project) -> None:
    path = project.root / "params.yaml"
    text = path.read_text()
    path.write_text(text.replace("factor: 3", "factor: 5"))


def delete_an_output_that_no_cache_has(project: Project) -> None:
    forget(project, "joined.txt")
    (project.root / "joined.txt").unlink()


def lose_the_object_of_an_edited_output(project: Project) -> None:
    forget(project, "data/numbers.txt")
    project.write("data/numbers.txt", "4\n")


def change_the_environment_on_record(project: Project) -> None:
    """As after a run with an environment, which this run has not: only Snakemake knows."""
    path = project.root / ".snakemake/metadata" / LEFT_RECORD
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "software_stack_hash": "0" * 32}))


def forget(project: Project, path: str) -> None:
    """Remove the objects of an output from all caches."""
    md5 = hashlib.md5((project.root / path).read_bytes()).hexdigest()
    for file in project.root.rglob(f"{md5[:2]}/{md5[2:]}"):
        file.unlink()


@pytest.mark.parametrize(
    ("change", "steps"),
    [
        (edit_within_the_same_second, ["join", "left"]),
        (delete_an_output_that_no_cache_has, ["join"]),
        (lose_the_object_of_an_edited_output, ALL),
        (change_the_environment_on_record, ["join", "left"]),
    ],
)
def test_a_plain_run_computes_what_one_that_reads_all_does(
    done: Project, tmp_path: Path, change: Callable[[Project], None], steps: list[str]
) -> None:
    other = done.copy_to(tmp_path / "a copy elsewhere")
    for project, arguments in ((done, ()), (other, ("all",))):
        change(project)
        project.run("snakemake", "--cores", "2", *arguments, env={"NBSNAKE_RESTORE": "0"})
        assert project.computed() == steps
        project.assert_dvc_clean()
    assert done.lock() == other.lock()


def test_hand_written_stages_that_are_done_are_left_out(done: Project) -> None:
    done.write("dvc.yaml", done.read("dvc.yaml") + OWN_STAGES)
    done.snakemake()
    assert done.read("after.txt").split() == ["1", "1"]
    for path in done.files(".nbsnake/done"):
        (done.root / path).unlink()
    done.snakemake()
    assert done.read("after.txt").split() == ["2", "2"]
    assert done.read("said.txt") == "said\n"
    assert done.computed() == []
