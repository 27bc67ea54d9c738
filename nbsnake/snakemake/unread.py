"""Which rules Snakemake need not read: in a plain run, those whose steps have nothing to do.

Snakemake takes milliseconds to read a rule and to put its job into the graph, which is seconds in
a project of a thousand steps. In a plain run of the generated Snakefile, the verdicts say which
jobs run: those of steps that are not fresh, and of what depends on them. Without the other rules,
the outputs of their steps are files that are there, and Snakemake decides the same. With any other
target or option it reads all rules, for these are about all jobs.
"""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from nbsnake.generate.resources import snakefile
from nbsnake.job.plan import Plan, PlannedStep
from nbsnake.job.records import read_record
from nbsnake.job.regular import read_regular
from nbsnake.names import GENERATED
from nbsnake.results.freshness import Verdict

SNAKEFILE = "workflow/Snakefile"
RULES = "workflow/rules"
# What Snakemake looks for before it takes the generated one.
OTHERS = ("Snakefile", "snakefile")
# How Snakemake records the software of a job that ran without an environment: the md5 of nothing.
NO_ENVIRONMENT = (None, "d41d8cd98f00b204e9800998ecf8427e")


def may_leave_out(workflow: Any) -> bool:
    """Whether this run of Snakemake is one in which the verdicts say all that is to be done."""
    from nbsnake.snakemake.modes import is_plain_run  # slow, and only where Snakemake runs

    main = str(workflow.main_snakefile)
    return (
        is_plain_run()
        and os.path.isfile(main)
        and os.path.samefile(main, SNAKEFILE)
        and has_only_own_rules()
    )


def has_only_own_rules() -> bool:
    """Whether the Snakefile is the one that nbsnake writes, and all rules beside it are its own."""
    if any(map(os.path.exists, OTHERS)) or text_of(SNAKEFILE) != snakefile():
        return False
    return all(text_of(str(path)).startswith(GENERATED) for path in Path(RULES).glob("*.smk"))


def rules_with_nothing_to_do(plan: Plan, verdicts: Mapping[str, Verdict]) -> set[str]:
    """The rules of which no job can run."""
    due, steps = _due(plan, verdicts), plan.steps.values()
    return {step.rule for step in steps} - {step.rule for step in steps if step.name in due}


def leave_out(workflow: Any, rules: Collection[str]) -> None:
    """Let the Snakefile include all files of rules but these.

    It is the user's, and names the files by their folder; so what it calls to include one is
    replaced, of this workflow alone.
    """
    skipped = {os.path.abspath(f"{RULES}/{rule}.smk") for rule in rules}
    include = workflow.include

    def include_others(path: Any, *args: Any, **options: Any) -> None:
        if os.path.abspath(str(path)) not in skipped:
            include(path, *args, **options)

    workflow.include = include_others


def text_of(path: str) -> str:
    """The text of a file, "" where it cannot be read."""
    try:
        return read_regular(path).decode(errors="replace")
    except OSError:
        return ""


def _due(plan: Plan, verdicts: Mapping[str, Verdict]) -> set[str]:
    """The steps that may run, and all that depend on them; the plan has them in order."""
    makers, due = plan.makers(), set[str]()
    for name, step in plan.steps.items():
        reads = {maker for path in step.deps for maker in makers.get(path, ())}
        is_done = verdicts[name].state == "fresh" and _ran_without_environment(step)
        if not is_done or reads & due:
            due.add(name)
    return due


def _ran_without_environment(step: PlannedStep) -> bool:
    """Whether the records of its jobs name no software environment.

    Snakemake runs a job again whose environment is another one than in this run, which has none.
    """
    records = (read_record(path) or {} for path in step.made_paths)
    return all(record.get("software_stack_hash") in NO_ENVIRONMENT for record in records)
