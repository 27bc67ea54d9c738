"""``nbsnake show``"""

import argparse
import os
import sys

from nbsnake.commands import enter_project_with, one_step
from nbsnake.dvc.current import current_plan
from nbsnake.errors import UsageError
from nbsnake.job.atomic import write_anywhere
from nbsnake.job.executed import notebook_path
from nbsnake.job.inside import named
from nbsnake.job.own import read_own


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("step", metavar="STEP", help="a step, a variant, or a notebook")
    parser.add_argument("--failed", action="store_true", help="the last failed run")
    parser.add_argument(
        "--html",
        metavar="FILE",
        help="write it as one HTML file (needs nbconvert)",
    )


def run(args: argparse.Namespace) -> int:
    """Print where the executed notebook of a step is, or write it as HTML."""
    start = os.getcwd()
    (word,) = enter_project_with([args.step])
    name = one_step(word, current_plan())
    path = notebook_path(name, failed=args.failed)
    if not os.path.exists(path):
        raise UsageError(_absent(name, failed=args.failed), hint=_hint(name, failed=args.failed))
    if args.html:
        from nbsnake.render.page import notebook_page  # slow, and for this option only

        text = notebook_page(read_own(path) or {}, name)
        write_anywhere(named(os.path.join(start, args.html)), text.encode())
        print(f"wrote {args.html}", file=sys.stderr)
    else:
        print(path)
    return 0


def _absent(name: str, *, failed: bool) -> str:
    if failed:
        return f"the last run of {name!r} did not fail, or left no notebook"
    return f"there is no notebook of a run of {name!r}"


def _hint(name: str, *, failed: bool) -> str:
    other = notebook_path(name, failed=not failed)
    if os.path.exists(other):
        return f"nbsnake show {name}{'' if failed else ' --failed'}"
    return "runs by 'dvc repro' and those with 'executed: false' leave none"
