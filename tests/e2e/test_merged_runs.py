"""After a merge of two runs, plain Snakemake ends with the values that a run gives."""

import json
import shutil
from pathlib import Path

import pytest
from diamond import NOTHING
from e2e_project import Project

pytestmark = [pytest.mark.e2e, pytest.mark.lock]
SOURCE = '''\
"""Write a level.

:param int level: what is written
:param out: where
:dvc-out out: data/{name}.txt
"""
level = 1
out = "../data/{name}.txt"
'''
WRITE = 'with open(out, "w") as file:\n    file.write(str(level))\n'
JOIN = '''\
"""Multiply two levels, each result only where one of them is large.

:param a: the one level
:param b: the other level
:param f: the product, where a is large
:param g: the product, where b is large
:dvc-in a: data/a.txt
:dvc-in b: data/b.txt
:dvc-out f: data/f.txt
:dvc-metric g: data/g.json
"""
a = "../data/a.txt"
b = "../data/b.txt"
f = "../data/f.txt"
g = "../data/g.json"
'''
MULTIPLY = """\
import json

x, y = (int(open(path).read()) for path in (a, b))
with open(f, "w") as file:
    file.write(str(x * y if x > 1 else 1))
with open(g, "w") as file:
    json.dump({"g": x * y if y > 1 else 1}, file)
"""


@pytest.fixture(scope="module")
def branches(tmp_path_factory: pytest.TempPathFactory, tool_env: dict[str, str]) -> Project:
    """On the branch ``b``; ``a`` and ``b`` both ran after a change of their level to 2."""
    root = tmp_path_factory.mktemp("branches") / "project"
    root.mkdir()
    project = Project(root, tool_env)
    for name in "ab":
        project.write_notebook(name, ["# Level", SOURCE.replace("{name}", name), WRITE])
    project.write_notebook("join", ["# Join", JOIN, MULTIPLY])
    project.nbsnake("init")
    project.nbsnake("generate")
    project.snakemake()
    project.git("add", ".")
    project.git("commit", "--quiet", "--message", "base")
    project.git("branch", "--move", "main")
    for name in "ab":
        project.git("switch", "--quiet", "--create", name, "main")
        params = project.read("params.yaml")
        project.write("params.yaml", params.replace(f"{name}:\n  level: 1", f"{name}:\n  level: 2"))
        project.snakemake()
        project.git("commit", "--quiet", "--all", "--message", name)
    return project


def clone_of(project: Project, root: Path) -> Project:
    """A clone with the data that dvc.lock names, and without any record of runs."""
    project.git("clone", "--quiet", str(project.root), str(root))
    clone = Project(root, project.env)
    shutil.copytree(project.root / ".dvc/cache/files", root / ".dvc/cache/files")
    clone.dvc("checkout", "--quiet")
    return clone


def values(project: Project) -> tuple[int, int]:
    return int(project.read("data/f.txt")), json.loads(project.read("data/g.json"))["g"]


@pytest.fixture
def merged(branches: Project, tmp_path: Path) -> Project:
    """A colleague's clone of what a hosting service merged, by lines and without a conflict."""
    service = clone_of(branches, tmp_path / "service")
    service.git("merge", "--quiet", "--no-edit", "origin/a")
    return clone_of(service, tmp_path / "merged")


def test_plain_snakemake_computes_what_a_merge_combined(merged: Project) -> None:
    reason = f"merge {merged.git('rev-parse', 'HEAD')[:7]} combined its entry from two runs"
    merged.assert_dvc_clean()
    assert values(merged) == (2, 2)
    assert merged.status()["join"]["reasons"] == [reason]
    assert reason in merged.nbsnake("status").stdout
    assert f"dvc.lock: join: {reason}" in merged.nbsnake("check", code=1).stderr
    assert json.loads(merged.nbsnake("check", "--json", code=1).stdout) == [
        {"path": "dvc.lock", "reason": "combined", "step": "join", "message": reason}
    ]
    merged.nbsnake("sync")
    assert merged.git("status", "--porcelain") == ""
    output = merged.snakemake()
    assert f"join is stale: {reason}" in output
    assert values(merged) == (4, 4)
    assert {each["state"] for each in merged.status().values()} == {"fresh"}
    merged.assert_dvc_clean()
    assert NOTHING in merged.snakemake()
    merged.git("commit", "--quiet", "--all", "--message", "run")
    assert merged.nbsnake("check").stdout == ""


def test_shallow_clone_is_not_checked_without_the_parents(merged: Project, tmp_path: Path) -> None:
    merged.git("clone", "--quiet", "--depth=1", f"file://{merged.root}", str(tmp_path / "shallow"))
    shallow = Project(tmp_path / "shallow", merged.env)
    hint = "run: git fetch --deepen=1"
    assert hint in shallow.nbsnake("check", code=1).stderr
    assert hint in shallow.nbsnake("status").stderr
    assert hint in shallow.snakemake("--dry-run")
    shallow.git("fetch", "--quiet", "--deepen=1")
    assert "combined its entry" in shallow.nbsnake("check", code=1).stderr


def test_conflict_markers_fail_the_check(merged: Project) -> None:
    merged.write("dvc.lock", merged.read("dvc.lock") + "<<<<<<< HEAD\n")
    assert "contains merge conflicts" in merged.nbsnake("check", code=3).stderr


def test_run_that_somebody_made_is_restored(branches: Project, tmp_path: Path) -> None:
    project = branches.copy_to(tmp_path / "project")
    project.git("merge", "--quiet", "--no-commit", "a")
    assert "restored from the cache: a" in project.snakemake()
    assert values(project) == (4, 4)
    project.git("commit", "--quiet", "--all", "--no-edit")
    project.git("reset", "--quiet", "--hard", "HEAD^")
    project.snakemake()
    assert values(project) == (1, 2)
    project.git("config", "--remove-section", "merge.nbsnake-lock")
    project.git("merge", "--quiet", "--no-edit", "a")
    assert "restored from the cache: a, join" in project.snakemake()
    assert values(project) == (4, 4)
    project.assert_dvc_clean()


def test_merge_driver_leaves_no_combined_entry(branches: Project, tmp_path: Path) -> None:
    project = branches.copy_to(tmp_path / "project")
    done = project.run("git", "merge", "--no-edit", "a")
    assert "to be run: join" in done.stderr
    assert project.nbsnake("check").stdout == ""
    project.snakemake()
    assert values(project) == (4, 4)
    assert {each["state"] for each in project.status().values()} == {"fresh"}
    project.assert_dvc_clean()


def test_run_installs_the_drivers_once(branches: Project, tmp_path: Path) -> None:
    clone = clone_of(branches, tmp_path / "clone")
    said = "nbsnake merges for git: dvc.lock, workflow/scripts/*.py"
    assert said not in clone.snakemake("--dry-run")
    assert said in clone.nbsnake("run", "-j", "2").stderr
    assert said not in clone.snakemake()
    assert clone.git("status", "--porcelain") == ""
