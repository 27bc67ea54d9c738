"""``nbsnake restore``"""

import argparse
import contextlib
import sys

from nbsnake.commands import enter_project
from nbsnake.dvc.current import current_plan
from nbsnake.job.digests import read_digests
from nbsnake.results.freshness import Judge
from nbsnake.results.restore import restore
from nbsnake.results.sync import sync


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("--pull", action="store_true", help="fetch from the DVC remote as well")
    parser.add_argument(
        "-f",
        "--force",
        action="store_true",
        help="also overwrite outputs that were changed by hand",
    )


def run(args: argparse.Namespace) -> int:
    """Restore what the cache has. Raises :class:`NbsnakeError` as the plan does."""
    enter_project()
    plan, digests = current_plan(), read_digests()
    with contextlib.ExitStack() as stack:
        fetch = None
        if args.pull:
            from nbsnake.dvc.api import fetching  # slow, and seldom needed

            fetch = stack.enter_context(fetching())
        done = restore(Judge(plan, digests), force=args.force, fetch=fetch)
    sync(plan, digests)
    digests.save()
    for step in done.steps:
        print(f"restored {step}", file=sys.stderr)
    for path in done.damaged:
        print(f"not restored: the cache object {path} is damaged", file=sys.stderr)
    for path in done.kept:
        print(f"kept {path}: changed by hand, and the cache does not have it", file=sys.stderr)
    if not done.steps and not done.kept:
        print("nothing to restore", file=sys.stderr)
    return 0
