"""``nbsnake check``"""

import argparse
import json
import sys

from nbsnake.commands import enter_project
from nbsnake.generate import find_changes

FOUND = {
    "missing": "is not generated yet",
    "changed": "is not what the notebooks give",
    "orphan": "comes of no notebook any more",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "notebooks", nargs="*", metavar="NOTEBOOK", help="only these (default: all)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON list of differences")


def run(args: argparse.Namespace) -> int:
    enter_project()
    drifts = find_changes(args.notebooks)
    if args.json:
        print(json.dumps([{"path": each.path, "reason": each.reason} for each in drifts], indent=2))
    else:
        for drift in drifts:
            sys.stdout.write(drift.diff())
    for drift in drifts:
        print(f"{drift.path} {FOUND[drift.reason]}", file=sys.stderr)
    if drifts:
        print("run: nbsnake generate", file=sys.stderr)
    return 1 if drifts else 0
