"""dvc.lock as JSON, which jobs can read; good for as long as dvc.lock is unchanged.

Standard library only: this runs inside every job.
"""

import json
from typing import Any

from nbsnake.job.atomic import write_atomically
from nbsnake.job.content import source_digests
from nbsnake.names import LOCK_FILE

MEMO_FILE = ".nbsnake/lock.json"
FORMAT = 2


def read_lock_memo() -> dict[str, dict[str, Any]] | None:
    """The stages of dvc.lock; None when nobody has read it since it last changed."""
    try:
        with open(MEMO_FILE, encoding="utf-8") as file:
            memo = json.load(file)
        if memo["format"] == FORMAT and memo["source"] == source_digests([LOCK_FILE]):
            stages: dict[str, dict[str, Any]] = memo["stages"]
            return stages
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def write_lock_memo(stages: dict[str, Any]) -> None:
    """Keep what was read from dvc.lock as it is now."""
    memo = {"format": FORMAT, "source": source_digests([LOCK_FILE]), "stages": stages}
    write_atomically(MEMO_FILE, json.dumps(memo, default=str).encode(), durable=False)
