"""``nbsnake sync``"""

import argparse
import sys

from nbsnake.commands import enter_project
from nbsnake.dvc.current import current_plan
from nbsnake.job.digests import read_digests
from nbsnake.job.say import few
from nbsnake.results.sync import Synced, sync

MOST = 10  # names in a line


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""


def run(args: argparse.Namespace) -> int:
    """Lock finished steps; 1 where a result may not be locked."""
    enter_project()
    digests = read_digests()
    done = sync(current_plan(), digests)
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
