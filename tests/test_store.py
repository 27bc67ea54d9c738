"""The DVC remote as a store for jobs: what gets there, and which remotes jobs can reach."""

import hashlib

import pytest
from dvc.repo import Repo

from nbsnake.dvc.store import open_store
from nbsnake.errors import ToolError, UsageError
from nbsnake.job.absent import Absent
from nbsnake.job.cache import Cache
from nbsnake.job.transfer import local_path

CACHE = Cache(".dvc/cache")
CONFIG = """\
[core]
    no_scm = true
    remote = far
['remote "far"']
    url = {url}
"""
MD5 = hashlib.md5(b"content").hexdigest()


@pytest.fixture
def remote(folder):
    """Makes a project with one remote, which is the default."""

    def make(url):
        Repo.init(".", no_scm=True).close()
        text = CONFIG.format(url=url)
        (folder / ".dvc/config").write_text(text, encoding="utf-8")

    return make


def test_objects_are_put_where_dvc_puts_them_and_half_ones_again(remote, folder):
    remote(folder / "store")
    (folder / "a.txt").write_bytes(b"content")
    target = folder / "store/files/md5" / MD5[:2] / MD5[2:]
    for found in (None, b"half"):
        if found:
            target.write_bytes(found)
        with open_store(None, CACHE) as store:
            store.put_objects({MD5: "a.txt"})
            assert local_path(store.object_url(MD5)) == str(target)
        assert target.read_bytes() == b"content"


def test_a_file_that_changed_is_not_put_under_its_old_md5(remote, folder):
    remote(folder / "store")
    (folder / "a.txt").write_bytes(b"changed")
    with (
        pytest.raises(ToolError, match=r"a\.txt changed while it was sent"),
        open_store(None, CACHE) as store,
    ):
        store.put_objects({MD5: "a.txt"})
    assert not (folder / "store/files/md5" / MD5[:2] / MD5[2:]).exists()


def test_an_object_of_the_cache_is_sent_though_its_file_was_edited(remote, folder):
    remote(folder / "store")
    (folder / "a.txt").write_bytes(b"content")
    CACHE.store("a.txt")
    (folder / "a.txt").write_bytes(b"edited!")
    with open_store(None, CACHE) as store:
        store.put_objects({MD5: "a.txt"})
        sent = local_path(store.object_url(MD5))
    with open(sent, "rb") as file:
        assert file.read() == b"content"


def test_a_file_of_a_job_becomes_an_object_if_it_is_that(remote, folder):
    remote(folder / "store")
    target = folder / "store/files/md5" / MD5[:2] / MD5[2:]
    with open_store(None, CACHE) as store:
        store.put("job", "object-0", b"contents")
        assert not store.keep("job", "object-0", MD5)
        assert not target.exists()
        store.put("job", "object-0", b"content")
        assert store.keep("job", "object-0", MD5)
        assert target.read_bytes() == b"content"
        assert store.keep("job", "object-0", MD5)  # again, after a crash
        assert not store.keep("job", "object-1", "0" * 32)


def test_what_is_absent_here_must_be_in_the_remote(remote, folder):
    remote(folder / "store")
    absent = Absent(MD5, len(b"content"), isexec=False)
    absent.note()
    absent.place("a.txt")
    with open_store(None, CACHE) as store:
        with pytest.raises(ToolError, match=r"a\.txt is neither here nor in the remote"):
            store.put_objects({MD5: "a.txt"})
        store.put("job", "object-0", b"content")
        store.keep("job", "object-0", MD5)
        store.put_objects({MD5: "a.txt"})


def test_a_remote_of_another_kind_is_refused(remote):
    remote("http://127.0.0.1:9/store")
    with (
        pytest.raises(UsageError, match="kind 'http', only S3, SSH and folders"),
        open_store(None, CACHE),
    ):
        pass


@pytest.mark.remote
def test_a_machine_that_ssh_does_not_reach_is_said_at_once(remote):
    pytest.importorskip("dvc_ssh", reason="pip install 'nbsnake[remote]'")
    remote("ssh://127.0.0.1:1/store")
    with (
        pytest.raises(ToolError, match=r"ssh does not log in at 127\.0\.0\.1: .*refused"),
        open_store(None, CACHE),
    ):
        pass


def test_an_unknown_remote_is_an_error_of_dvc(remote, folder):
    remote(folder / "store")
    with (
        pytest.raises(ToolError, match=r"DVC cannot use the remote: .*'other'"),
        open_store("other", CACHE),
    ):
        pass
