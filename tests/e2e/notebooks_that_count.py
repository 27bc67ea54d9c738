"""Small notebooks that count their runs, and what both engines must leave of them."""

from pathlib import Path

from diamond import NOTHING
from e2e_project import Project

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
