"""The project's DVC remote as a store for jobs that see nothing else of it.

Objects are where ``dvc push`` puts them; the files of a job are beside them, in
``nbsnake/jobs/NAME``. Jobs get URLs, each for one file and one method, and never a credential. Over
SSH, an URL is a path on a machine, which jobs reach by the ``ssh`` and the key that they have.
"""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dvc_objects.fs.local import LocalFileSystem

from nbsnake.dvc.failures import dvc_failures
from nbsnake.dvc.open import open_repo
from nbsnake.errors import ToolError, UsageError
from nbsnake.job import overssh
from nbsnake.job.absent import absent_at
from nbsnake.job.cache import Cache
from nbsnake.job.content import md5_of_file
from nbsnake.job.regular import open_regular

VALID = 7 * 24 * 3600  # seconds that a signed URL holds: the most that S3 allows
METHODS = {"GET": "get_object", "PUT": "put_object", "DELETE": "delete_object"}  # botocore's names


class Store:
    """A DVC remote that is open."""

    def __init__(self, odb: Any, cache: Cache) -> None:
        self._odb = odb
        self._cache = cache
        self._fs = odb.fs
        self._top = odb.fs.parent(odb.fs.parent(odb.path))

    def check_login(self) -> None:
        """Raise :class:`ToolError` where the ``ssh`` of this machine does not get to the remote."""
        if self._fs.protocol != "ssh":
            return
        try:
            overssh.is_there(self._url(self._top, "GET"))
        except OSError as error:
            host = self._fs.fs_args["host"]
            raise ToolError(
                f"ssh does not log in at {host}: {error}",
                hint=f"this has to work without a question: ssh -o BatchMode=yes {host} true",
            ) from error

    def put_objects(self, paths: Mapping[str, str]) -> None:
        """Put files by their md5, as far as the remote does not have objects of their size.

        Raises :class:`ToolError` for a file that is no longer what its md5 says.
        """
        for md5, path in paths.items():
            absent = absent_at(path)
            size = absent.size if absent else os.path.getsize(path)
            if self._size(md5) == size:
                continue
            if absent and not self._cache.has_object(md5):
                raise ToolError(
                    f"{path} is neither here nor in the remote any more",
                    hint="compute it again: nbsnake run -f with the step that writes it",
                )
            with self._unchanging(md5, path) as source:
                self._odb.add(source, LocalFileSystem(), md5, check_exists=False)

    def _size(self, md5: str) -> int | None:
        try:
            size: int = self._fs.info(self._odb.oid_to_path(md5))["size"]
        except FileNotFoundError:
            return None
        return size

    @contextlib.contextmanager
    def _unchanging(self, md5: str, path: str) -> Iterator[str]:
        """A file with the content, which nobody edits while it is sent: all who use the remote
        would get what was sent."""
        if self._cache.has_object(md5):
            yield os.path.abspath(self._cache.object_path(md5))
            return
        with open_regular(path) as file, tempfile.NamedTemporaryFile() as copy:
            found = hashlib.md5()
            while block := file.read(1 << 20):
                found.update(block)
                copy.write(block)
            copy.flush()
            if found.hexdigest() != md5:
                raise ToolError(f"{path} changed while it was sent", hint="run the step again")
            yield copy.name

    def keep(self, job: str, name: str, md5: str) -> bool:
        """Make one of a job's files the object with that md5, without a copy through this machine.

        False where it is not known to have that md5, which only the job has reported. S3 says it
        where it keeps a file that was put at once without keys of one's own ("Checking object
        integrity", Amazon S3 User Guide: the ETag).
        """
        path, target = self._path(job, name), self._odb.oid_to_path(md5)
        if self._fs.protocol == "local":
            return _keep_file(path, target, md5)
        if self._fs.protocol == "ssh":
            return self._keep_over_ssh(path, target, md5)
        (bucket, key, _), (to_bucket, to_key, _) = map(self._fs.fs.split_path, (path, target))
        etag = self._fs.fs.call_s3("head_object", Bucket=bucket, Key=key)["ETag"]
        if etag.strip('"') != md5:
            return False
        self._fs.fs.call_s3(
            "copy_object",
            CopySource={"Bucket": bucket, "Key": key},
            CopySourceIfMatch=etag,  # for the job can still put another file there
            Bucket=to_bucket,
            Key=to_key,
        )
        return True

    def _keep_over_ssh(self, path: str, target: str, md5: str) -> bool:
        url = self._url(path, "GET")
        if not overssh.is_there(url):  # an earlier head was killed after it
            return overssh.is_there(self._url(target, "GET"))
        if not overssh.has_md5(url, md5):
            return False
        overssh.move(url, target)
        return True

    def put(self, job: str, name: str, data: bytes) -> None:
        """Write one of a job's files."""
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            path = self._path(job, name)
            self._fs.makedirs(self._fs.parent(path))
            self._fs.put_file(file.name, path)

    def object_url(self, md5: str) -> str:
        """Where a job gets an object."""
        return self._url(self._odb.oid_to_path(md5), "GET")

    def url(self, job: str, name: str, method: str) -> str:
        """Where one of a job's files is got, put or deleted."""
        return self._url(self._path(job, name), method)

    def _path(self, job: str, name: str) -> str:
        path: str = self._fs.join(self._top, "nbsnake", "jobs", job, name)
        return path

    def _url(self, path: str, method: str) -> str:
        if self._fs.protocol == "local":
            return Path(path).as_uri()
        if self._fs.protocol == "ssh":
            login = self._fs.fs_args
            return overssh.url_of(login["host"], path, login.get("username"), login.get("port"))
        url: str = self._fs.fs.url(path, expires=VALID, client_method=METHODS[method])
        return url


def _keep_file(path: str, target: str, md5: str) -> bool:
    if not os.path.lexists(path):  # an earlier head was killed after it
        return os.path.exists(target)
    if os.path.islink(path) or md5_of_file(path) != md5:
        return False
    os.makedirs(os.path.dirname(target), exist_ok=True)
    os.replace(path, target)
    return True


@contextlib.contextmanager
def open_store(name: str | None, cache: Cache) -> Iterator[Store]:
    """The remote with this name, by default DVC's own default; ``cache`` is the project's.

    Raises :class:`UsageError` for a kind of remote that jobs cannot reach by URLs, and
    :class:`ToolError` where DVC cannot open it.
    """
    with (
        dvc_failures("use the remote", hint="see: dvc remote list"),
        open_repo(fetches=True) as repo,
    ):
        odb = repo.cloud.get_remote_odb(name=name, command="nbsnake exec")
        if odb.fs.protocol not in ("local", "s3", "ssh"):
            raise UsageError(
                f"jobs cannot use a remote of the kind {odb.fs.protocol!r}, "
                "only S3, SSH and folders",
                hint="name another one of `dvc remote list` as `remote:` in the settings of jobs",
            )
        store = Store(odb, cache)
        store.check_login()
        yield store
