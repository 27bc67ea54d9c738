"""DVC's record of who reads and writes which paths: two runs of one stage exclude each other.

Standard library only: this runs inside every job. The file ``.dvc/tmp/rwlock`` is DVC 3's
(``dvc.rwlock``): ``write`` maps absolute paths to the process that writes them, ``read`` to a list
of those that read them, each with its id and command; it is edited under a lock on
``rwlock.lock``. DVC refuses to run a stage of which a path is busy; a job waits.
"""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from nbsnake.job.alive import is_alive
from nbsnake.job.atomic import write_atomically
from nbsnake.job.inside import plain
from nbsnake.job.locks import flock
from nbsnake.job.plan import Plan, PlannedStep
from nbsnake.job.regular import read_regular
from nbsnake.job.running import read_head
from nbsnake.job.say import say
from nbsnake.job.shape import from_json, parse

FOLDER = ".dvc/tmp"
FILE = f"{FOLDER}/rwlock"
GUARD = f"{FOLDER}/rwlock.lock"
PAUSE = 0.2  # seconds between two tries

Table = dict[str, Any]
Attempt = Callable[[Table], "Blocker | None"]
Opened = Callable[[], contextlib.AbstractContextManager[Table]]


class Blocker(NamedTuple):
    """A process that reads or writes a path."""

    pid: int
    cmd: str


@contextlib.contextmanager
def paths_locked(step: PlannedStep) -> Iterator[None]:
    """Read the step's deps and write its outputs, when no other process is in the way."""
    reads = [os.path.abspath(path) for path in step.deps]
    writes = [os.path.abspath(path) for path in step.out_paths]
    owner = {"pid": _own_pid(), "cmd": f"nbsnake exec {step.name}"}
    _wait(lambda table: _acquire(table, owner, reads, writes), step.name, _edited)
    try:
        yield
    finally:
        with _edited() as table:
            _release(table, owner, reads, writes)


def wait_for_writers(plan: Plan) -> None:
    """Wait while another process writes an output of one of the steps.

    Where files cannot be locked, what the record says is taken as it is.
    """
    wanted = [os.path.abspath(path) for step in plan.steps.values() for path in step.out_paths]
    if os.path.exists(FILE):
        opened = _read_only if plan.hardlink_lock else _edited
        _wait(lambda table: _blocker(table, wanted, wanted, {}), "", opened)


def _wait(attempt: Attempt, name: str, opened: Opened) -> None:
    reported = False
    while True:
        with opened() as table:
            blocker = attempt(table)
        if blocker is None:
            return
        if not reported:
            start = f"{name}: " if name else ""
            say(f"{start}waiting for '{blocker.cmd}' (process {blocker.pid})")
            reported = True
        time.sleep(PAUSE)


def _acquire(
    table: Table, owner: dict[str, Any], reads: list[str], writes: list[str]
) -> Blocker | None:
    """Who is in the way; where nobody is, the owner has the paths then."""
    if blocker := _blocker(table, reads, writes, owner):
        return blocker
    for path in reads:
        table["read"].setdefault(path, []).append(owner)
    for path in writes:
        table["write"][path] = owner
    return None


def _release(table: Table, owner: dict[str, Any], reads: list[str], writes: list[str]) -> None:
    for path in writes:
        if table["write"].get(path) == owner:
            del table["write"][path]
    for path in reads:
        readers = table["read"].get(path, [])
        if owner in readers:
            readers.remove(owner)
        if not readers:
            table["read"].pop(path, None)


def _blocker(
    table: Table, reads: list[str], writes: list[str], owner: dict[str, Any]
) -> Blocker | None:
    """A living process that writes what is to be read or written, or reads what is to be written.

    Records of processes that ended without removing them do not count.
    """
    for mode, wanted in (("write", [*reads, *writes]), ("read", writes)):
        for path, found in table[mode].items():
            if any(_overlap(path, each) for each in wanted):
                for each in found if isinstance(found, list) else [found]:
                    if each != owner and is_alive(each["pid"]):
                        return Blocker(each["pid"], each["cmd"])
    return None


def _overlap(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def _own_pid() -> int:
    """This process; on another machine than the head's, the head, which DVC can see there."""
    head = read_head()
    return head.pid if head and head.host != os.uname().nodename else os.getpid()


@contextlib.contextmanager
def _edited() -> Iterator[Table]:
    """What the file contains, written back if it changed. A broken file is as none."""
    os.makedirs(plain(FOLDER), exist_ok=True)
    with open(plain(GUARD), "a", encoding="utf-8") as guard:
        flock(guard, fcntl.LOCK_EX)
        table = _read()
        before = json.dumps(table)
        yield table
        if (after := json.dumps(table)) != before:
            write_atomically(FILE, after.encode(), durable=False)


def _read_only() -> contextlib.AbstractContextManager[Table]:
    return contextlib.nullcontext(_read())


def _read() -> Table:
    try:
        fields = from_json(read_regular(FILE))
        return {
            "read": {
                path: [*map(_record, found)] for path, found in fields.get("read", {}).items()
            },
            "write": {path: _record(found) for path, found in fields.get("write", {}).items()},
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {"read": {}, "write": {}}


def _record(fields: Any) -> dict[str, Any]:
    record: Blocker = parse(Blocker, fields)
    return record._asdict()
