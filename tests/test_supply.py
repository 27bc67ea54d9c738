"""Which versions of other packages are allowed, tested and locked."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = [each for extra in PROJECT["optional-dependencies"].values() for each in extra]
DIRECT = [
    Requirement(each)
    for each in [*PROJECT["dependencies"], *EXTRAS]
    if not each.startswith("nbsnake[")
]
LOCK = (ROOT / "requirements-dev.lock").read_text()


@pytest.mark.parametrize("package", DIRECT, ids=str)
def test_each_package_has_a_lowest_and_a_highest_version(package):
    assert sorted(each.operator for each in package.specifier) == ["<", ">="]


@pytest.mark.parametrize("package", DIRECT, ids=str)
def test_the_locked_version_is_an_allowed_one(package):
    versions = re.findall(r"^([\w.-]+)==([^\s;\\]+)", LOCK, re.MULTILINE)
    name = canonicalize_name(package.name)
    locked = [version for each, version in versions if canonicalize_name(each) == name]
    assert locked
    assert all(package.specifier.contains(version) for version in locked)


def audit(folder):
    command = [sys.executable, str(folder / ".ci/audit.py")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_no_version_has_a_known_weakness():
    done = audit(ROOT)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        (r"(?m)^jinja2==\S+", "jinja2==3.1.2", "requirements-dev.lock: jinja2 3.1.2 has CVE-"),
        (r'"jinja2>=[\d.]+', '"jinja2>=3.1.5', "pyproject.toml: jinja2 3.1.5 has CVE-"),
        (r"(?m)^(pyyaml==\S+).*(?:\n    --hash.*)*", r"\1", "has no hash"),
    ],
)
def test_an_old_version_and_a_missing_hash_are_found(tmp_path, old, new, finding):
    (tmp_path / ".ci").mkdir()
    for name in (".ci/audit.py", ".ci/advisories.toml", "pyproject.toml", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        (tmp_path / name).write_text(text if name.startswith(".ci") else re.sub(old, new, text))
    done = audit(tmp_path)
    assert done.returncode == 1
    assert finding in done.stderr
