"""A whole graph of steps as jobs of Slurm that wait for each other, and the record of these jobs.

A job starts when those that it depends on have ended well (afterok), and is cancelled when one of
them cannot (--kill-on-invalid-dep). Nothing stays running on the login node.
"""

import json
import shlex
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple
from uuid import uuid4

from nbsnake.cluster.slurm.call import LOGS
from nbsnake.cluster.slurm.nodes import Request
from nbsnake.job.own import read_own, remove_own, write_own
from nbsnake.job.shape import ShapeError, parse
from nbsnake.names import SUBMITTED, file_name

LAST = "nbsnake"  # the name of the job that locks what the others made


class Job(NamedTuple):
    """A job to submit: its name, what it runs, and how ``sbatch`` is asked for it."""

    name: str
    command: tuple[str, ...]
    options: tuple[str, ...]
    log: str = ""

    def words(self, after: Iterable[str], how: str) -> list[str]:
        """The words that submit it after other jobs, by their numbers."""
        numbers = ":".join(after)
        waits = [f"--dependency={how}:{numbers}", "--kill-on-invalid-dep=yes"] if numbers else []
        output = f"--output={LOGS}/{file_name(self.name)}-%j.log"
        text = shlex.join(self.command)
        script = f"{text} > {shlex.quote(self.log)} 2>&1" if self.log else text
        # The wrapper of sbatch looks up a job by these where the answer was lost.
        named = ("--job-name", self.name, "--comment", f"{self.name} {uuid4()}")
        return ["sbatch", "--parsable", *named, output, *waits, *self.options, f"--wrap={script}"]


def options_of(request: Request, resources: Mapping[str, Any]) -> tuple[str, ...]:
    """The options of ``sbatch`` for a request, as the slurm executor makes them."""
    found = {
        "--partition": request.partition,
        "--account": request.account,
        "--qos": request.qos,
        "--constraint": str(resources.get("constraint") or ""),
        "--time": request.minutes,
        "--nodes": request.nodes,
        "--mem-per-cpu": request.mem_per_cpu,
        "--mem": request.mem_mb,
        "--cpus-per-gpu": request.cpus_per_gpu,
        "--cpus-per-task": "" if request.cpus_per_gpu else request.cpus,
        "--ntasks": "" if request.gpus else request.tasks,
        "--ntasks-per-gpu": request.tasks_per_gpu,
        **_gpus(request, str(resources.get("gres") or "")),
    }
    extra = shlex.split(str(resources.get("slurm_extra") or ""))
    named = (f"{option}={value}" for option, value in found.items() if value)
    return ("--no-requeue", *named, *extra)


def _gpus(request: Request, gres: str) -> dict[str, str]:
    if gres:
        return {"--gres": gres}
    type_ = f"{request.gpu_type}:" if request.gpu_type else ""
    return {"--gpus": f"{type_}{request.gpus}" if request.gpus else ""}


class Submitted(NamedTuple):
    """What is on record: the jobs in the queue and the number of the last attempt, by step."""

    jobs: dict[str, str] = {}  # noqa: RUF012  (never changed)
    attempts: dict[str, int] = {}  # noqa: RUF012  (never changed)


def read_submitted() -> Submitted:
    """The record, an empty one where there is none that can be used."""
    try:
        found: Submitted = parse(Submitted, read_own(SUBMITTED))
    except ShapeError:
        return Submitted()
    return found


def write_submitted(submitted: Submitted) -> None:
    """Keep the record; without jobs it is removed."""
    if submitted.jobs:
        write_own(SUBMITTED, json.dumps(submitted._asdict()).encode())
    else:
        remove_own(SUBMITTED)


def next_attempts(
    due: Iterable[str],
    needs: Mapping[str, Collection[str]],
    before: Mapping[str, int],
    most: Mapping[str, int],
) -> dict[str, int]:
    """The steps to submit, each with the number of its attempt, counted from 1.

    ``due`` are the steps that have no result, in an order in which each follows those that it
    ``needs``; ``before`` holds the last attempts, ``most`` how many there may be. A step whose
    needs have no result has not started, so that its attempt is not used up. Where a step may not
    be tried again, those that need it are left out, too.
    """
    found: dict[str, int] = {}
    left_out: set[str] = set()
    for name in due:
        makers = {*needs[name]} & {*found, *left_out}
        attempt = before.get(name, 0) + 1
        if makers and name in before:
            attempt -= 1
        if makers & left_out or attempt > most[name]:
            left_out.add(name)
        else:
            found[name] = attempt
    return found
