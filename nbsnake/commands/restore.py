"""``nbsnake restore``"""

import argparse
import contextlib
import os
import sys
from datetime import datetime

from nbsnake.commands import enter_project
from nbsnake.dvc.current import current_plan
from nbsnake.errors import ToolError, UsageError
from nbsnake.job.digests import read_digests
from nbsnake.job.kept import how_to_get_back, keep, read_kept
from nbsnake.job.outputs import OWN_CACHE
from nbsnake.job.say import few
from nbsnake.results.freshness import Judge
from nbsnake.results.restore import restore
from nbsnake.results.sync import sync


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("--pull", action="store_true", help="fetch from the DVC remote as well")
    parser.add_argument(
        "--kept",
        nargs="?",
        const="",
        metavar="PATH",
        help="bring back what was at PATH before a run replaced it (without PATH: list these)",
    )
    parser.add_argument(
        "-f",
        "--force",
        action="store_true",
        help="also overwrite outputs that were changed by hand",
    )


def run(args: argparse.Namespace) -> int:
    """Restore what the cache has. Raises :class:`NbsnakeError` as the plan does."""
    start = os.getcwd()
    root = enter_project()
    if args.kept is not None:
        path = os.path.relpath(os.path.join(start, args.kept), root)
        return _bring_back(path) if args.kept else _list_kept()
    plan, digests = current_plan(), read_digests()
    with contextlib.ExitStack() as stack:
        fetch = None
        if args.pull:
            from nbsnake.dvc.api import fetching, pull_tracked  # slow, and seldom needed

            if sources := [each.file for each in plan.tracked if not os.path.lexists(each.path)]:
                pull_tracked(sources)
            fetch = stack.enter_context(fetching())
        judge = Judge(plan, digests)
        done = restore(judge, force=args.force, fetch=fetch)
    if done.steps or os.access(".dvc", os.W_OK):
        sync(plan, digests)
    digests.save()
    for step in done.steps:
        print(f"restored {step}", file=sys.stderr)
    for path in done.damaged:
        print(f"not restored: the cache object {path} is damaged", file=sys.stderr)
    for path in done.edited:
        print(_about_edited(path, overwritten=args.force), file=sys.stderr)
    left = [name for name, each in judge.verdicts().items() if not each.settled]
    if left and args.pull:
        print(f"neither in the cache nor on the remote: {few(left)}", file=sys.stderr)
        return 1
    if not done.steps and not done.edited:
        print("nothing to restore", file=sys.stderr)
    return 0


def _about_edited(path: str, *, overwritten: bool) -> str:
    if overwritten:
        return f"{path} was changed by hand; what it was is kept: {how_to_get_back(path)}"
    return f"not overwritten: {path}, which was changed by hand and is in no cache"


def _list_kept() -> int:
    for kept in read_kept().values():
        print(f"{datetime.fromtimestamp(kept.time):%Y-%m-%d %H:%M}  {kept.path}")
    return 0


def _bring_back(path: str) -> int:
    """Raises :class:`UsageError` where nothing is kept, and :class:`ToolError` where it is lost."""
    kept = read_kept().get(path)
    if kept is None:
        raise UsageError(f"nothing is kept of {path}", hint="what is kept: nbsnake restore --kept")
    if os.path.lexists(path) and read_digests().of(path) != kept.content:
        keep(path)
        print(f"what {path} was is kept now: {how_to_get_back(path)}", file=sys.stderr)
    try:
        OWN_CACHE.restore(kept.content, path)
    except OSError as error:
        raise ToolError(f"{path} cannot be brought back: {error}") from None
    print(f"{path} is back as it was", file=sys.stderr)
    return 0
