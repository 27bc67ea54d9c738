"""Regular files: what is neither a folder nor a pipe, a device or a socket, which may never end.

Standard library only: this runs inside every job.
"""

import errno
import os
import stat
from io import BufferedReader

MOST = 1 << 30  # bytes of a file that is read as a whole: a notebook, a module, settings
TOO_LARGE = "larger than 1 GiB"


class FileTooLargeError(OSError):
    """A file that would not fit into memory, as one with a hole of any size."""

    def __init__(self, path: str) -> None:
        super().__init__(errno.EFBIG, f"is {TOO_LARGE}, and is not read", path)


class NotRegularError(OSError):
    """Something else than a file or folder where data is expected."""

    def __init__(self, path: str) -> None:
        super().__init__(errno.EINVAL, "is neither a file nor a folder; remove it", path)


def check_regular(path: str, *, follow: bool = True) -> None:
    """Raise :class:`NotRegularError` for a pipe and the like.

    Raises :class:`OSError` where there is nothing.
    """
    mode = os.stat(path, follow_symlinks=follow).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
        raise NotRegularError(path)


def open_regular(path: str, *, follow: bool = True) -> BufferedReader:
    """Open a file to read its bytes, without waiting for a writer.

    A link is opened only if it is to be followed. Raises :class:`NotRegularError` for a pipe and
    the like, and :class:`OSError`.
    """
    check_regular(path, follow=follow)
    return open(path, "rb", opener=open_without_waiting if follow else _open_no_link)


def open_without_waiting(path: str, flags: int) -> int:
    """An opener for :func:`open` that does not wait for the writer of a pipe."""
    return os.open(path, flags | os.O_NONBLOCK)


def _open_no_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW)


def read_regular(path: str, *, follow: bool = True) -> bytes:
    """The bytes of a file.

    Raises :class:`FileTooLargeError` for one of more than :data:`MOST` bytes, and as
    :func:`open_regular` does.
    """
    with open_regular(path, follow=follow) as file:
        if os.fstat(file.fileno()).st_size > MOST:
            raise FileTooLargeError(path)
        return file.read()
