"""DVC's lock on the project, which its own commands take too."""

import contextlib
import os
import time
from collections.abc import Iterator

from zc.lockfile import LockError, LockFile

from nbsnake.job.inside import plain
from nbsnake.job.say import say

TEMPORARY = ".dvc/tmp"
FILE = f"{TEMPORARY}/lock"
PAUSE = 0.1  # seconds between two tries
PATIENCE = 5.0  # seconds after which the wait is reported


@contextlib.contextmanager
def repo_locked(*, by_hardlink: bool = False) -> Iterator[None]:
    """Hold the lock; wait for as long as another program holds it."""
    os.makedirs(plain(TEMPORARY), exist_ok=True)
    plain(FILE)
    if by_hardlink:
        from dvc.lock import make_lock  # slow, and seldom needed

        lock = make_lock(FILE, tmp_dir=TEMPORARY, hardlink_lock=True, wait=True)
        with lock:
            yield
        return
    held = _wait()
    try:
        yield
    finally:
        held.close()


def _wait() -> LockFile:
    started, reported = time.monotonic(), False
    while True:
        try:
            return LockFile(FILE)
        except LockError:
            if not reported and time.monotonic() - started > PATIENCE:
                say("waiting for another DVC command to end")
                reported = True
            time.sleep(PAUSE)
