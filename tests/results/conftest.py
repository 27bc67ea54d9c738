"""A project of two steps, ``make`` and ``join``, without Snakemake and DVC."""

import pytest
from results_builder import Folder


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Folder()


@pytest.fixture
def done(folder):
    folder.run_all()
    return folder
