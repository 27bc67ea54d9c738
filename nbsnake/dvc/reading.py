"""How DVC reads the files of a project: of a pipe or a device, it would read for ever."""

import contextlib
from collections.abc import Iterator
from typing import IO, Any

from dvc.config import Config
from dvc_objects.fs.local import FsspecLocalFileSystem

from nbsnake.job.regular import check_regular, open_without_waiting


@contextlib.contextmanager
def regular_files() -> Iterator[None]:
    """While it lasts, DVC raises :class:`NotRegularError` for what is no file."""
    opened = FsspecLocalFileSystem.open
    FsspecLocalFileSystem.open = _open
    try:
        yield
    finally:
        FsspecLocalFileSystem.open = opened


def _open(_: Any, path: str, mode: str = "r", encoding: str | None = None, **__: Any) -> IO[Any]:
    """As DVC's method of a file system; a file that it writes need not be there."""
    with contextlib.suppress(FileNotFoundError):
        check_regular(path)
    return open(path, mode, encoding=encoding, opener=open_without_waiting)


def read_config() -> Config:
    """DVC's settings for the project in the working directory. Raises as DVC does."""
    with regular_files():
        return Config(".dvc", validate=False)
