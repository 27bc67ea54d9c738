"""``nbsnake check``"""

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from nbsnake.commands import enter_project_with
from nbsnake.dvc.current import current_plan
from nbsnake.dvc.lockfile import check_conflicts, read_lock
from nbsnake.errors import Faults, NbsnakeError
from nbsnake.generate.unchanged import is_edited, is_unchanged
from nbsnake.merging.guard import Suspects, find_combined, find_suspects
from nbsnake.model.choose import choose_steps
from nbsnake.names import LOCK_FILE

if TYPE_CHECKING:
    from nbsnake.generate.files import Drift  # for types only

FOUND = {
    "missing": "is not generated yet",
    "changed": "is not what the notebooks give",
    "orphan": "comes of no notebook any more",
}
CACHE_HINT = (
    "what is in the workspace is stored again by the next run; get the rest: dvc pull, or "
    "remove the damaged object and run the step"
)
REMEDY = (
    f"run: nbsnake run, and commit {LOCK_FILE}; "
    "for a pull request, first merge its target branch into it"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "notebooks", nargs="*", metavar="NOTEBOOK", help="only these (default: all)"
    )
    parser.add_argument(
        "--cache",
        action="store_true",
        help="read all objects of the cache that dvc.lock names, and nothing else",
    )
    parser.add_argument(
        "--runs",
        action="store_true",
        help="files and modules that runs on record used without declaring them",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON list of differences")


def run(args: argparse.Namespace) -> int:
    """Compare the generated files with the notebooks, and dvc.lock with the merges; 1 for faults.

    The faults of dvc.lock are entries that a merge combined, and a merge that cannot be checked.
    """
    args.notebooks = enter_project_with(args.notebooks)
    if args.cache:
        return _check_cache(as_json=args.json)
    if args.runs:
        return _check_runs(as_json=args.json)
    try:
        drifts = [] if not args.notebooks and is_unchanged() else _find(args.notebooks)
        check_conflicts()
        suspects = find_suspects()
        combined = _combined(args.notebooks, suspects)
    except NbsnakeError as error:
        if args.json:
            faults = error.faults if isinstance(error, Faults) else (error,)
            print(json.dumps([_fault_as_dict(fault) for fault in faults], indent=2))
        raise
    unseen = suspects.unseen if suspects.at_head else ""
    if args.json:
        rows = [_as_dict(each) for each in drifts]
        rows += [_entry_as_dict(step, reason) for step, reason in combined.items()]
        print(json.dumps(rows + ([_unseen_as_dict(unseen)] if unseen else []), indent=2))
    else:
        for drift in drifts:
            sys.stdout.write(drift.diff())
    _report(drifts, combined, unseen)
    return 1 if drifts or combined or unseen else 0


def _report(drifts: "list[Drift]", combined: dict[str, str], unseen: str) -> None:
    for drift in drifts:
        print(_in_words(drift), file=sys.stderr)
    if any(drift.new and is_edited(drift.path, drift.new.notebook) for drift in drifts):
        print("run: nbsnake port, to keep what was edited by hand", file=sys.stderr)
    if drifts:
        print("run: nbsnake generate", file=sys.stderr)
    for step, reason in combined.items():
        print(f"{LOCK_FILE}: {step}: {reason}", file=sys.stderr)
    if combined:
        print(REMEDY, file=sys.stderr)
    if unseen:
        print(f"{LOCK_FILE}: {unseen}", file=sys.stderr)


def _combined(notebooks: list[str], suspects: Suspects) -> dict[str, str]:
    """Why entries of dvc.lock are no runs, by step; only of some notebooks, where named."""
    if not suspects.merges:
        return {}
    plan = current_plan()
    combined = find_combined(plan, read_lock(), suspects)
    owners = {name: step.notebook for name, step in plan.steps.items()}
    names = choose_steps(notebooks, owners) if notebooks else [*owners, *plan.left]
    return {name: combined[name] for name in names if name in combined}


def _check_cache(*, as_json: bool) -> int:
    from nbsnake.results.cachecheck import cache_faults  # for this option only

    faults = cache_faults(current_plan())
    if as_json:
        print(json.dumps([fault._asdict() for fault in faults], indent=2))
    for each in faults:
        place = f"{each.path} (of {each.step})"
        print(f"{each.fault} in the cache: {place}: {each.object_path}", file=sys.stderr)
    if faults:
        print(CACHE_HINT, file=sys.stderr)
    return 1 if faults else 0


def _check_runs(*, as_json: bool) -> int:
    from nbsnake.dvc.current import current_plan  # for this option only
    from nbsnake.job.receipt import read_receipt  # for this option only
    from nbsnake.job.touched import in_words  # for this option only

    receipts = {name: read_receipt(name) for name in current_plan().steps}
    found = {name: each.undeclared for name, each in receipts.items() if each and each.undeclared}
    if as_json:
        print(json.dumps(found, indent=2))
    for name, undeclared in found.items():
        for line in in_words(name, undeclared):
            print(line, file=sys.stderr)
    return 1 if found else 0


def _find(notebooks: list[str]) -> "list[Drift]":
    from nbsnake.generate.generate import check  # slow, and not needed where nothing has changed

    return check(notebooks)


def _as_dict(drift: "Drift") -> dict[str, Any]:
    notebook = {"notebook": drift.new.notebook} if drift.new and drift.new.is_script else {}
    cells = {"cells": drift.cells} if drift.reason == "changed" and notebook else {}
    return {"path": drift.path, "reason": drift.reason, **notebook, **cells}


def _entry_as_dict(step: str, reason: str) -> dict[str, Any]:
    return {"path": LOCK_FILE, "reason": "combined", "step": step, "message": reason}


def _unseen_as_dict(message: str) -> dict[str, Any]:
    return {"path": LOCK_FILE, "reason": "unseen", "message": message}


def _fault_as_dict(fault: NbsnakeError) -> dict[str, Any]:
    place = fault.where._asdict() if fault.where else {}
    return {"path": place.pop("file", None), "reason": "fault", **place, "message": fault.message}


def _in_words(drift: "Drift") -> str:
    cells = ", ".join(str(cell) for cell in drift.cells if cell)
    places = f" (cell {cells} of {drift.new.notebook})" if cells and drift.new else ""
    return f"{drift.path} {FOUND[drift.reason]}{places if drift.reason == 'changed' else ''}"
