"""DVC's lock on the project, which its own commands take too."""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator

from nbsnake.job.inside import plain
from nbsnake.job.locks import refuse_without_locks
from nbsnake.job.say import say

TEMPORARY = ".dvc/tmp"
FILE = f"{TEMPORARY}/lock"
PAUSE = 0.1  # seconds between two tries
PATIENCE = 5.0  # seconds after which the wait is reported
# A link stays when its process is killed, as DVC makes it.
ADVICE = f" (core.hardlink_lock; if none runs, remove {FILE})"

Release = Callable[[], None]


@contextlib.contextmanager
def repo_locked(*, by_hardlink: bool = False) -> Iterator[None]:
    """Hold the lock; wait for as long as another program holds it.

    Raises :class:`OSError`, with what to set, on a file system without locks.
    """
    os.makedirs(plain(TEMPORARY), exist_ok=True)
    plain(FILE)
    take = _take_by_link if by_hardlink else _take
    release = _wait(take, ADVICE if by_hardlink else "")
    try:
        yield
    finally:
        release()


def _wait(take: Callable[[], Release | None], advice: str) -> Release:
    started, reported = time.monotonic(), False
    while (release := take()) is None:
        if not reported and time.monotonic() - started > PATIENCE:
            say(f"waiting for another DVC command to end{advice}")
            reported = True
        time.sleep(PAUSE)
    return release


def _take() -> Release | None:
    """Take it as zc.lockfile does, by which DVC takes it: the file says who has it."""
    how = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    file = os.open(plain(FILE), how, 0o666)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(file)
        refuse_without_locks(error, FILE)
        return None
    owner = f" {os.getpid()}\n".encode()
    with contextlib.suppress(OSError):  # of a full disk; nobody needs it
        os.ftruncate(file, os.pwrite(file, owner, 0))
    return lambda: os.close(file)


def _take_by_link() -> Release | None:
    from dvc.lock import LockError as NotTaken  # slow, and seldom needed
    from dvc.lock import make_lock  # as above

    lock = make_lock(FILE, tmp_dir=TEMPORARY, hardlink_lock=True)
    try:
        lock.lock(timeout=1)
    except NotTaken:
        return None
    release: Release = lock.unlock
    return release
