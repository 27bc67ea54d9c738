"""How far a run is, as a file for another program: one JSON line for each event.

Standard library only: a server reads it several times a second.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from typing import NamedTuple

from nbsnake.job.regular import read_regular

PROGRESS = "NBSNAKE_PROGRESS"  # names the file, where another program wants it
STARTED, DONE, RESTORED, FAILED, PLANNED = "started", "done", "restored", "failed", "planned"


class Progress(NamedTuple):
    """The jobs of a run by step, and how many there will be (0 where that is not known)."""

    total: int = 0
    running: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    restored: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


def note_progress(event: str, what: str | int) -> None:
    """Add an event: a step, or of :data:`PLANNED` a count. Nothing where nobody asked for it."""
    if path := os.environ.get(PROGRESS):
        with contextlib.suppress(OSError), open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps([event, what]) + "\n")


def read_progress(path: str) -> Progress:
    """What the events in a file say; nothing where there is none."""
    total, steps = 0, dict[str, str]()
    for event, what in _events(path):
        if event == PLANNED:
            total = int(what)
        else:
            steps[str(what)] = event
    by = {
        event: tuple(step for step, last in steps.items() if last == event)
        for event in (STARTED, DONE, RESTORED, FAILED)
    }
    return Progress(total, by[STARTED], by[DONE], by[RESTORED], by[FAILED])


def _events(path: str) -> Iterator[tuple[str, str | int]]:
    with contextlib.suppress(OSError, ValueError):  # a line that is not complete yet is the last
        for line in read_regular(path).decode().splitlines():
            event, what = json.loads(line)
            yield event, what
