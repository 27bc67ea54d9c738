"""The plan for the files as they are now."""

import json

from nbsnake.job.content import source_digests
from nbsnake.job.jobs import has_jobs, write_jobs
from nbsnake.job.own import note_own
from nbsnake.job.plan import PLAN_FILE, Plan, plan_to_dict, read_current_plan


def current_plan() -> Plan:
    """The plan; DVC is asked only if one of the files has changed that it was made from.

    Raises :class:`NbsnakeError` when DVC cannot read the project.
    """
    plan = read_current_plan()
    if plan is None:
        from nbsnake.dvc.make_plan import make_plan  # slow, and seldom needed

        plan, sources = make_plan()
        data = json.dumps(plan_to_dict(plan, source_digests(sources))).encode()
        write_jobs(plan)
        note_own(PLAN_FILE, data, durable=True)
    elif not has_jobs():
        write_jobs(plan)
    return plan
