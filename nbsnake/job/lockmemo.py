"""dvc.lock as JSON, which jobs can read; good for as long as dvc.lock is unchanged.

Standard library only: this runs inside every job.
"""

from typing import Any

from nbsnake.job.content import source_digests, stamp
from nbsnake.job.keyed import find_keyed, read_keyed, to_keyed
from nbsnake.job.lockentry import entry_fault
from nbsnake.job.own import note_own, throw_away
from nbsnake.names import LOCK_FILE

MEMO_FILE = ".nbsnake/lock.jsonl"
FORMAT = 3

Entry = dict[str, Any]


def read_lock_memo() -> dict[str, Entry] | None:
    """The stages of dvc.lock; None when nobody has read it since it last changed."""
    return _checked(read_keyed(MEMO_FILE))


def read_lock_entry(stage: str) -> Entry | None:
    """As :func:`read_lock_memo`, one stage of it; None where dvc.lock has none."""
    return (_checked(find_keyed(MEMO_FILE, stage)) or {}).get(stage)


def _checked(found: tuple[Any, dict[str, Entry]] | None) -> dict[str, Entry] | None:
    if found is None:
        return None
    head, entries = found
    try:
        is_damaged = any(entry_fault(entry)[1] for entry in entries.values())
        is_current = head["format"] == FORMAT and _is_of(head["stamp"], head["source"])
    except (KeyError, TypeError, AttributeError):
        is_damaged = True
    if is_damaged:
        throw_away(MEMO_FILE, "has another form")
        return None
    return entries if is_current else None


def _is_of(then: Any, source: Any) -> bool:
    """Whether dvc.lock is as it was: it is read only where its stamp has changed."""
    now = stamp(LOCK_FILE)
    return bool(now and then == now) or bool(source == source_digests([LOCK_FILE]))


def write_lock_memo(stages: dict[str, Any]) -> None:
    """Keep what was read from dvc.lock as it is now."""
    before = stamp(LOCK_FILE)
    head = {"format": FORMAT, "stamp": before, "source": source_digests([LOCK_FILE])}
    note_own(MEMO_FILE, to_keyed(head, stages))
