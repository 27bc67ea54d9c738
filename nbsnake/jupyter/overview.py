"""The project as Jupyter shows it: each step with its state, why, and what it needs.

It works in the project's root. A step whose script is not that of its notebook is "not generated":
all other states would be those of its old script.
"""

import os
from collections.abc import Mapping
from typing import Any

from nbsnake.dvc.current import current_plan
from nbsnake.errors import NbsnakeError, files_with_faults
from nbsnake.generate.drift import Outdated, find_outdated
from nbsnake.job.digests import read_digests
from nbsnake.job.executed import notebook_path
from nbsnake.job.plan import Plan
from nbsnake.job.running import running_steps
from nbsnake.jupyter.lanes import find_lanes
from nbsnake.jupyter.project import NOT_GENERATED
from nbsnake.notebook.explain import explained
from nbsnake.report.columns import reasons_of
from nbsnake.report.states import StepState, states_of, totals
from nbsnake.results.freshness import Judge

RESTORABLE = "restorable"


def overview() -> dict[str, Any]:
    """All steps in the order of the graph, and what keeps scripts from being generated."""
    outdated, digests = find_outdated(), read_digests()
    try:
        plan = current_plan()
    except NbsnakeError as error:
        return _faulty(outdated.fault or error)
    notebooks = {step.notebook for step in plan.steps.values()}
    reasons = outdated.reasons(notebooks)
    states = states_of(Judge(plan, digests, reasons), running_steps())
    digests.save()
    needs = _needs(plan)
    lanes = find_lanes([each.name for each in states], needs)
    steps = [
        {
            **_as_dict(each, outdated, reasons),
            "needs": needs[each.name],
            "lane": lanes.get(each.name),
        }
        for each in states
    ]
    found = {"steps": steps, "totals": totals(states), "fault": "", "faulty": []}
    return {**found, **(_faulty(outdated.fault) if outdated.fault else {})}


def _faulty(fault: NbsnakeError) -> dict[str, Any]:
    return {"fault": explained(fault), "faulty": sorted(files_with_faults(fault))}


def _as_dict(each: StepState, outdated: Outdated, reasons: Mapping[str, str]) -> dict[str, Any]:
    step, failure = each.step, each.failure
    why = reasons.get(step.notebook) or outdated.scripts.get(step.script)
    return {
        "step": each.name,
        "notebook": step.notebook,
        "state": _shown(each, is_outdated=bool(why)),
        "reasons": [*reasons_of(each)],
        "failure": {"cell": failure.cell, "error": failure.error} if failure else None,
        "log": step.log if os.path.isfile(step.log) else "",
        "executed": os.path.isfile(notebook_path(each.name)),
        "executed_failed": os.path.isfile(notebook_path(each.name, failed=True)),
    }


def _shown(each: StepState, *, is_outdated: bool) -> str:
    if each.state == "running":
        return each.state
    if is_outdated:
        return NOT_GENERATED
    return RESTORABLE if each.restorable and each.state != "failed" else each.state


def _needs(plan: Plan) -> dict[str, list[str]]:
    """For each step, those that write what it reads."""
    makers = plan.makers()
    return {
        name: [*dict.fromkeys(maker for path in step.deps for maker in makers.get(path, ()))]
        for name, step in plan.steps.items()
    }
