"""``nbsnake pull``"""

import argparse
import sys

from nbsnake.commands import enter_project
from nbsnake.dvc.current import current_plan
from nbsnake.job.digests import read_digests
from nbsnake.results.freshness import Judge
from nbsnake.results.restore import restore
from nbsnake.results.share import missing_objects
from nbsnake.results.sync import sync


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("-r", "--remote", metavar="NAME", help="the DVC remote (default: DVC's)")


def run(args: argparse.Namespace) -> int:
    """Download all results that were pushed; 1 where the remote has others than their names say.

    Raises :class:`ToolError` where DVC cannot.
    """
    from nbsnake.dvc.api import pull  # slow to import, and not needed for --help

    enter_project()
    plan = current_plan()
    left_out: set[str] = set()
    count = pull(lambda: missing_objects(plan.cache), args.remote, left_out)
    plan, digests = current_plan(), read_digests()
    done = restore(Judge(plan, digests))
    sync(plan, digests)
    digests.save()
    print(f"pulled {count} objects", file=sys.stderr)
    for step in done.steps:
        print(f"restored {step}", file=sys.stderr)
    for path in done.edited:
        print(f"not overwritten: {path}, which was changed by hand", file=sys.stderr)
    if missing := len({*missing_objects(plan.cache)} - left_out):
        print(f"{missing} objects of older runs are not on the remote", file=sys.stderr)
    return int(bool(left_out))
