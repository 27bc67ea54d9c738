"""Where a run is going to write: it must be in the project, at this moment."""

import os
import stat
from collections.abc import Iterator

from nbsnake.errors import NbsnakeError, PipelineError, Where, raise_all
from nbsnake.job.inside import fault, plain
from nbsnake.job.own import readers_of_params
from nbsnake.job.plan import Plan, PlannedStep

LOGS = "logs"
OWN_FOLDERS = (LOGS, ".snakemake", ".nbsnake")
RECORDS = tuple(f".snakemake/{name}" for name in ("incomplete", "locks", "log", "metadata"))


def check_places(plan: Plan) -> None:
    """Raise :class:`PipelineError`, several together, for outputs that must not be written.

    Raises also as :func:`check_folders` does.
    """
    check_folders()
    steps = (step for step in plan.steps.values() if not step.frozen)
    raise_all([each for step in steps for each in _faults(step)])


def check_folders() -> None:
    """Raise :class:`UnsafePathError` for a link where logs, or Snakemake's and nbsnake's own
    records belong."""
    for folder in (*OWN_FOLDERS, *RECORDS):
        plain(folder)
    for name in os.listdir(LOGS) if os.path.isdir(LOGS) else ():
        plain(f"{LOGS}/{name}")


def _faults(step: PlannedStep) -> Iterator[NbsnakeError]:
    for out in step.outs:
        if why := fault(out.path):
            yield PipelineError(
                f"the output {out.path} {why}",
                where=Where(step.source),
                hint="write it below a folder of the project",
            )


def hide_values() -> None:
    """Let nobody read Snakemake's records who cannot read params.yaml: they contain its values."""
    limit, folder = readers_of_params(), OWN_FOLDERS[1]
    if os.path.isdir(plain(folder)) and (mode := stat.S_IMODE(os.stat(folder).st_mode)) & ~limit:
        os.chmod(folder, mode & limit)
