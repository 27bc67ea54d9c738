"""Sees which files a process changes: Python's own audit events, with all links followed.

What a process does to the disk by other means shows in a snapshot of the folders around it.
"""

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

CHANGES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# The arguments that are paths: of what is followed, and of what is itself made or removed.
FOLLOWED = {"os.chmod": [(0, 2)], "os.chown": [(0, 3)], "os.truncate": [(0, None)]}
NAMED = {
    "os.remove": [(0, 1)],
    "os.rmdir": [(0, 1)],
    "os.mkdir": [(0, 2)],
    "os.rename": [(0, 2), (1, 3)],
    "os.link": [(1, 3)],
    "os.symlink": [(1, 2)],
    "os.utime": [(0, 3)],
}


def watch(log: str, allowed: list[str]) -> None:
    """Write each change outside of the ``allowed`` folders as a line of JSON to ``log``."""
    roots = [os.path.realpath(each) for each in (*allowed, "/dev", "/proc")]
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    busy = False

    def hook(event: str, args: tuple[Any, ...]) -> None:
        nonlocal busy
        if busy or not (event == "open" or event in FOLLOWED or event in NAMED):
            return
        busy = True
        try:
            for path in _changed(event, args):
                if not any(f"{path}/".startswith(f"{root}/") for root in roots):
                    os.write(out, f"{json.dumps([event, path])}\n".encode())
        finally:
            busy = False

    sys.addaudithook(hook)


def _changed(event: str, args: tuple[Any, ...]) -> Iterator[str]:
    if event == "open":
        path, _, flags = args
        if isinstance(flags, int) and flags & CHANGES and not isinstance(path, int):
            yield os.path.realpath(os.fsdecode(path))
        return
    for place, folder in FOLLOWED.get(event, ()):
        yield os.path.realpath(_full(args[place], args[folder] if folder else -1))
    for place, folder in NAMED.get(event, ()):
        parent, name = os.path.split(_full(args[place], args[folder]))
        yield os.path.join(os.path.realpath(parent), name)


def _full(path: Any, folder: int) -> str:
    if isinstance(path, int):
        return f"/proc/self/fd/{path}"
    name = os.fsdecode(path).rstrip("/") or "/"
    return name if folder < 0 else os.path.join(f"/proc/self/fd/{folder}", name)
