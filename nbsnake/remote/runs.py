"""Which job works for a step, kept so that the next head finds it after a crash."""

import hashlib
import json
import os
import re
from typing import NamedTuple

from nbsnake.job.exec import Start
from nbsnake.job.own import read_own, remove_own, throw_away, write_own
from nbsnake.job.plan import PlannedStep
from nbsnake.job.runcache import run_key
from nbsnake.job.shape import ShapeError, parse
from nbsnake.names import file_name

FOLDER = ".nbsnake/remote"
_NAME = re.compile(r"nbsnake-[a-z0-9-]+")


class Run(NamedTuple):
    """A submitted job: ``key`` says what it computes, ``name`` is ours, and ``job`` the id by which
    the batch system knows it, "" while it is being submitted."""

    key: str
    name: str
    job: str = ""


def key_of(step: PlannedStep, command: list[str], start: Start) -> str:
    """What is the same for two jobs that compute the same."""
    text = json.dumps([run_key(step.lock_entry(start.contents)), command])
    return hashlib.sha256(text.encode()).hexdigest()


def new_run(step: PlannedStep, key: str) -> Run:
    """A run with a name that is valid wherever DNS labels are (at most 63 characters)."""
    shown = re.sub(r"[^a-z0-9]+", "-", step.name.lower()).strip("-")[:36].strip("-")
    return Run(key, "-".join(filter(None, ("nbsnake", shown, os.urandom(6).hex()))))


def read_run(step: PlannedStep) -> Run | None:
    """The step's run that nobody has ended; None where there is none."""
    path = path_of(step)
    if (fields := read_own(path)) is None:
        return None
    try:
        run: Run = parse(Run, fields)
        if not _NAME.fullmatch(run.name):
            raise ShapeError("name", "that of a job")
    except ShapeError as error:
        throw_away(path, str(error))
        return None
    return run


def write_run(step: PlannedStep, run: Run) -> None:
    """Remember a run."""
    write_own(path_of(step), json.dumps(run._asdict()).encode())


def forget_run(step: PlannedStep) -> None:
    """The run has ended."""
    remove_own(path_of(step))


def path_of(step: PlannedStep, suffix: str = ".json") -> str:
    """A file of the step's run."""
    return f"{FOLDER}/{file_name(step.name)}{suffix}"
