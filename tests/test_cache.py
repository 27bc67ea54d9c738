"""Copies between workspace and cache, on systems that copy inside the kernel and on others."""

import errno
import os

import pytest

from nbsnake.job.cache import Cache
from nbsnake.job.content import digest

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
