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
def test_what_is_stored_comes_back_whichever_way_files_are_copied(way, content, tmp_path):
    path, cache = tmp_path / "out", Cache(str(tmp_path / "cache"), ("copy",))
    path.write_bytes(content)
    stored = cache.store(str(path))
    assert stored == digest(str(path))
    assert (tmp_path / "cache" / cache.object_path(stored.md5)).read_bytes() == content
    path.write_bytes(b"other")
    cache.restore(stored, str(path))
    assert path.read_bytes() == content
    assert os.access(path, os.W_OK)
    assert [each.name for each in tmp_path.iterdir()] in (["out", "cache"], ["cache", "out"])


def test_a_source_that_is_gone_is_reported(tmp_path):
    cache = Cache(str(tmp_path / "cache"), ("copy",))
    with pytest.raises(FileNotFoundError):
        cache.store(str(tmp_path / "gone"))
