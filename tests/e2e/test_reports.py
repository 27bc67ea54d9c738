"""The notebook of a run as an output of its step: one that only shows something is a step, too."""

import json
from pathlib import Path

import nbformat
import pytest
from e2e_project import Project

pytestmark = pytest.mark.e2e
SHOW = [
    "# What the numbers look like",
    '''\
"""Show the numbers.

:param numbers: the numbers
:param str title: what is above them
:dvc-in numbers: data/numbers.txt
:dvc-notebook: reports/show.ipynb
:dvc-notebook: reports/show.html
"""
numbers = "../data/numbers.txt"
title = "All"
''',
    """\
import warnings

class Plain:
    pass

warnings.warn("careful")
print(title, Plain())
[int(line) for line in open(numbers)]
""",
]
FILES = ("reports/show.ipynb", "reports/show.html")


@pytest.fixture
def shown(project: Project) -> Project:
    project.write_notebook("show", SHOW)
    project.nbsnake("generate")
    return project


def contents(project: Project) -> list[str]:
    return [project.read(path) for path in FILES]


def test_both_engines_write_the_same_bytes_anywhere(shown: Project, tmp_path: Path) -> None:
    shown.snakemake()
    shown.assert_dvc_clean()
    first = contents(shown)
    found = json.loads(first[0])
    nbformat.validate(nbformat.from_dict(found))
    texts, result = found["cells"][-1]["outputs"][:-1], found["cells"][-1]["outputs"][-1]
    assert "All <__main__.Plain object at 0x0>\n" in [each["text"] for each in texts]
    assert result["data"]["text/plain"].startswith("[1,")
    assert 'title = "All"'.replace('"', "'") in found["cells"][1]["source"]
    assert "[1," in first[1]
    assert not any(str(shown.root) in text for text in first)

    other = shown.copy_to(tmp_path / "elsewhere")
    other.dvc("repro", "--quiet", "--force", "--single-item", "show")
    assert contents(other) == first
    other.git("diff", "--exit-code", "dvc.lock")


def test_a_report_is_no_step_and_is_restored(shown: Project) -> None:
    shown.snakemake()
    first = contents(shown)
    shown.nbsnake("generate")
    shown.nbsnake("check")
    assert "Nothing to be done" in shown.snakemake()
    for old, new in (("All", "Some"), ("Some", "All")):
        shown.replace("params.yaml", f"title: {old}", f"title: {new}")
        shown.snakemake()
        assert (contents(shown) == first) is (new == "All")
    shown.assert_dvc_clean()


def test_a_failed_run_writes_none_and_has_its_own_notebook(shown: Project) -> None:
    shown.replace("notebooks/show.ipynb", "int(line) for", "int(line) / 0 for")
    shown.nbsnake("generate")
    done = shown.run("snakemake", "--cores", "2", code=1)
    assert "show failed: notebooks/show.ipynb, cell 3, line 8: Zero" in done.stdout + done.stderr
    assert not (shown.root / FILES[0]).exists()
    assert shown.nbsnake("show", "show", "--failed").stdout.strip().endswith(".failed.ipynb")


def test_it_needs_no_executed_notebooks_of_other_steps(shown: Project) -> None:
    shown.write("nbsnake.yaml", "executed: false\n")
    shown.snakemake()
    assert contents(shown)[0]
    assert "'executed: false'" in shown.nbsnake("show", "show", code=2).stderr
