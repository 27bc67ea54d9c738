"""``nbsnake accept``"""

import argparse
import sys

from nbsnake.commands import enter_project_with
from nbsnake.dvc.current import current_plan
from nbsnake.errors import UsageError
from nbsnake.generate.drift import find_outdated
from nbsnake.job.digests import read_digests
from nbsnake.model.choose import choose_steps
from nbsnake.results.accept import accept
from nbsnake.results.freshness import Judge
from nbsnake.results.sync import sync


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "steps", nargs="+", metavar="STEP", help="names, patterns of names, or notebooks"
    )
    parser.add_argument(
        "--reason", required=True, metavar="TEXT", help="why they are valid; status shows it"
    )


def run(args: argparse.Namespace) -> int:
    """Accept and lock; raises :class:`NbsnakeError` where there is nothing to accept."""
    args.steps = enter_project_with(args.steps)
    if not args.reason.strip():
        raise UsageError("the reason is empty", hint="say why the results are valid: --reason TEXT")
    find_outdated().refuse_run()
    plan, digests = current_plan(), read_digests()
    notebooks = {name: step.notebook for name, step in plan.steps.items()}
    chosen = choose_steps(args.steps, notebooks)
    accepted = accept(Judge(plan, digests), chosen, args.reason.strip())
    done = sync(plan, digests)
    digests.save()
    for step, fault in done.refused.items():
        print(f"dvc.lock: not locked: {step}: {fault}", file=sys.stderr)
    for name in accepted:
        print(f"accepted {name}", file=sys.stderr)
    if not accepted:
        print("nothing to accept: the steps are fresh", file=sys.stderr)
    return 1 if done.refused else 0
