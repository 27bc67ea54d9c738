"""Copies between workspace and cache, on systems that copy inside the kernel and on others."""

import errno
import os
from pathlib import Path

import pytest

from nbsnake.job import spread
from nbsnake.job.cache import Cache
from nbsnake.job.content import ChangedError, digest
from nbsnake.job.links import CREATE

IN_KERNEL = getattr(os, "copy_file_range", None)
CONTENTS = [b"", b"a", os.urandom(3 << 20)]


def refuse(*_):
    raise OSError(errno.EXDEV, "not between these two")


def stop_early(read, write, count):
    return IN_KERNEL(read, write, min(count, 1000)) if not os.lseek(read, 0, os.SEEK_CUR) else 0


@pytest.fixture(params=["kernel", "refused", "stopped", "absent"])
def way(request, monkeypatch):
    if IN_KERNEL is None:
        pytest.skip("this system does not copy inside the kernel")
    if request.param == "absent":
        monkeypatch.delattr(os, "copy_file_range")
    elif request.param != "kernel":
        other = refuse if request.param == "refused" else stop_early
        monkeypatch.setattr(os, "copy_file_range", other)


@pytest.mark.parametrize("content", CONTENTS, ids=["empty", "byte", "large"])
def test_what_is_stored_comes_back_whichever_way_files_are_copied(way, content, folder):
    path, cache = folder / "out", Cache(str(folder / "cache"), ("copy",))
    path.write_bytes(content)
    stored = cache.store("out")
    assert stored == digest("out")
    assert (folder / "cache" / cache.object_path(stored.md5)).read_bytes() == content
    path.write_bytes(b"other")
    cache.restore(stored, "out")
    assert path.read_bytes() == content
    assert os.access(path, os.W_OK)
    assert sorted(each.name for each in folder.iterdir()) == ["cache", "out"]


def test_a_source_that_is_gone_is_reported(folder):
    with pytest.raises(FileNotFoundError):
        Cache(str(folder / "cache"), ("copy",)).store("gone")


def append(path):
    with path.open("ab") as file:
        file.write(b"more")


@pytest.fixture
def written_to(folder, monkeypatch):
    """A cache, and a list: as long as it is not empty, somebody writes to ``out/a`` while its
    object is made."""
    times, create = [], CREATE["copy"]

    def with_a_writer(source, target):
        create(source, target)
        if times and source.endswith("out/a"):
            times.pop()
            append(folder / "out/a")

    monkeypatch.setitem(CREATE, "copy", with_a_writer)
    (folder / "out").mkdir()
    for name in "ab":
        (folder / "out" / name).write_bytes(name.encode())
    return Cache(str(folder / "cache"), ("copy",)), times


def wrong_objects(cache):
    files = [path for path in Path(cache.folder).rglob("*") if path.is_file()]
    return [path for path in files if not cache.has_object(path.parent.name + path.name)]


@pytest.mark.parametrize("path", ["out", "out/a"])
def test_what_changes_between_digest_and_copy_is_read_again(written_to, path, folder):
    cache, times = written_to
    times.append(1)
    stored = cache.store(path)
    assert stored == digest(path)
    assert (folder / "out/a").read_bytes() == b"amore"
    assert cache.has(stored)
    assert wrong_objects(cache) == []


@pytest.mark.parametrize("path", ["out", "out/a"])
def test_what_goes_on_changing_is_reported_and_gives_no_object(written_to, path):
    cache, times = written_to
    times += [1] * 9
    with pytest.raises(ChangedError, match=r"changes while it is read.*out/a"):
        cache.store(path)
    assert wrong_objects(cache) == []


@pytest.mark.parametrize("kind", ["copy", "hardlink"])
def test_an_edit_while_an_object_is_read_that_is_there_is_not_replaced_by_it(
    kind, folder, monkeypatch
):
    out, cache = folder / "out", Cache(str(folder / "cache"), (kind,))
    out.write_bytes(b"first")
    cache.store("out")
    out.unlink()
    out.write_bytes(b"first")
    holds = Cache._holds

    def edited_meanwhile(*args):
        found = holds(*args)
        monkeypatch.setattr(Cache, "_holds", holds)
        append(out)
        return found

    monkeypatch.setattr(Cache, "_holds", edited_meanwhile)
    stored = cache.store("out")
    assert out.read_bytes() == b"firstmore"
    assert stored == digest("out")


@pytest.mark.parametrize("kind", ["copy", "hardlink", "symlink"])
def test_threads_that_meet_a_damaged_object_keep_its_content_and_one_sound_object(
    kind, folder, monkeypatch
):
    monkeypatch.setattr(spread, "WORTH", 0)
    cache = Cache(str(folder / "cache"), ("copy",))
    (folder / "out").mkdir()
    for number in range(200):
        (folder / f"out/{number}").write_bytes(b"the same")
    stored = cache.store("out")
    target = Path(cache.object_path(digest("out/0").md5))
    target.chmod(0o644)
    target.write_bytes(b"an edit")
    assert Cache(cache.folder, (kind,)).store("out") == stored
    assert wrong_objects(cache) == []
    assert target.read_bytes() == b"the same"
    edits = [each for each in Path(cache.folder).rglob("*") if each.is_file()]
    assert b"an edit" in [each.read_bytes() for each in edits]
    assert {each.read_bytes() for each in (folder / "out").iterdir()} == {b"the same"}


def test_names_of_one_file_in_a_folder_are_kept_whichever_way_they_are_linked(folder):
    (folder / "out").mkdir()
    (folder / "out/a").write_bytes(b"one file")
    os.link("out/a", "out/b")
    for kind in ("copy", "hardlink", "symlink", "hardlink"):
        stored = Cache(str(folder / "cache"), (kind,)).store("out")
        assert stored == digest("out")
        assert (folder / "out/b").read_bytes() == b"one file"
