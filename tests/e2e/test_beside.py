"""Beside pre-commit, nbstripout and jupytext: nothing changes, and no step runs needlessly."""

import shutil
from pathlib import Path

import pytest
import yaml
from e2e_project import Project

pytestmark = [
    pytest.mark.e2e,
    *(
        pytest.mark.skipif(not shutil.which(tool), reason=f"{tool} is not installed")
        for tool in ("pre-commit", "nbstripout", "jupytext")
    ),
]
HOOKS = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"


def hooked(project: Project) -> None:
    """The hooks of this repository, with the nbsnake of this environment."""
    hooks = [{**hook, "language": "system"} for hook in yaml.safe_load(HOOKS.read_text())]
    config = {"repos": [{"repo": "local", "hooks": hooks}]}
    project.write(".pre-commit-config.yaml", yaml.safe_dump(config))


def test_the_hooks_find_and_write_what_is_not_generated(project: Project) -> None:
    hooked(project)
    project.run("git", "add", ".")
    call = ("pre-commit", "run", "--all-files")
    assert project.run(*call).stdout.count("Passed") == 2
    project.replace("notebooks/join.ipynb", "sum(map", "1 + sum(map")
    project.run("git", "add", ".")
    done = project.run(*call, "nbsnake-check", code=1)
    assert "notebooks/join.ipynb" in done.stdout
    done = project.run(*call, "nbsnake-generate", code=1)
    assert "files were modified by this hook" in done.stdout
    project.run("git", "add", ".")
    assert project.run(*call).stdout.count("Passed") == 2
    done = project.run("pre-commit", "run", "--files", ".gitignore")
    assert done.stdout.count("no files to check") == 2


def test_nbstripout_and_jupytext_change_no_script(project: Project) -> None:
    before = project.files("workflow")
    notebooks = sorted(map(str, Path(project.root, "notebooks").glob("*.ipynb")))
    project.run("nbstripout", *notebooks)
    project.run("jupytext", "--set-formats", "ipynb,py:percent", *notebooks)
    project.run("jupytext", "--sync", *notebooks)
    project.run("nbsnake", "check")
    project.run("nbsnake", "generate")
    assert project.files("workflow") == before
    project.replace("notebooks/join.py", "sum(map", "1 + sum(map")
    project.run("jupytext", "--sync", "notebooks/join.py")
    project.run("nbsnake", "generate")
    changed = {name for name, text in project.files("workflow").items() if text != before[name]}
    assert [name.rpartition("/")[2] for name in changed] == ["join.py"]
