"""``nbsnake status``"""

import argparse
import json
import os
from collections.abc import Iterator, Sequence
from typing import Any

from nbsnake.cluster.usage import Demand, demand_table, usage_of
from nbsnake.commands import enter_project_with
from nbsnake.dvc.current import current_plan
from nbsnake.errors import NbsnakeError
from nbsnake.generate.drift import find_outdated
from nbsnake.job.digests import read_digests
from nbsnake.job.receipt import read_receipt
from nbsnake.job.say import say
from nbsnake.model.choose import choose_steps
from nbsnake.model.needs import Needs
from nbsnake.results.accept import read_accepted, reason_of
from nbsnake.results.freshness import ONLY_TEXT, Judge, Verdict
from nbsnake.tables import as_text

SHOWN = 3  # of the steps for which one waits
ACCEPT = "a result on disk that you know to be right: nbsnake accept STEP --reason TEXT"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "steps",
        nargs="*",
        metavar="STEP",
        help="names, patterns of names, or notebooks (default: all)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON list")
    parser.add_argument(
        "--packages",
        action="store_true",
        help="name the versions with which results were made, where others are installed now",
    )
    parser.add_argument(
        "--resources",
        action="store_true",
        help="memory, time and cores that each step used in its last run, and its requests",
    )


def run(args: argparse.Namespace) -> int:
    """Print the state of each step; a fault in the project gives its exit code."""
    args.steps = enter_project_with(args.steps)
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
    verdicts = judge.verdicts()
    for message in filter(None, (judge.unseen, judge.legacy)):
        say(message)
    digests.save()
    notebook_of = {name: verdict.step.notebook for name, verdict in verdicts.items()}
    shown = [verdicts[name] for name in choose_steps(args.steps, notebook_of)]
    demands = _demands([verdict.step.name for verdict in shown]) if args.resources else {}
    accepted = read_accepted()
    reasons = {each.step.name: reason_of(each.step.name, accepted) for each in shown}
    if args.json:
        rows = [
            _as_dict(verdict)
            | {"accepted": reasons[verdict.step.name]}
            | ({"resources": demand.as_dict()} if (demand := demands.get(name)) else {})
            for verdict in shown
            for name in [verdict.step.name]
        ]
        print(json.dumps(rows, indent=2))
    elif args.resources:
        print(as_text(demand_table(demands)), end="")
    else:
        width = max((len(verdict.step.name) for verdict in shown), default=0)
        for verdict in shown:
            name = verdict.step.name
            print(f"{name:{width}}  {_in_words(verdict, reasons[name])}")
            for words in _other_software(name) if args.packages else ():
                print(f"{'':{width}}  made with {words}")
        if any(map(_may_be_right, shown)):
            say(ACCEPT)
    return 0


def _other_software(name: str) -> Iterator[str]:
    from nbsnake.results.packages import other_software  # for this option only

    receipt = read_receipt(name)
    yield from other_software(receipt) if receipt else ()


def _may_be_right(verdict: Verdict) -> bool:
    """Whether there is a result on disk that a person may know to be right."""
    missing = any(reason.endswith(" is missing") for reason in verdict.reasons)
    there = all(os.path.lexists(path) for path in verdict.step.out_paths)
    return verdict.state != "fresh" and bool(verdict.reasons) and there and not missing


def _demands(names: Sequence[str]) -> dict[str, Demand]:
    """What each of the steps, or variants, asked and used."""
    from nbsnake.generate.generate import (  # slow, and not needed where nothing changed
        find_pipeline,  # reads all notebooks, which nothing else here needs
    )

    needs = {step.name: step.needs for step in find_pipeline().steps}
    return {
        name: Demand(needs.get(name.partition("@")[0], Needs()), usage_of(read_receipt(name)))
        for name in names
    }


def _as_dict(verdict: Verdict) -> dict[str, Any]:
    return {
        "step": verdict.step.name,
        "notebook": verdict.step.notebook,
        "state": verdict.state,
        "reasons": list(verdict.reasons),
        "waits": list(verdict.waits),
        "restorable": verdict.restorable,
        "locked": verdict.locked,
        "failed": verdict.failure.exit_code if verdict.failure else None,
    }


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN + 1 else ""
    return ", ".join(names[:SHOWN] if more else names) + more


def _in_words(verdict: Verdict, accepted: str) -> str:
    parts: list[str] = [
        verdict.state if verdict.state != "fresh" or verdict.locked else "fresh, not in dvc.lock"
    ]
    waits = [f"waits for {_few(verdict.waits)}"] if verdict.waits else []
    notes = [f"{ONLY_TEXT} {_few(verdict.same_code)}"] if verdict.same_code else []
    if accepted and verdict.state == "fresh":
        notes.append(f"accepted by hand: {accepted}")
    if shown := (*verdict.reasons, *waits, *notes):
        parts.append("; ".join(shown))
    text = ": ".join(parts)
    if verdict.restorable:
        text += " (restorable: its result is in the cache)"
    if verdict.failure:
        log = f"logs/{verdict.step.name}.log"
        text += f" (failed last time with exit code {verdict.failure.exit_code}, see {log})"
    return text
