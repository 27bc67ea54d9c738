"""What DVC fetches from a remote, which may say and send anything."""

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

from dvc_data.hashfile.db.local import LocalHashFileDB
from dvc_data.hashfile.hash import hash_file
from dvc_objects.fs import LocalFileSystem, generic
from fsspec.callbacks import DEFAULT_CALLBACK, Callback

from nbsnake.job.say import few, say

SHOWN = 3  # names of objects in a message


@contextlib.contextmanager
def checked_fetches(left_out: set[str]) -> Iterator[None]:
    """While it lasts, what DVC fetches is as long as announced, and what its name says.

    What comes into a store on this machine's disk is read, and removed where its bytes do not give
    its name, which is added to ``left_out``: DVC itself takes a read-only file for what it is
    called. What is longer than announced is an :class:`OSError`, which DVC shows.
    """
    add, copy = LocalHashFileDB.add, generic.copy
    LocalHashFileDB.add, generic.copy = _reading(add, left_out), _bounded(copy)
    try:
        yield
    finally:
        LocalHashFileDB.add, generic.copy = add, copy
    if left_out:
        say(
            f"{len(left_out)} objects are left out, as the remote has other content for them than "
            f"their names say: {few(sorted(left_out), SHOWN)}"
        )


def _reading(add: Callable[..., int], left_out: set[str]) -> Callable[..., int]:
    def add_and_read(store: Any, path: Any, fs: Any, oid: Any, *args: Any, **options: Any) -> int:
        new = [each for each in ([oid] if isinstance(oid, str) else oid) if not store.exists(each)]
        count = add(store, path, fs, oid, *args, **options)
        for each in filter(store.exists, new):
            _, found = hash_file(store.oid_to_path(each), store.fs, store.hash_name)
            if found.value.partition(".")[0] != each.partition(".")[0]:
                os.unlink(store.oid_to_path(each))
                left_out.add(each)
                count -= 1
        return count

    return add_and_read


def _bounded(copy: Callable[..., None]) -> Callable[..., None]:
    def copy_bounded(
        from_fs: Any, *paths: Any, callback: Callback = DEFAULT_CALLBACK, **options: Any
    ) -> None:
        if not isinstance(from_fs, LocalFileSystem):
            callback = _Files(callback, announces=from_fs.protocol == "s3")
        copy(from_fs, *paths, callback=callback, **options)

    return copy_bounded


class _Shown(Callback):  # type: ignore[misc]
    """Hears how far something is, and hands it on to what shows it."""

    def __init__(self, shown: Callback, *, announces: bool) -> None:
        super().__init__()
        self._shown, self._announces = shown, announces

    def set_size(self, size: int | None) -> None:
        self._shown.set_size(size)
        super().set_size(size)

    def relative_update(self, inc: int = 1) -> None:
        self._shown.relative_update(inc)
        super().relative_update(inc)

    def absolute_update(self, value: int) -> None:
        self._shown.absolute_update(value)
        super().absolute_update(value)

    def close(self) -> None:
        self._shown.close()


class _File(_Shown):
    """Ends a file that is longer than announced; S3 announces each, other servers need not."""

    def set_size(self, size: int | None) -> None:
        if size is None and self._announces:
            raise OSError("the server does not say how many bytes it sends")
        super().set_size(size)

    def call(self, *_: Any, **__: Any) -> None:
        """Called after each change."""
        if self.size is not None and self.value > self.size:
            raise OSError(f"the server sends more than the {self.size} bytes that it announced")


class _Files(_Shown):
    """How far several files are."""

    def branched(self, path_1: Any, path_2: Any, **options: Any) -> _File:
        """What hears of one file."""
        shown = self._shown.branched(path_1, path_2, **options)
        return _File(shown, announces=self._announces)
