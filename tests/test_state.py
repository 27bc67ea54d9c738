"""What is written into DVC's memory of files is what DVC reads there."""

import os
from pathlib import Path

import pytest
from dvc.dirs import site_cache_dir
from dvc_data.hashfile.hash_info import HashInfo
from dvc_data.hashfile.state import State
from dvc_objects.fs import localfs

from nbsnake.dvc.state import is_memory, remember
from nbsnake.job.content import Digest

CONTENTS = {"a": Digest("0" * 32, 5), "made/b": Digest("1" * 32, 5), "linked": Digest("2" * 32, 5)}
OUTS = ("a", "made")


@pytest.fixture(params=[False, True], ids=["new", "made by DVC"])
def memory(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkdir("made")
    for name in ("a", "made/b", "made/c", "target"):
        Path(name).write_text("text\n")
    os.symlink("target", "linked")
    if request.param:
        by_dvc = State(str(tmp_path), "memory")
        by_dvc.save(str(tmp_path / "a"), localfs, HashInfo("md5", "3" * 32))
        by_dvc.set_link("a", 1, "then")
        by_dvc.close()
    remember("memory", CONTENTS, OUTS)
    state = State(str(tmp_path), "memory")
    yield state
    state.close()


def found(state):
    paths = {os.path.abspath(path): path for path in CONTENTS}
    each = state.get_many([*paths], localfs, {})
    return {paths[path]: info.value for path, _, info in each if info}


def test_dvc_finds_what_files_hold(memory):
    assert found(memory) == {path: content.md5 for path, content in CONTENTS.items()}
    _, one = memory.get(os.path.abspath("made/b"), localfs)
    assert one == HashInfo("md5", "1" * 32)


def test_dvc_finds_nothing_of_a_file_that_changed(memory):
    Path("a").write_text("other text\n")
    assert set(found(memory)) == {"made/b", "linked"}


def test_dvc_knows_outputs_until_they_change(memory):
    assert set(memory.get_unused_links([], localfs)) == set(OUTS)
    os.utime("made/c", (1, 1))
    assert memory.get_unused_links([], localfs) == ["a"]


def test_a_file_that_is_gone_is_left_out(memory):
    remember("memory", {"gone": Digest("4" * 32, 1)}, ["gone"])
    assert set(memory.get_unused_links([], localfs)) == set(OUTS)


@pytest.mark.parametrize("given", ["", "/somewhere"])
def test_the_place_is_that_of_dvc(given, monkeypatch):
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", given)
    assert is_memory(f"{site_cache_dir()}/repo/x")
    assert not is_memory("/elsewhere/repo/x")
