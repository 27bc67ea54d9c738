"""``nbsnake clean``"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence

from nbsnake.commands import enter_project
from nbsnake.dvc.current import current_plan
from nbsnake.errors import UsageError
from nbsnake.generate.drift import find_outdated
from nbsnake.job.running import head_is_alive
from nbsnake.report.sizes import size_text
from nbsnake.results.waste import Waste, find_waste, remove_waste

REVISIONS = 20
SHOWN = 20  # of each kind


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("--yes", action="store_true", help="remove it (default: only list it)")
    parser.add_argument(
        "--keep-revs",
        type=int,
        default=REVISIONS,
        metavar="N",
        help=f"keep what the last N commits name, besides branches and tags (default: {REVISIONS})",
    )


def run(args: argparse.Namespace) -> int:
    """List or remove what nothing names. Raises :class:`UsageError` while a run is going on."""
    enter_project()
    outdated = find_outdated()
    if outdated.fault:
        raise outdated.fault  # a step that cannot be read would seem to be gone
    if args.yes and head_is_alive():
        raise UsageError("a run is going on here", hint="wait for its end")
    found = find_waste(current_plan(), max(args.keep_revs, 0))
    _print(found)
    if args.yes:
        remove_waste(found)
    total = size_text(sum(each.size for each in found))
    if not found:
        print("nothing to clean", file=sys.stderr)
    elif args.yes:
        print(f"removed {len(found)}, {total}", file=sys.stderr)
    else:
        print(f"{len(found)} to remove, {total}; remove it: nbsnake clean --yes", file=sys.stderr)
    return 0


def _print(found: Sequence[Waste]) -> None:
    shown: Counter[str] = Counter()
    for each in found:
        shown[each.kind] += 1
        if shown[each.kind] <= SHOWN:
            print(f"{each.kind:8}  {size_text(each.size):>7}  {each.path}")
    for kind, count in shown.items():
        if count > SHOWN:
            print(f"{kind:8}  and {count - SHOWN} more")
