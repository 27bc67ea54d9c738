"""dvc.lock as JSON, which jobs can read; good for as long as dvc.lock is unchanged.

Standard library only: this runs inside every job.
"""

import json
from typing import Any

from nbsnake.job.content import source_digests
from nbsnake.job.lockentry import entry_fault
from nbsnake.job.own import note_own, read_own, throw_away
from nbsnake.names import LOCK_FILE

MEMO_FILE = ".nbsnake/lock.json"
FORMAT = 2


def read_lock_memo() -> dict[str, dict[str, Any]] | None:
    """The stages of dvc.lock; None when nobody has read it since it last changed."""
    memo = read_own(MEMO_FILE)
    if memo is None:
        return None
    try:
        stages: dict[str, dict[str, Any]] = memo["stages"]
        is_damaged = any(entry_fault(entry)[1] for entry in stages.values())
        is_current = memo["format"] == FORMAT and memo["source"] == source_digests([LOCK_FILE])
    except (KeyError, TypeError, AttributeError):
        is_damaged = True
    if is_damaged:
        throw_away(MEMO_FILE, "has another form")
        return None
    return stages if is_current else None


def write_lock_memo(stages: dict[str, Any]) -> None:
    """Keep what was read from dvc.lock as it is now."""
    memo = {"format": FORMAT, "source": source_digests([LOCK_FILE]), "stages": stages}
    note_own(MEMO_FILE, json.dumps(memo, default=str).encode())
