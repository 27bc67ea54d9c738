"""The sdist gives a wheel, and the wheel holds all that the checkout holds."""

import zipfile
from pathlib import Path

import pytest
from diamond import NOTEBOOKS
from e2e_project import Project

pytestmark = pytest.mark.e2e
REPOSITORY = Path(__file__).parents[2]


def test_an_installed_wheel_sets_up_and_generates_outside_the_checkout(
    folder: Project, project: Project, tmp_path: Path
) -> None:
    folder.run(  # the sdist, and the wheel from the sdist
        *("python", "-m", "build", "--no-isolation"),
        *("--outdir", str(tmp_path / "dist"), str(REPOSITORY)),
    )
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {
        "nbsnake/resources/rules/common.smk",
        "nbsnake/resources/rules/sync.smk",
        "nbsnake/resources/Snakefile.template",
        "nbsnake/__init__.pyi",
        "nbsnake/py.typed",
        "nbsnake/resources/ci/github.yml",
        "nbsnake/resources/ci/gitlab.yml",
        "nbsnake/resources/profile.yaml",
        "nbsnake/resources/steps.yaml",
        "snakemake_logger_plugin_nbsnake/__init__.py",
    } <= names
    data = {name.partition(".data/data/")[2] for name in names}
    assert {
        "etc/jupyter/jupyter_server_config.d/nbsnake.json",
        "share/jupyter/labextensions/nbsnake/package.json",
        "share/jupyter/labextensions/nbsnake/schemas/nbsnake/plugin.json",
        "share/jupyter/labextensions/nbsnake/static/remoteEntry.js",
    } <= data
    assert not any(name.startswith(("tests/", "docs/", "examples/")) for name in names)

    target = tmp_path / "target"
    install = ("python", "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target))
    folder.run(*install, str(wheel))
    path = {"PYTHONPATH": str(target)}
    found = folder.run("python", "-c", "import nbsnake; print(nbsnake.__file__)", env=path).stdout
    assert Path(found).is_relative_to(target)

    for step, cells in NOTEBOOKS.items():
        folder.write_notebook(step, cells)
    folder.write("params.yaml", project.read("params.yaml"))
    folder.write("data/raw.txt", "1 2 3\n")
    folder.run("python", "-m", "nbsnake", "init", env=path)
    folder.run("python", "-m", "nbsnake", "generate", env=path)
    assert folder.files("workflow") == project.files("workflow")
    assert folder.read("dvc.yaml") == project.read("dvc.yaml")
    folder.run("python", "-m", "nbsnake", "run", "-j", "2", env=path)
    assert folder.computed() == ["join", "left", "make", "right"]
