"""``nbsnake why``"""

import argparse
from collections.abc import Iterator, Mapping

from nbsnake.commands import enter_project_with, one_step
from nbsnake.dvc.current import current_plan
from nbsnake.generate.drift import find_outdated
from nbsnake.job.digests import read_digests
from nbsnake.job.running import running_steps
from nbsnake.job.say import few
from nbsnake.report.columns import reasons_of
from nbsnake.report.states import StepState, states_of
from nbsnake.report.summary import plan_summary
from nbsnake.results.cells import code_change
from nbsnake.results.freshness import Judge

SHOWN = 20  # steps whose reasons are printed
VERBS = {"failed": "failed", "never run": "has never run"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("step", metavar="STEP", help="a step, a variant, or a notebook")


def run(args: argparse.Namespace) -> int:
    """Print why a step is not fresh: the steps before it that changed, and what changed in them."""
    (word,) = enter_project_with([args.step])
    outdated, plan, digests = find_outdated(), current_plan(), read_digests()
    notebooks = {step.notebook for step in plan.steps.values()}
    judge = Judge(plan, digests, outdated.reasons(notebooks))
    states = {each.name: each for each in states_of(judge, running_steps())}
    digests.save()
    step = states[one_step(word, plan)]
    chain = _chain(step, states)
    causes = [each for each in chain if each.state != "waiting" or each is step]
    for each in causes[-SHOWN:]:
        print("\n".join(_lines(each, judge)))
    if len(causes) > SHOWN:
        print(f"{len(causes) - SHOWN} more before these; see: nbsnake status --stale")
    after = [each for each in states.values() if step.name in _needed(each, states)]
    if after:
        print(f"{few([each.name for each in after])} wait{'s' * (len(after) == 1)} for it")
    if step.state != "fresh":
        print(f"together: {plan_summary([*chain, *after])}")
    return 0


def _chain(step: StepState, states: Mapping[str, StepState]) -> list[StepState]:
    """The step, and before it the steps for which it waits, in the order of the graph."""
    needed = {*_needed(step, states), step.name}
    return [each for name, each in states.items() if name in needed]


def _needed(step: StepState, states: Mapping[str, StepState]) -> set[str]:
    """The steps for which a step waits, and those for which these do."""
    found: set[str] = set()
    left = [*step.waits]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += states[name].waits
    return found


def _lines(each: StepState, judge: Judge) -> Iterator[str]:
    yield f"{each.name} {VERBS.get(each.state, f'is {each.state}')}"
    yield from (f"  {reason}" for reason in reasons_of(each))
    receipt = judge.receipt(each.name)
    change = code_change(each.step, receipt) if each.state != "fresh" and receipt else None
    for line in change.diff() if change else ():
        yield f"  | {line.rstrip()}"
