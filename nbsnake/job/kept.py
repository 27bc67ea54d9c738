"""Content that no record explains, kept before a run removes it: what lay there, what was edited.

Standard library only: this runs inside every job. The content goes into a cache of nbsnake's own,
which `dvc gc` does not know; one line of ``.nbsnake/kept.jsonl`` tells path, content and time.
"""

import json
import os
import shlex
import time
from typing import NamedTuple

from nbsnake.job.content import Digest
from nbsnake.job.outputs import OWN_CACHE

FILE = ".nbsnake/kept.jsonl"


class Kept(NamedTuple):
    """What was at ``path`` at a time, in seconds since 1970."""

    path: str
    content: Digest
    time: float


def keep(path: str) -> Kept:
    """Keep what is at ``path``, which stays where it is."""
    kept = Kept(path, OWN_CACHE.store(path), time.time())
    line = json.dumps({"path": path, "time": kept.time, **kept.content.to_dict()})
    os.makedirs(os.path.dirname(FILE), exist_ok=True)
    with open(FILE, "ab") as file:  # one write, so that jobs can do so at the same time
        file.write(f"{line}\n".encode())
    return kept


def read_kept() -> dict[str, Kept]:
    """What was kept last of each path."""
    try:
        with open(FILE, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return {}
    found = {}
    for line in lines:
        try:
            fields = json.loads(line)
            kept = Kept(fields["path"], Digest.from_dict(fields), float(fields["time"]))
        except (ValueError, KeyError, TypeError):
            continue  # a line that was cut off when the disk was full
        found[kept.path] = kept
    return found


def how_to_get_back(path: str) -> str:
    """The command that brings a kept content back."""
    return f"nbsnake restore --kept {shlex.quote(path)}"
