"""``nbsnake sync``"""

import argparse
import sys

from nbsnake import dvc
from nbsnake.commands import enter_project
from nbsnake.digests import read_digests
from nbsnake.sync import sync


def add_arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(args: argparse.Namespace) -> int:
    enter_project()
    digests = read_digests()
    done = sync(dvc.current_plan(), digests)
    digests.save()
    if done.locked:
        print(f"dvc.lock: locked {', '.join(done.locked)}", file=sys.stderr)
    for step, reason in done.refused.items():
        print(f"dvc.lock: not locked: {step}: {reason}", file=sys.stderr)
    return 1 if done.refused else 0
