"""Digests and cache: byte for byte what DVC computes and stores."""

import os
import stat

import pytest
from dvc_data.hashfile.build import build
from dvc_data.hashfile.db.local import LocalHashFileDB
from dvc_objects.fs.local import localfs

from nbsnake.job.cache import Cache
from nbsnake.job.content import Digest, digest, stamp
from nbsnake.job.links import remove

LINKS = ("reflink", "copy", "hardlink", "symlink")
STORED = ("reflink", "copy", "symlink", "hardlink")
FILES = {
    "empty": {"": b""},
    "file": {"": b"hello\n"},
    "folder": {"/a": b"1", "/b/c.txt": b"22", "/b/d/e": b"", "/ünï ✓": b"x", "/B": b"1"},
    "order": {"/a/b": b"1", "/a.b": b"2", "/a-b": b"3", "/a": None, "/ab": b"4"},
    "hidden": {"/.hidden": b"1", "/.git/x": b"2", "/.dvc/y": b"3", "/k": b"4"},
}


def make(path, files):
    for relpath, data in files.items():
        file = path.parent / f"{path.name}{relpath}"
        if data is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)


@pytest.fixture(params=FILES)
def target(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "target", FILES[request.param])
    return "target"


def digest_of_dvc(path, tmp_path):
    odb = LocalHashFileDB(localfs, str(tmp_path / "odb"), tmp_dir=str(tmp_path / "tmp"))
    _, meta, obj = build(odb, os.path.abspath(path), localfs, "md5", dry_run=True)
    return Digest(obj.hash_info.value, meta.size, meta.nfiles, bool(meta.isexec))


def test_digest_is_that_of_dvc(target, tmp_path):
    if not (tmp_path / "target/.git").exists():  # DVC leaves these out by its ignore rules
        assert digest(target) == digest_of_dvc(target, tmp_path)


def test_digest_leaves_out_what_dvc_never_looks_at(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "target", FILES["hidden"] | {"/.snakemake_timestamp": b""})
    assert digest("target").nfiles == 2


@pytest.mark.parametrize("mode", [0o644, 0o755, 0o744, 0o711])
def test_digest_tells_executables_as_dvc_does(mode, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "target", FILES["file"])
    (tmp_path / "target").chmod(mode)
    assert digest("target") == digest_of_dvc("target", tmp_path)


def test_digest_of_a_missing_path_is_an_error(tmp_path):
    with pytest.raises(OSError, match="missing"):
        digest(str(tmp_path / "missing"))


def test_digest_reads_back_from_its_fields(target):
    content = digest(target)
    assert Digest.from_dict(content.to_dict()) == content


def test_stamp_changes_with_content_mode_and_names(target, tmp_path):
    stamps = [stamp(target)]
    file = next(path for path in [tmp_path / target, *(tmp_path / target).rglob("k*")] if path)
    if file.is_dir():
        file = next(path for path in sorted(file.rglob("*")) if path.is_file())
        file = (
            file if ".git" not in str(file) and ".dvc" not in str(file) else tmp_path / "target/k"
        )
    file.write_bytes(file.read_bytes() + b"more")
    stamps.append(stamp(target))
    file.chmod(0o755)
    stamps.append(stamp(target))
    file.rename(file.with_name("renamed"))
    stamps.append(stamp(target))
    assert len(set(stamps)) == len(stamps)


def test_stamp_is_steady(target):
    assert stamp(target) == stamp(target)
    assert stamp("missing") is None


def snapshot(path):
    if os.path.isdir(path):
        return {name: snapshot(os.path.join(path, name)) for name in sorted(os.listdir(path))}
    with open(path, "rb") as file:
        return file.read()


@pytest.mark.parametrize("kind", STORED)
@pytest.mark.parametrize("back", LINKS)
def test_what_is_stored_can_be_restored(target, kind, back):
    if os.path.exists("target/.git"):
        remove("target/.git")
        remove("target/.dvc")
    before = snapshot(target)
    content = Cache("cache", (kind,)).store(target)
    assert content == digest(target)
    assert snapshot(target) == before
    cache = Cache("cache", (back,))
    assert cache.has(content)
    remove(target)
    cache.restore(content, target)
    assert snapshot(target) == before
    cache.restore(content, target)
    assert snapshot(target) == before
    assert [name for name in os.listdir(".") if name.endswith(".tmp")] == []


@pytest.mark.parametrize("kind", STORED)
def test_objects_are_read_only_and_named_by_digest(target, kind):
    content = Cache("cache", (kind,)).store(target)
    objects = [
        os.path.join(parent, name) for parent, _, names in os.walk("cache") for name in names
    ]
    assert os.path.join("cache", "files", "md5", content.md5[:2], content.md5[2:]) in objects
    for path in objects:
        assert stat.S_IMODE(os.lstat(path).st_mode) == 0o444
        assert not os.path.islink(path)
        name = os.path.basename(os.path.dirname(path)) + os.path.basename(path)
        assert digest(path).md5 == name.removesuffix(".dir")


@pytest.mark.parametrize("kind", STORED)
def test_workspace_is_linked_as_configured(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "target", FILES["file"])
    cache = Cache("cache", (kind,))
    content = cache.store("target")
    for _ in range(2):
        same = os.path.samefile("target", cache.object_path(content.md5))
        assert same is (kind in ("hardlink", "symlink"))
        assert os.path.islink("target") is (kind == "symlink")
        assert os.access("target", os.W_OK) or same
        cache.restore(content, "target")


def test_executable_is_restored_as_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "target", FILES["file"])
    (tmp_path / "target").chmod(0o755)
    cache = Cache("cache", ("copy",))
    content = cache.store("target")
    remove("target")
    cache.restore(content, "target")
    assert digest("target") == content


@pytest.mark.parametrize("kind", ["copy", "reflink"])
def test_restored_copy_can_be_written_to(target, kind):
    cache = Cache("cache", (kind,))
    content = cache.store(target)
    cache.restore(content, target)
    for parent, _, names in os.walk(target):
        assert all(os.stat(os.path.join(parent, name)).st_mode & 0o200 for name in names)
    if os.path.isfile(target):
        assert os.stat(target).st_mode & 0o200


def test_missing_object_leaves_the_workspace_untouched(target):
    cache = Cache("cache", ("copy",))
    content = cache.store(target)
    before = snapshot(target)
    remove("cache/files")
    assert not cache.has(content)
    with pytest.raises(OSError, match="No such file"):
        cache.restore(content, target)
    assert snapshot(target) == before


def test_folder_with_a_missing_object_is_not_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "target", FILES["folder"])
    cache = Cache("cache", ("copy",))
    content = cache.store("target")
    os.unlink(cache.object_path(digest("target/b/c.txt").md5))
    assert not cache.has(content)
