"""``nbsnake logs``"""

import argparse
import os
import sys
import time

from nbsnake.commands import enter_project_with, one_step
from nbsnake.dvc.current import current_plan
from nbsnake.errors import UsageError
from nbsnake.job.regular import open_regular
from nbsnake.job.running import running_steps

PAUSE = 0.3  # seconds between two looks at a log that grows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("step", metavar="STEP", help="a step, a variant, or a notebook")
    parser.add_argument(
        "-f", "--follow", action="store_true", help="go on while the step's job is running"
    )


def run(args: argparse.Namespace) -> int:
    """Print the log of a step's last job. Raises :class:`UsageError` where there is none."""
    (word,) = enter_project_with([args.step])
    step = current_plan().steps[one_step(word, current_plan())]
    if not os.path.isfile(step.log):
        raise UsageError(
            f"there is no log of {step.name!r}", hint=f"its jobs write {step.log}; run it first"
        )
    place = _print_from(step.log, 0)
    while args.follow and step.name in running_steps():
        time.sleep(PAUSE)
        place = _print_from(step.log, place)
    if args.follow:
        _print_from(step.log, place)
    return 0


def _print_from(path: str, place: int) -> int:
    """Print what is behind a place in bytes, and return where the file ends."""
    with open_regular(path) as file:
        file.seek(place)
        sys.stdout.write(file.read().decode(errors="replace"))
        sys.stdout.flush()
        return file.tell()
