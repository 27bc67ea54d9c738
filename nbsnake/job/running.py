"""Who is at work in this project: the head of a run, and jobs. Told by locks that die with them.

Standard library only: this runs inside every job.
"""

import contextlib
import os
from collections.abc import Iterator
from typing import NamedTuple

from nbsnake.job.locks import Lock, try_lock, wait_for_lock
from nbsnake.job.own import read_own_bytes
from nbsnake.job.say import say
from nbsnake.names import file_name, step_of_file

HEAD = ".nbsnake/head.lock"
JOBS = ".nbsnake/running"
AT_WORK = "at work\n"  # what a job's lock contains until the job has ended


class Head(NamedTuple):
    """A process, by its id on a machine."""

    pid: int
    host: str


def become_head() -> Lock | None:
    """Hold the lock of the head until it is closed; None while another process has it."""
    lock = try_lock(HEAD)
    if lock:
        lock.note(f"{os.getpid()} {os.uname().nodename}\n")
    return lock


def read_head() -> Head | None:
    """The process that is or was the last head."""
    try:
        pid, host = (read_own_bytes(HEAD) or b"").decode().split()
        return Head(int(pid), host)
    except ValueError:
        return None


def head_is_alive() -> bool:
    """Whether a run is going on, by ``snakemake`` or by ``nbsnake run``."""
    lock = try_lock(HEAD)
    if lock is None:
        return True
    lock.close()
    return False


@contextlib.contextmanager
def alone(step: str) -> Iterator[None]:
    """Be the step's only job; wait while another one runs, that may have outlived its head."""
    path = os.path.join(JOBS, file_name(step))
    lock = try_lock(path)
    if lock is None:
        say(f"{step}: waiting for an earlier job of this step to end")
        lock = wait_for_lock(path)
    with lock:
        lock.note(AT_WORK)
        yield
        lock.note("")


def was_cut_off(step: str) -> bool:
    """Whether the step's last job was killed, so that its outputs are of no use."""
    path = os.path.join(JOBS, file_name(step))
    try:
        return bool(os.path.getsize(path))
    except OSError:
        return False


def running_steps() -> dict[str, float]:
    """The steps whose jobs are at work, each with when that began, in seconds since 1970."""
    found = {}
    with contextlib.suppress(FileNotFoundError):
        for entry in os.scandir(JOBS):
            status = entry.stat()
            if status.st_size and _is_locked(entry.path):
                found[step_of_file(entry.name)] = status.st_mtime
    return found


def _is_locked(path: str) -> bool:
    lock = try_lock(path)
    if lock:
        lock.close()
    return lock is None


def wait_for_orphans() -> None:
    """Wait for the jobs of a run whose head was killed: they finish, and leave their receipts.

    Otherwise Snakemake would delete the outputs that they are writing.
    """
    with contextlib.suppress(FileNotFoundError):
        for step in sorted(os.listdir(JOBS)):
            path = os.path.join(JOBS, step)
            if (lock := try_lock(path)) is None:
                say(f"waiting for {step}, which a killed run left at work")
                lock = wait_for_lock(path)
            lock.close()
