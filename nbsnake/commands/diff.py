"""``nbsnake diff``"""

import argparse
import json
import sys

from nbsnake.commands import enter_project
from nbsnake.dvc.current import current_plan
from nbsnake.dvc.revisions import WORKSPACE, read_revisions
from nbsnake.generate.drift import Outdated, find_outdated
from nbsnake.job.digests import read_digests
from nbsnake.job.running import running_steps
from nbsnake.job.say import say
from nbsnake.report.comment import comment
from nbsnake.report.differences import Differences, differences, read_snapshot
from nbsnake.report.states import StepState, states_of
from nbsnake.results.freshness import Judge
from nbsnake.tables import short


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("old", metavar="REV", help="a branch, a tag or a commit")
    parser.add_argument(
        "new", nargs="?", default="", metavar="REV", help="another one (default: what is here now)"
    )
    parser.add_argument("--cells", action="store_true", help="show the lines of cells that differ")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object")
    form.add_argument(
        "--markdown",
        action="store_true",
        help="print the text of a comment on a pull request, with the steps that are to run",
    )


def run(args: argparse.Namespace) -> int:
    """Print which cells, parameters, metrics and outputs differ between two revisions."""
    enter_project()
    outdated = Outdated() if args.new else find_outdated()
    for reason in outdated.scripts.values():
        say(reason)
    names = [each for each in (args.old, args.new) if each]
    revisions = read_revisions(names)  # which checks the names first
    old, new = (read_snapshot(name, revisions[name or WORKSPACE]) for name in (args.old, args.new))
    found = differences(old, new)
    if args.json:
        print(json.dumps(found.as_dict(), indent=2, default=str))
    elif args.markdown:
        states = [] if args.new else _states(outdated)
        sys.stdout.write(comment(found, states, args.old, args.new))
    else:
        _print(found, cells=args.cells)
    return 0


def _states(outdated: Outdated) -> list[StepState]:
    plan, digests = current_plan(), read_digests()
    notebooks = {step.notebook for step in plan.steps.values()}
    judge = Judge(plan, digests, outdated.reasons(notebooks))
    return states_of(judge, running_steps())


def _print(found: Differences, *, cells: bool) -> None:
    for notebook, lines in found.cells.items():
        numbers = ", ".join(map(str, lines))
        print(f"{notebook}: cell{'s' * (len(lines) > 1)} {numbers}")
        for line in (line for each in lines.values() if cells for line in each):
            print(f"  | {line}")
    for title, changes in (("parameter", found.params), ("metric", found.metrics)):
        for name, (before, after) in changes.items():
            print(f"{title} {name}: {short(before)} -> {short(after)}")
    for path, what in found.outs.items():
        print(f"output {path}: {what}")
    if not any((found.cells, found.params, found.metrics, found.outs)):
        print("nothing differs")
