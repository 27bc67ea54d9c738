"""A lock on a file that ends with the process that holds it.

Standard library only: this runs inside every job. It is one of flock(2) or, on file systems without
such locks, one of :mod:`nbsnake.job.linked`.
"""

import errno
import fcntl
import time
from collections.abc import Callable
from typing import IO, Self

from nbsnake.job.own import open_own

NO_LOCKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK)
NO_LOCKS_TEXT = (
    "this file system has no locks (flock), which DVC needs by default: run "
    "'dvc config core.hardlink_lock true', or mount it with locks (Lustre: -o flock)"
)
PAUSE = 0.5  # seconds between two tries


class Lock:
    """A lock on a file of the state, until it is closed or the process ends."""

    def __init__(self, file: IO[str], give_up: Callable[[], None] = lambda: None) -> None:
        self._file, self._give_up = file, give_up

    def note(self, text: str) -> None:
        """Let the file contain nothing but a text."""
        self._file.truncate(0)
        self._file.write(text)
        self._file.flush()

    def close(self) -> None:
        """Let others have the lock."""
        self._file.close()
        self._give_up()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def try_lock(path: str) -> Lock | None:
    """Lock a file, which is made if absent; None while another process has the lock.

    Raises :class:`OSError`.
    """
    file = open_own(path)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return Lock(file)
    except BlockingIOError:
        file.close()
        return None
    except OSError as error:
        if error.errno in NO_LOCKS and (lock := _linked(path, file)):
            return lock
        file.close()
        if error.errno in NO_LOCKS:
            return None
        raise


def _linked(path: str, file: IO[str]) -> Lock | None:
    from nbsnake.job.linked import take  # seldom needed

    linked = take(path)
    return Lock(file, linked.give_up) if linked else None


def wait_for_lock(path: str) -> Lock:
    """As :func:`try_lock`, but wait for the lock."""
    while (found := try_lock(path)) is None:
        time.sleep(PAUSE)
    return found


def flock(file: IO[str], how: int) -> None:
    """Lock a file that DVC locks, too. Raises :class:`OSError`, with what to set without locks."""
    try:
        fcntl.flock(file, how)
    except OSError as error:
        refuse_without_locks(error, file.name)
        raise


def refuse_without_locks(error: BaseException | None, path: str) -> None:
    """Raise :class:`OSError`, with what to set, for an error of a file system without locks."""
    if isinstance(error, OSError) and error.errno in NO_LOCKS:
        raise OSError(error.errno, NO_LOCKS_TEXT, path) from None
