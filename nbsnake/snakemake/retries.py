"""How often a step is tried again, which no log record says.

Snakemake makes the display of a run by itself and gives it only log records. The Snakefile is read
in the same process, by the session, which hands over what the display needs.
"""

from typing import Any

_workflow: list[Any] = []


def keep_workflow(workflow: Any) -> None:
    """Remember Snakemake's workflow, whose rules have their numbers of retries."""
    _workflow[:] = [workflow]


def retries_of(rule: str) -> int:
    """How often Snakemake tries a job of the rule again; 0 where that is not known."""
    for workflow in _workflow:
        if workflow.is_rule(rule):
            return int(workflow.get_rule(rule).restart_times)
    return 0
