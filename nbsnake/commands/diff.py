"""``nbsnake diff``"""

import argparse
import json

from nbsnake.commands import enter_project
from nbsnake.dvc.revisions import WORKSPACE, read_revisions
from nbsnake.generate.drift import find_outdated
from nbsnake.job.say import say
from nbsnake.report.differences import Differences, differences, read_snapshot
from nbsnake.tables import short


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("old", metavar="REV", help="a branch, a tag or a commit")
    parser.add_argument(
        "new", nargs="?", default="", metavar="REV", help="another one (default: what is here now)"
    )
    parser.add_argument("--cells", action="store_true", help="show the lines of cells that differ")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print which cells, parameters, metrics and outputs differ between two revisions."""
    enter_project()
    for reason in () if args.new else find_outdated().scripts.values():
        say(reason)
    names = [each for each in (args.old, args.new) if each]
    revisions = read_revisions(names)  # which checks the names first
    old, new = (read_snapshot(name, revisions[name or WORKSPACE]) for name in (args.old, args.new))
    found = differences(old, new)
    if args.json:
        print(json.dumps(found.as_dict(), indent=2, default=str))
    else:
        _print(found, cells=args.cells)
    return 0


def _print(found: Differences, *, cells: bool) -> None:
    for notebook, lines in found.cells.items():
        numbers = ", ".join(map(str, lines))
        print(f"{notebook}: cell{'s' * (len(lines) > 1)} {numbers}")
        for line in (line for each in lines.values() if cells for line in each):
            print(f"  | {line}")
    for title, changes in (("parameter", found.params), ("metric", found.metrics)):
        for name, (before, after) in changes.items():
            print(f"{title} {name}: {short(before)} -> {short(after)}")
    for path, what in found.outs.items():
        print(f"output {path}: {what}")
    if not any((found.cells, found.params, found.metrics, found.outs)):
        print("nothing differs")
