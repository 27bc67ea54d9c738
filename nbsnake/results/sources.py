"""What steps read that no step writes: it must be there, and be the data itself."""

import os
import time
from collections.abc import Callable, Iterator

from nbsnake.errors import NbsnakeError, PipelineError, Where, raise_all
from nbsnake.job.content import is_lfs_pointer
from nbsnake.job.inside import ends_inside
from nbsnake.job.plan import Plan, PlannedStep
from nbsnake.names import upwards

BACK = (
    "bring it back (dvc pull, git checkout), or fix its path where it is set: "
    "in ':dvc-in', dvc.yaml, nbsnake.yaml or a client's file"
)


def check_sources(plan: Plan, is_made: Callable[[str], bool]) -> None:
    """Raise :class:`PipelineError`, several together, for sources that are not there.

    ``is_made`` says of a path that something else is going to make it. Snakemake says nothing of a
    missing one while what was made of it is there. A pointer of Git LFS is none either.
    """
    faults = [
        fault for step, path in _sources(plan) if (fault := _fault(step, path, plan, is_made))
    ]
    raise_all(faults)


def reset_future_times(plan: Plan) -> list[str]:
    """Give sources that are dated in the future the time of now; their paths.

    Snakemake fails a job, after it has run, whose input is newer than its output, ancient or not.
    """
    now = time.time()
    there = {path for _, path in _sources(plan) if os.path.exists(path)}
    late = {path for path in there if os.stat(path).st_mtime > now and ends_inside(path)}
    for path in late:
        os.utime(path)
    return sorted(late)


def pointers(plan: Plan) -> list[NbsnakeError]:
    """A fault for each source that is a Git LFS pointer."""
    return [_pointer_fault(step, path) for step, path in _sources(plan) if is_lfs_pointer(path)]


def _sources(plan: Plan) -> Iterator[tuple[PlannedStep, str]]:
    makers = plan.makers()
    for step in plan.steps.values():
        if not step.frozen:
            yield from ((step, path) for path in step.deps if path not in makers)


def _fault(
    step: PlannedStep, path: str, plan: Plan, is_made: Callable[[str], bool]
) -> NbsnakeError | None:
    if is_lfs_pointer(path):
        return _pointer_fault(step, path)
    if os.path.exists(path) or is_made(path):
        return None
    maker = next((plan.left_outs[up] for up in upwards(path) if up in plan.left_outs), "")
    if maker:
        return PipelineError(
            f"{path} is missing; the stage {maker!r} writes it, which only DVC can run",
            where=Where(step.source),
            hint=f"run: dvc repro {maker}",
        )
    message = f"{path} is missing, and no step writes it"
    return PipelineError(message, where=Where(step.source), hint=BACK)


def _pointer_fault(step: PlannedStep, path: str) -> NbsnakeError:
    return PipelineError(
        f"{path} is a Git LFS pointer, not the data",
        where=Where(step.source),
        hint=f"get the data: git lfs pull --include={path}",
    )
