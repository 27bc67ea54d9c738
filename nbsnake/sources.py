"""What steps read that no step writes: it must be there, and be the data itself."""

import os
from collections.abc import Iterator

from nbsnake.content import is_lfs_pointer
from nbsnake.errors import NbsnakeError, PipelineError, Where, raise_all
from nbsnake.plan import Plan, PlannedStep

BACK = (
    "bring it back (dvc pull, git checkout), or mend its path where it is told: "
    "in ':dvc-in', dvc.yaml, nbsnake.yaml or a client's file"
)


def check_sources(plan: Plan) -> None:
    """Raise :class:`PipelineError`, several together, for sources that are not there.

    Snakemake says nothing of a missing one while what was made of it is there. A stand-in of Git
    LFS is none either.
    """
    raise_all([fault for step, path in _sources(plan) if (fault := _fault(step, path))])


def pointers(plan: Plan) -> list[NbsnakeError]:
    """A fault for each source of which Git LFS has left a stand-in only."""
    return [_pointer_fault(step, path) for step, path in _sources(plan) if is_lfs_pointer(path)]


def _sources(plan: Plan) -> Iterator[tuple[PlannedStep, str]]:
    makers = plan.makers()
    for step in plan.steps.values():
        if not step.frozen:
            yield from ((step, path) for path in step.deps if path not in makers)


def _fault(step: PlannedStep, path: str) -> NbsnakeError | None:
    if is_lfs_pointer(path):
        return _pointer_fault(step, path)
    if os.path.exists(path):
        return None
    message = f"{path} is missing, and no step writes it"
    return PipelineError(message, where=Where(step.source), hint=BACK)


def _pointer_fault(step: PlannedStep, path: str) -> NbsnakeError:
    return PipelineError(
        f"{path} is a stand-in that Git LFS left in place of the data",
        where=Where(step.source),
        hint=f"bring the data: git lfs pull --include={path}",
    )
