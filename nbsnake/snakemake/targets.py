"""What to ask of Snakemake for steps."""

from collections.abc import Iterable

from nbsnake.job.plan import Plan, PlannedStep


def targets_of(plan: Plan, steps: Iterable[str]) -> list[str]:
    """The targets for these steps, by name."""
    rules = {each.rule for each in plan.steps.values()}
    return [target for name in steps for target in _targets(plan.steps[name], rules)]


def _targets(step: PlannedStep, rules: set[str]) -> list[str]:
    """The outputs, or the rule where an output has the name of one: Snakemake would take that."""
    return [step.rule] if rules.intersection(step.made_paths) and not step.axes else step.made_paths
