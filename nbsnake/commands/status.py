"""``nbsnake status``"""

import argparse
import json
import os
import sys
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nbsnake.commands import enter_project_with, no_step_yet
from nbsnake.dvc.current import current_plan
from nbsnake.errors import NbsnakeError
from nbsnake.escape import escaped, write_escaped
from nbsnake.generate.drift import find_outdated
from nbsnake.job.absent import FOLDER as ABSENT
from nbsnake.job.digests import read_digests
from nbsnake.job.plan import Plan, read_plan
from nbsnake.job.receipt import read_receipt
from nbsnake.job.running import running_steps
from nbsnake.job.say import few, say
from nbsnake.names import SUBMITTED
from nbsnake.report.columns import note_on_code, status_lines
from nbsnake.report.states import StepState, states_of, totals
from nbsnake.results.accept import read_accepted, reason_of
from nbsnake.results.freshness import Judge, Verdict
from nbsnake.styles import has_color, width_of

if TYPE_CHECKING:
    from nbsnake.cluster.usage import Demand  # slow, and for one option only

ACCEPT = "a result on disk that you know to be right: nbsnake accept STEP --reason TEXT"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "steps",
        nargs="*",
        metavar="STEP",
        help="names, patterns of names, or notebooks (default: all)",
    )
    parser.add_argument("--stale", action="store_true", help="only steps that are not fresh")
    parser.add_argument("--failed", action="store_true", help="only steps whose last run failed")
    parser.add_argument(
        "--exit-code", action="store_true", help="exit with 1 if a step that is shown is not fresh"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON list")
    parser.add_argument(
        "--names", action="store_true", help="print only the names of the steps, as last planned"
    )
    parser.add_argument(
        "--packages",
        action="store_true",
        help="show the versions of packages in the runs that differ from those installed now",
    )
    parser.add_argument(
        "--resources",
        action="store_true",
        help="memory, time and cores that each step used in its last run, and its requests",
    )


def run(args: argparse.Namespace) -> int:
    """Print the state of each step; a fault in the project gives its exit code."""
    args.steps = enter_project_with(args.steps)
    if args.names:
        print("\n".join(plan.steps if (plan := read_plan()) else ()))
        return 0
    outdated = find_outdated()
    if warning := str(outdated):
        say(warning)
    digests = read_digests()
    try:
        plan = current_plan()
    except NbsnakeError:
        if outdated.fault is None:
            raise
        return outdated.fault.exit_code  # the same thing, already reported
    notebooks = {step.notebook for step in plan.steps.values()}
    judge = Judge(plan, digests, outdated.reasons(notebooks))
    states = states_of(judge, running_steps())
    for message in filter(None, (judge.unseen, judge.legacy)):
        say(message)
    if os.path.isdir(ABSENT):
        _say_left_over(plan)
    digests.save()
    names = _chosen(args.steps, states)
    shown = [each for each in states if each.name in names and _is_wanted(each, args)]
    _print(shown, judge.verdicts(), args)
    if not states and not args.json:
        no_step_yet()
    if os.path.exists(SUBMITTED):
        _say_queue()
    return 1 if args.exit_code and any(each.state != "fresh" for each in shown) else 0


def _chosen(words: Sequence[str], states: Sequence[StepState]) -> Container[str]:
    if not words:
        return {each.name for each in states}
    from nbsnake.model.choose import choose_steps  # slow, and not needed for all of them

    return choose_steps(words, {each.name: each.step.notebook for each in states})


def _say_left_over(plan: Plan) -> None:
    from nbsnake.remote.left import left_over  # only after runs with a remote

    if paths := left_over(plan):
        say(f"{few(paths)}: in the DVC remote; a killed run left links there: nbsnake sync")


def _say_queue() -> None:
    from nbsnake.cluster.slurm.jobs import queue_line  # only where jobs were submitted
    from nbsnake.cluster.slurm.submission import read_submitted  # likewise

    if line := queue_line(read_submitted().jobs):
        say(line)


def _is_wanted(each: StepState, args: argparse.Namespace) -> bool:
    if args.failed and each.state == "failed":
        return True
    return each.state != "fresh" if args.stale else not args.failed


def _print(
    shown: Sequence[StepState], verdicts: Mapping[str, Verdict], args: argparse.Namespace
) -> None:
    demands = _demands([each.name for each in shown]) if args.resources else {}
    accepted = read_accepted()
    accepts = {each.name: reason_of(each.name, accepted) for each in shown}
    if args.json:
        rows = [
            _as_dict(each, verdicts[each.name])
            | {"accepted": accepts[each.name]}
            | ({"resources": demand.as_dict()} if (demand := demands.get(each.name)) else {})
            for each in shown
        ]
        print(json.dumps(rows, indent=2))
    elif args.resources:
        from nbsnake.cluster.usage import demand_table  # slow, and for this option only
        from nbsnake.tables import as_text  # for this option only

        print(as_text(demand_table(demands)), end="")
    else:
        _print_lines(shown, verdicts, accepts, packages=args.packages)


def _print_lines(
    shown: Sequence[StepState],
    verdicts: Mapping[str, Verdict],
    accepts: Mapping[str, str],
    *,
    packages: bool,
) -> None:
    notes = {each.name: _note(each, verdicts[each.name], accepts[each.name]) for each in shown}
    lines = status_lines(shown, notes, width_of(sys.stdout), color=has_color(sys.stdout))
    for each, line in zip(shown, lines, strict=True):
        write_escaped(f"{line}\n")
        for words in _other_software(each.name) if packages else ():
            write_escaped(f"  made with {escaped(words)}\n")
    if shown:
        print(totals(shown))
    if any(verdicts[each.name].acceptable for each in shown):
        say(ACCEPT)


def _note(each: StepState, verdict: Verdict, accepted: str) -> str:
    by_hand = f"accepted by hand: {accepted}" if accepted and each.state == "fresh" else ""
    return "; ".join(filter(None, [note_on_code(verdict.same_code), by_hand]))


def _other_software(name: str) -> Iterator[str]:
    from nbsnake.results.packages import other_software  # for this option only

    receipt = read_receipt(name)
    yield from other_software(receipt) if receipt else ()


def _demands(names: Sequence[str]) -> "dict[str, Demand]":
    """What each of the steps, or variants, asked and used."""
    from nbsnake.cluster.usage import Demand, usage_of  # slow, and for this option only
    from nbsnake.generate.generate import find_pipeline  # slow, and not needed otherwise
    from nbsnake.model.needs import Needs  # for this option only

    needs = {step.name: step.needs for step in find_pipeline().steps}
    return {
        name: Demand(needs.get(name.partition("@")[0], Needs()), usage_of(read_receipt(name)))
        for name in names
    }


def _as_dict(each: StepState, verdict: Verdict) -> dict[str, Any]:
    return {
        "step": each.name,
        "notebook": each.step.notebook,
        "state": verdict.state,
        "reasons": list(each.reasons),
        "waits": list(each.waits),
        "restorable": each.restorable,
        "locked": each.locked,
        "failed": each.failure.exit_code if each.failure else None,
        "running": each.since,
    }
