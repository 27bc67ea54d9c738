"""What a release says of itself is the same everywhere."""

import re
import tomllib
from pathlib import Path

import yaml

import nbsnake

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RECIPE = yaml.safe_load((ROOT / "conda/recipe.yaml").read_text())
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text())
OF_CONDA = {"snakemake": "snakemake-minimal"}  # Snakemake without what only reports need


def test_one_version():
    versions = {PROJECT["version"], nbsnake.__version__, CITATION["version"]}
    assert versions == {RECIPE["context"]["version"]}


def test_one_license_and_name():
    assert {PROJECT["license"], CITATION["license"], RECIPE["about"]["license"]} == {"MIT"}
    assert {PROJECT["name"], CITATION["title"], RECIPE["package"]["name"]} == {"nbsnake"}
    assert PROJECT["description"] == RECIPE["about"]["summary"]


def test_the_conda_recipe_needs_what_the_package_needs():
    words = [re.match(r"([\w.-]+)(.*)", each).groups() for each in PROJECT["dependencies"]]
    wanted = [f"{OF_CONDA.get(name, name)} {versions}" for name, versions in words]
    lowest = f"python {PROJECT['requires-python']}"
    assert RECIPE["requirements"]["run"] == [lowest, *wanted]
    (build,) = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    assert build.replace(">", " >", 1) in RECIPE["requirements"]["host"]
    (entry,) = RECIPE["build"]["python"]["entry_points"]
    assert entry == f"nbsnake = {PROJECT['scripts']['nbsnake']}"


def test_each_python_that_is_named_is_allowed():
    named = [each.rpartition(" ")[2] for each in PROJECT["classifiers"] if ":: 3." in each]
    assert named == ["3.11", "3.12", "3.13", "3.14"]
    assert PROJECT["requires-python"] == f">={named[0]}"
    page = (ROOT / "docs/release.md").read_text()
    assert f"| Python | {named[0]} to {named[-1]} |" in page
