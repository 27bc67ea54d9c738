"""Content that no record explains, kept before a run removes it: what lay there, what was edited.

Standard library only: this runs inside every job. The content goes into a cache of nbsnake's own,
which `dvc gc` does not know; one line of ``.nbsnake/kept.jsonl`` tells path, content and time.
"""

import json
import shlex
import time
from typing import NamedTuple

from nbsnake.job.content import Digest
from nbsnake.job.outputs import OWN_CACHE
from nbsnake.job.own import open_own, read_own_bytes
from nbsnake.job.shape import from_json, parse

FILE = ".nbsnake/kept.jsonl"
LATEST = 250e9  # seconds since 1970 that are a date


class Kept(NamedTuple):
    """What was at ``path`` at a time, in seconds since 1970."""

    path: str
    content: Digest
    time: float


def keep(path: str) -> Kept:
    """Keep what is at ``path``, which stays where it is."""
    kept = Kept(path, OWN_CACHE.store(path), time.time())
    line = json.dumps({"path": path, "time": kept.time, **kept.content.to_dict()})
    with open_own(FILE) as file:  # one write, so that jobs can do so at the same time
        file.write(f"{line}\n")
    return kept


def read_kept() -> dict[str, Kept]:
    """What was kept last of each path."""
    found = {}
    for line in (read_own_bytes(FILE) or b"").decode(errors="replace").splitlines():
        try:
            fields = from_json(line)
            path, moment = parse(str, fields["path"]), parse(float, fields["time"])
            kept = Kept(path, Digest.from_dict(fields), min(max(moment, 0.0), LATEST))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # a line that was cut off when the disk was full
        found[kept.path] = kept
    return found


def how_to_get_back(path: str) -> str:
    """The command that brings a kept content back."""
    return f"nbsnake restore --kept {shlex.quote(path)}"
