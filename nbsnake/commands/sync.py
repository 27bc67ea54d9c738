"""``nbsnake sync``"""

import argparse
import os
import sys
from collections.abc import Collection

from nbsnake.commands import enter_project
from nbsnake.dvc.current import current_plan
from nbsnake.job.absent import FOLDER as ABSENT
from nbsnake.job.digests import Digests, read_digests
from nbsnake.job.plan import Plan
from nbsnake.job.say import few
from nbsnake.results.freshness import Judge
from nbsnake.results.sync import Synced, find_work, sync

MOST = 10  # names in a line


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""


def run(args: argparse.Namespace) -> int:
    """Lock finished steps; 1 where a result may not be locked."""
    enter_project()
    plan = current_plan()
    code = _sync(plan, read_digests())
    if os.path.isdir(ABSENT):
        from nbsnake.remote.left import end_killed  # only after runs with a remote

        end_killed(plan)
    return code


def lock_rest(targets: Collection[str]) -> int:
    """Lock what the sync at the end of a run could not; the exit code that :func:`run` would have.

    What may not be locked has been said, and counts where the ``targets`` need it.
    """
    plan, digests = current_plan(), read_digests()
    work = find_work(Judge(plan, digests))
    code = 1 if plan.needed_for(targets) & {*work.refused} else 0
    return _sync(plan, digests) or code if work.due or work.changed else code


def _sync(plan: Plan, digests: Digests) -> int:
    done = sync(plan, digests)
    digests.save()
    report_synced(done)
    return 1 if done.refused else 0


def report_synced(done: Synced) -> None:
    """Say what was locked, and what was not."""
    if done.beyond:
        print(f"dvc.lock: left to DVC, as {done.beyond}", file=sys.stderr)
    for file in done.updated:
        print(f"{file}: updated to the file that it tracks", file=sys.stderr)
    if done.locked:
        print(f"dvc.lock: locked {few(done.locked, MOST)}", file=sys.stderr)
    for note in done.notes:
        print(f"nbsnake: {note}", file=sys.stderr)
    for step, reason in done.refused.items():
        print(f"dvc.lock: not locked: {step}: {reason}", file=sys.stderr)
