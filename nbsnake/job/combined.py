"""Entries of dvc.lock that a merge combined from several runs: no run gave these outputs.

Standard library only: this runs inside every job, which must not restore such outputs. The head
finds them; a job takes what its head found.
"""

import json
from typing import Any

from nbsnake.job.own import note_own, read_own
from nbsnake.job.plan import PlannedStep
from nbsnake.job.run import Run

COMBINED_FILE = ".nbsnake/combined.json"

Entries = dict[str, dict[str, Any]]  # by stage


def is_combined(step: PlannedStep, run: Run) -> bool:
    """Whether a merge combined this run from others."""
    entry = _read().get(step.name)
    return entry is not None and step.locked_run(entry) == run


def write_combined(entries: Entries) -> None:
    """Note which entries of dvc.lock are combined."""
    if entries != _read():
        note_own(COMBINED_FILE, json.dumps(entries, default=str).encode())


def _read() -> Entries:
    entries = read_own(COMBINED_FILE)
    return entries if isinstance(entries, dict) else {}
