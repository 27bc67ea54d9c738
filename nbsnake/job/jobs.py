"""What a job needs of the plan: kept apart, so that it is found without reading the whole plan.

Standard library only: this runs inside every job.
"""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from nbsnake.job.cache import Cache
from nbsnake.job.keyed import find_keyed, to_keyed
from nbsnake.job.own import note_own, throw_away
from nbsnake.job.plan import (
    FORMAT,
    Plan,
    PlannedStep,
    cache_from,
    read_plan,
    step_from,
    step_to_dict,
)
from nbsnake.job.shape import ShapeError, is_texts

JOBS_FILE = ".nbsnake/jobs.jsonl"


class Job(NamedTuple):
    """A step, and of its plan what its job needs.

    ``makers`` are the steps that write what it reads; whether its notebook is ``recorded`` when it
    runs; the others are as in :class:`Plan`.
    """

    step: PlannedStep
    makers: tuple[str, ...]
    recorded: bool
    cache: Cache
    hardlink_lock: bool
    strict: bool


def write_jobs(plan: Plan) -> None:
    """Keep what the jobs of a plan need."""
    makers = plan.makers()
    records = {
        name: _record(step, _makers(step, makers), recorded=_is_recorded(plan, step))
        for name, step in plan.steps.items()
    }
    note_own(JOBS_FILE, to_keyed(_head(plan), records), durable=True)


def jobs_of(job: Job) -> bytes:
    """The file that :func:`write_jobs` writes, for one job alone."""
    record = _record(job.step, [*job.makers], recorded=job.recorded)
    return to_keyed(_head(job), {job.step.name: record})


def _head(of: Plan | Job) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "cache": of.cache._asdict(),
        "hardlink_lock": of.hardlink_lock,
        "strict": of.strict,
    }


def _record(step: PlannedStep, makers: list[str], *, recorded: bool) -> dict[str, Any]:
    return {"step": step_to_dict(step), "makers": makers, "recorded": recorded}


def _makers(step: PlannedStep, makers: Mapping[str, list[str]]) -> list[str]:
    return sorted({name for path in step.deps for name in makers.get(path, ())})


def _is_recorded(plan: Plan, step: PlannedStep) -> bool:
    return not {"*", step.name, step.rule} & {*plan.unrecorded}


def has_jobs() -> bool:
    """Whether :func:`write_jobs` has written them."""
    return os.path.exists(JOBS_FILE)


def read_job(name: str) -> Job | None:
    """The step by its name, None where the plan has no such step, or there is no plan.

    Where its record cannot be read, the whole plan is.
    """
    return _read_job(name) or _job_of(read_plan(), name)


def _job_of(plan: Plan | None, name: str) -> Job | None:
    step = plan.steps.get(name) if plan else None
    if plan is None or step is None:
        return None
    makers, recorded = tuple(_makers(step, plan.makers())), _is_recorded(plan, step)
    return Job(step, makers, recorded, plan.cache, plan.hardlink_lock, plan.strict)


def _read_job(name: str) -> Job | None:
    found = find_keyed(JOBS_FILE, name)
    if found is None or name not in found[1]:
        return None
    head, record = found[0], found[1][name]
    try:
        if head["format"] != FORMAT:
            return None
        flags = (record["recorded"], head["hardlink_lock"], head["strict"])
        if not is_texts(record["makers"]) or {*map(type, flags)} != {bool}:
            raise ShapeError(name, "a job")
        step, makers = step_from(record["step"]), tuple(record["makers"])
        return Job(step, makers, flags[0], cache_from(head["cache"]), *flags[1:])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        throw_away(JOBS_FILE, str(error) if isinstance(error, ShapeError) else "has another form")
        return None
