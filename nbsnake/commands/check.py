"""``nbsnake check``"""

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from nbsnake.commands import enter_project_with
from nbsnake.errors import Faults, NbsnakeError
from nbsnake.generate.unchanged import is_unchanged

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
    """Compare the generated files with the notebooks; 1 where they differ."""
    args.notebooks = enter_project_with(args.notebooks)
    if args.cache:
        return _check_cache(as_json=args.json)
    if args.runs:
        return _check_runs(as_json=args.json)
    try:
        drifts = [] if not args.notebooks and is_unchanged() else _find(args.notebooks)
    except NbsnakeError as error:
        if args.json:
            faults = error.faults if isinstance(error, Faults) else (error,)
            print(json.dumps([_fault_as_dict(fault) for fault in faults], indent=2))
        raise
    if args.json:
        print(json.dumps([_as_dict(each) for each in drifts], indent=2))
    else:
        for drift in drifts:
            sys.stdout.write(drift.diff())
    for drift in drifts:
        print(_in_words(drift), file=sys.stderr)
    if drifts:
        print("run: nbsnake generate", file=sys.stderr)
    return 1 if drifts else 0


def _check_cache(*, as_json: bool) -> int:
    from nbsnake.dvc.current import current_plan  # for this option only
    from nbsnake.results.cachecheck import cache_faults  # for this option only

    faults = [*cache_faults(current_plan())]
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


def _fault_as_dict(fault: NbsnakeError) -> dict[str, Any]:
    place = fault.where._asdict() if fault.where else {}
    return {"path": place.pop("file", None), "reason": "fault", **place, "message": fault.message}


def _in_words(drift: "Drift") -> str:
    cells = ", ".join(str(cell) for cell in drift.cells if cell)
    places = f" (cell {cells} of {drift.new.notebook})" if cells and drift.new else ""
    return f"{drift.path} {FOUND[drift.reason]}{places if drift.reason == 'changed' else ''}"
