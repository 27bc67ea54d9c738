"""DVC's lock on the project, which its own commands take too."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator

from zc.lockfile import LockError, LockFile

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
    try:
        held: Release = LockFile(FILE).close
    except LockError as error:
        refuse_without_locks(error.__context__, FILE)
        return None
    return held


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
