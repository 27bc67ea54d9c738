"""Which folders are the cache by DVC's settings, as a job reads them without DVC."""

import os

import pytest

from nbsnake.job.cachedir import is_cache_folder

CHAIN = """\
['remote "Disk"']
    url = ../shared
['remote "part"']
    url = remote://disk/one/two
[cache]
    local = Part
"""


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    (tmp_path / "project" / ".dvc").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path / "home"))


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        ("[cache]\n    dir = ../store\n", "store"),
        ("[cache]\n    dir = {}/elsewhere/c\n", "../elsewhere/c"),
        ("[cache]\n    local = disk\n['remote \"disk\"']\n    url = ../../d\n", "../d"),
        (CHAIN, "shared/one/two"),
    ],
)
def test_folder_of_settings_is_the_cache(text, folder, tmp_path):
    settings = text.replace("{}", str(tmp_path))
    (tmp_path / "project" / ".dvc" / "config").write_text(settings)
    assert is_cache_folder(folder)
    assert is_cache_folder(os.path.abspath(folder))
    assert not is_cache_folder(folder + "/below")


@pytest.mark.parametrize(
    "text",
    [
        "[cache]\n    type = copy\n",
        "['remote \"disk\"']\n    url = ../../d\n",
        "[cache]\n    local = none\n",
        "[cache]\n    local = a\n['remote \"a\"']\n    url = remote://a\n",
        "[cache]\n    local = a\n['remote \"a\"']\n    url = remote://b/c\n",
    ],
)
def test_only_the_default_is_the_cache_where_no_setting_says_another(text, tmp_path):
    (tmp_path / "project" / ".dvc" / "config").write_text(text)
    assert is_cache_folder(".dvc/cache")
    assert [each for each in ("../d", "a", "c", ".", "", "..") if is_cache_folder(each)] == []
