"""``nbsnake restore``"""

import argparse
import subprocess
import sys

from nbsnake import dvc
from nbsnake.commands import enter_project
from nbsnake.digests import read_digests
from nbsnake.errors import ToolError
from nbsnake.restore import restore
from nbsnake.sync import sync


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pull", action="store_true", help="fetch from the DVC remote first")
    parser.add_argument(
        "-f",
        "--force",
        action="store_true",
        help="also overwrite outputs that were changed by hand",
    )


def run(args: argparse.Namespace) -> int:
    enter_project()
    if args.pull and subprocess.run([sys.executable, "-m", "dvc", "fetch"]).returncode:
        raise ToolError("dvc fetch failed", hint="see its message above")
    plan, digests = dvc.current_plan(), read_digests()
    done = restore(plan, digests, force=args.force)
    sync(plan, digests)
    digests.save()
    for step in done.steps:
        print(f"restored {step}", file=sys.stderr)
    for path in done.kept:
        print(f"kept {path}: changed by hand, and the cache does not have it", file=sys.stderr)
    if not done.steps and not done.kept:
        print("nothing to restore", file=sys.stderr)
    return 0
