"""DVC's stores of objects and of runs, its cache and its remotes, as far as they are believed.

Names of objects come from files of the project and from remotes, and DVC makes paths of them
without looking. A folder of a store can be a link, and a file in it a link or a pipe.
"""

import contextlib
import os
import re
import stat
from collections.abc import Callable, Iterator
from typing import Any

from dvc.fs import HTTPFileSystem
from dvc_data.hashfile.db.local import LocalHashFileDB
from dvc_objects.db import ObjectDB
from dvc_objects.fs import generic

from nbsnake.job.inside import UnsafePathError, ends_inside, inside
from nbsnake.job.regular import check_regular

_OBJECT = re.compile(r"[0-9a-f]+(\.dir)?")  # also the beginning of a name, to list objects
_RUN = re.compile(r"runs/[0-9a-f]{2}/[0-9a-f]{64}/[0-9a-f]{64}")  # dvc.stage.cache


@contextlib.contextmanager
def checked_objects() -> Iterator[None]:
    """While it lasts, each object that DVC reads or writes is checked.

    DVC then raises :class:`UnsafePathError` for a name that is none of an object and for a link
    that leads out of the store, and :class:`NotRegularError` for a pipe.
    """
    kinds: list[Any] = [ObjectDB, LocalHashFileDB]
    found = [kind.oid_to_path for kind in kinds]
    for kind, find in zip(kinds, found, strict=True):
        kind.oid_to_path = _checked(find)
    try:
        yield
    finally:
        for kind, find in zip(kinds, found, strict=True):
            kind.oid_to_path = find


def _checked(find: Callable[[Any, str], str]) -> Callable[[Any, str], str]:
    def path_of(store: Any, oid: str) -> str:
        if not _OBJECT.fullmatch(oid):
            raise UnsafePathError(oid, "is not the name of an object")
        return _check_file(store, find(store, oid))

    return path_of


def _check_file(store: Any, path: str) -> str:
    """The path of a file in a store, which on this machine's disk is really there."""
    if store.fs.protocol != "local":
        return path
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        mode = os.lstat(inside(path, store.path)).st_mode
        if stat.S_ISLNK(mode) and not ends_inside(path, store.path):
            raise UnsafePathError(path, "is a link that leads out of the store; remove it")
        check_regular(path)
    return path


def pull_runs(repo: Any, remote: str | None) -> None:
    """Bring the run-cache from a remote. Raises as DVC does, and as :func:`checked_objects`."""
    source = repo.cloud.get_remote_odb(remote, "fetch --run-cache", hash_name="md5-dos2unix")
    _copy_runs(source, repo.cache.legacy)


def push_runs(repo: Any, remote: str | None) -> None:
    """Bring the run-cache to a remote. Raises as :func:`pull_runs`."""
    target = repo.cloud.get_remote_odb(remote, "push --run-cache", hash_name="md5-dos2unix")
    _copy_runs(repo.cache.legacy, target)


def _copy_runs(source: Any, target: Any) -> None:
    """Copy what has the name of a run and is not there yet; HTTP lists no files."""
    if isinstance(source.fs, HTTPFileSystem) or isinstance(target.fs, HTTPFileSystem):
        return
    there = {names for names, _ in _runs(target)}
    for names, path in _runs(source):
        if names not in there:
            place = target.fs.join(target.path, *names)
            for store, each in ((source, path), (target, place)):
                _check_file(store, each)
            generic.log_exceptions(generic.copy)(source.fs, path, target.fs, place)


def _runs(store: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """The runs in a store, each with the parts of its name, by which its content is known."""
    top = store.fs.join(store.path, "runs")
    for path in store.fs.find(top) if store.fs.exists(top) else ():
        names = tuple(store.fs.parts(path)[-4:])
        if _RUN.fullmatch("/".join(names)):
            yield names, path
