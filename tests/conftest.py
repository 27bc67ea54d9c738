"""What all tests share."""

import functools
import os

import pytest
from hypothesis import settings

# The same examples in each run, so that one commit gives one answer. With NEW_EXAMPLES=1, new ones:
# a failing one is printed with the seed that gives it back.
settings.register_profile("same", database=None, deadline=None, derandomize=True)
settings.register_profile("new", database=None, deadline=None, print_blob=True)
settings.load_profile("new" if os.environ.get("NEW_EXAMPLES") else "same")

# Markers whose tests run apart from the others.
SUITES = ("lock", "peer", "remote", "slurm", "fault", "trust", "browser", "docs", "corpus")


def pytest_addoption(parser):
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite the expected files of tests/golden, tests/errors and tests/profiles",
    )


def pytest_ignore_collect(collection_path, config):
    """Of one suite (``-m NAME``) only its modules: to import all takes longer than many tests."""
    name = config.option.markexpr
    if name in SUITES and collection_path.suffix == ".py" and not _names(collection_path, name):
        return True
    return None


@pytest.hookimpl(tryfirst=True)  # before items are deselected
def pytest_collection_modifyitems(items):
    for path, name in {(each.path, mark.name) for each in items for mark in each.iter_markers()}:
        if name in SUITES and not _names(path, name):
            raise pytest.UsageError(f"{path}: write pytest.mark.{name}, by which a suite is found")


@functools.cache
def _names(path, name):
    return f"pytest.mark.{name}" in path.read_text(encoding="utf-8")


@pytest.fixture
def update_golden(request):
    return request.config.getoption("--update-golden")


@pytest.fixture(autouse=True, scope="session")
def own_memory(tmp_path_factory):
    """DVC's memory of files is that of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path_factory.mktemp("site")))
        yield


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
