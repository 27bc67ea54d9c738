"""``nbsnake push``"""

import argparse
import sys

from nbsnake.commands import enter_project
from nbsnake.dvc.current import current_plan
from nbsnake.job.digests import read_digests
from nbsnake.results.share import objects_of_runs
from nbsnake.results.sync import sync


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("-r", "--remote", metavar="NAME", help="the DVC remote (default: DVC's)")


def run(args: argparse.Namespace) -> int:
    """Upload all results on record. Raises :class:`ToolError` where DVC cannot."""
    from nbsnake.dvc.api import push  # slow to import, and not needed for --help

    enter_project()
    plan, digests = current_plan(), read_digests()
    sync(plan, digests)
    digests.save()
    runs = [*objects_of_runs(plan.cache)]
    whole = [md5s for md5s, is_whole in runs if is_whole]
    count = push({md5 for md5s in whole for md5 in md5s}, args.remote)
    print(f"pushed {count} objects; {len(whole)} runs are shared", file=sys.stderr)
    if len(whole) < len(runs):
        left = len(runs) - len(whole)
        print(f"{left} older runs are not whole: the cache lost objects of them", file=sys.stderr)
    return 0
