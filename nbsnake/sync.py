"""From receipts to dvc.lock: what the jobs made becomes what DVC knows.

Written in an order in which a crash at any point leaves a valid, older dvc.lock: the jobs have
put the objects into the cache; then come the run-cache, .gitignore, and dvc.lock last.
"""

import os
from dataclasses import dataclass
from typing import Any

from nbsnake import dvc
from nbsnake.atomic import write_atomically
from nbsnake.digests import Digests
from nbsnake.freshness import Judge
from nbsnake.lockfile import dump, read_document
from nbsnake.lockmemo import LOCK_FILE
from nbsnake.plan import Plan, PlannedStep
from nbsnake.receipt import read_receipt
from nbsnake.runcache import run_folder, run_key, run_value


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """``locked`` steps are new or changed in dvc.lock; ``refused`` ones are not, and why."""

    locked: tuple[str, ...]
    refused: dict[str, str]


def sync(plan: Plan, digests: Digests) -> Synced:
    """Lock every step whose receipt tells of the very files that are on disk.

    Waits while another program holds DVC's lock.
    """
    with dvc.locked():
        verdicts = Judge(plan, digests).verdicts()
        entries = {
            name: _entry(verdict.step, digests)
            for name, verdict in verdicts.items()
            if verdict.state == "fresh" and not verdict.locked
        }
        for name, entry in entries.items():
            _remember_run(plan, plan.steps[name], entry)
        fresh = [verdict.step for verdict in verdicts.values() if verdict.state == "fresh"]
        dvc.ignore([out.path for step in fresh for out in step.outs if out.cache])
        if entries:
            document = read_document()
            document["stages"].update(entries)
            write_atomically(LOCK_FILE, dump(document))
        refused = {
            name: receipt.refused
            for name, verdict in verdicts.items()
            if verdict.state != "fresh" and (receipt := read_receipt(name)) and receipt.refused
        }
    return Synced(locked=tuple(entries), refused=refused)


def _entry(step: PlannedStep, digests: Digests) -> dict[str, Any]:
    return step.lock_entry({path: digests.of(path) for path in (*step.deps, *step.out_paths)})


def _remember_run(plan: Plan, step: PlannedStep, entry: dict[str, Any]) -> None:
    """Add the run to DVC's run-cache, as DVC does after a run that it made itself."""
    if not step.run_cache:
        return
    path = os.path.join(run_folder(plan.cache.folder, run_key(entry)), run_value(entry))
    if not os.path.exists(path):
        write_atomically(path, dump(entry))
