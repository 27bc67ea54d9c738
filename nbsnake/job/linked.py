"""Locks for file systems without flock, by links, as DVC's ``core.hardlink_lock``.

Standard library only: this runs inside every job. A lock is a folder of numbered files; the one
with the highest number says who holds it, and is empty when it was given up. Who wants it links a
file of its own under the next number, which link(2) does for one process only, on any node. The
highest number stays until there is a higher one, so that a process that was slow sees that it is
too late.

A holder that was killed is known on its own machine by its process. On other ones, it is known by
the time of its file, which it renews while it lives.
"""

import contextlib
import os
import threading
from typing import NamedTuple

from nbsnake.job.alive import is_alive
from nbsnake.job.own import FOLDER, read_own_bytes, write_own

LOCKS = f"{FOLDER}/locks"
BEAT = 20.0  # seconds between two renewals
SILENCE = 300.0  # seconds without one, after which a holder on another machine counts as dead
KEPT = 10  # numbers below the highest that stay, for who reads the folder meanwhile


class Holder(NamedTuple):
    """A process: the machine, its id there, and when it started, "" where that is not known."""

    machine: str
    pid: str
    started: str


class Linked:
    """A lock that this process holds until it is given up."""

    def __init__(self, path: str) -> None:
        self._path, self._pid = path, os.getpid()
        self._given_up = threading.Event()
        threading.Thread(target=self._renew, daemon=True).start()

    def give_up(self) -> None:
        """Let others have it; for a child of the process that took it, nothing."""
        if os.getpid() == self._pid and not self._given_up.is_set():
            self._given_up.set()
            with contextlib.suppress(OSError):
                os.truncate(self._path, 0)

    def _renew(self) -> None:
        while not self._given_up.wait(BEAT):
            with contextlib.suppress(OSError):
                os.utime(self._path)


def take(path: str) -> Linked | None:
    """The lock that stands for one on a file of the state; None while another process has it.

    Raises :class:`OSError`.
    """
    folder = os.path.join(LOCKS, os.path.relpath(path, FOLDER))
    me = _holder(os.getpid())
    claim = os.path.join(folder, f"claim-{me.machine}-{me.pid}-{threading.get_ident()}")
    write_own(claim, " ".join(me).encode(), durable=False)
    try:
        return _take(folder, claim)
    finally:
        os.unlink(claim)


def _take(folder: str, claim: str) -> Linked | None:
    while True:
        last = max(_numbers(folder), default=0)
        if last and _is_held(os.path.join(folder, str(last)), os.stat(claim).st_mtime):
            return None
        mine = os.path.join(folder, str(last + 1))
        with contextlib.suppress(FileExistsError, FileNotFoundError):
            os.link(claim, mine)
            if max(_numbers(folder), default=0) == last + 1:
                _remove_below(folder, last + 1 - KEPT)
                return Linked(mine)
            os.unlink(mine)


def _numbers(folder: str) -> list[int]:
    return [int(name) for name in os.listdir(folder) if name.isdecimal()]


def _remove_below(folder: str, number: int) -> None:
    for each in _numbers(folder):
        if each < number:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(folder, str(each)))


def _is_held(path: str, now: float) -> bool:
    """Whether the holder lives; ``now`` is by the clock of the file system."""
    words = (read_own_bytes(path) or b"").decode(errors="replace").split(" ")
    if len(words) != len(Holder._fields):  # given up, or gone for a higher number
        return False
    holder = Holder(*words)
    if holder.machine == _machine():
        return holder.pid.isdecimal() and holder == _holder(int(holder.pid))
    with contextlib.suppress(FileNotFoundError):
        return os.stat(path).st_mtime > now - SILENCE
    return False


def _holder(pid: int) -> Holder:
    """The process with that id, without its id where there is none."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        return Holder(_machine(), str(pid) if fields[0] != b"Z" else "", fields[19].decode())
    except OSError:
        return Holder(_machine(), str(pid) if is_alive(pid) else "", "")


def _machine() -> str:
    """This machine, and where ids of processes are its own there (pid_namespaces(7))."""
    part = ""
    with contextlib.suppress(OSError):
        part = os.readlink("/proc/self/ns/pid")
    return f"{os.uname().nodename}.{part.strip('pid:[]')}"
