"""The outputs of which a machine that runs no step needs none.

Standard library only: this runs inside every job.
"""

from nbsnake.job.plan import Plan, PlannedStep


def inner_outs(plan: Plan, step: PlannedStep) -> set[str]:
    """The outputs that other steps read, each by its own path, and that DVC keeps.

    Other outputs are what a run is for. What git keeps, such as metrics, is needed here, and so is
    what the next run of the step adds to.
    """
    makers = plan.makers()
    read = {path for path, names in makers.items() if step.name in names}
    return {
        out.path
        for out in step.outs
        if out.cache and not out.persist and out.path in read
        if not any(out.path != path and f"{out.path}/".startswith(f"{path}/") for path in read)
    }
