"""What a run really touched, against what its step declares.

Standard library only: this runs inside every job.
"""

import os
from collections.abc import Iterable, Iterator

from nbsnake.job.executed import Witness
from nbsnake.job.plan import PlannedStep
from nbsnake.job.receipt import Receipt

# What belongs to tools, and what a script reads only because Python does.
_OWN = (".git/", ".dvc/", ".nbsnake/", ".snakemake/", "workflow/", "logs/")
_PYTHON = ("pyvenv.cfg", ".pth", ".pyc", ".so", ".egg-info", ".dist-info")
KEYS = {"imported": ":dvc-in:", "read": ":dvc-in:", "wrote": ":dvc-out:"}


def undeclared_by(step: PlannedStep, witness: Witness) -> dict[str, list[str]]:
    """The paths that a run imported, read or wrote, and that the step does not declare.

    Files that are gone afterwards do not count. What pyarrow, HDF5 and other libraries open by
    themselves is not seen.
    """
    outs = [out.path for out in step.outs]
    declared = [*step.deps, *outs]
    modules = [path for path in witness.modules if not _is_one_of(path, declared)]
    others = [
        path
        for path in witness.opened
        if path not in witness.modules and not _is_of_tools(path) and os.path.isfile(path)
    ]
    wrote = [path for path in others if witness.opened[path] and not _is_one_of(path, outs)]
    read = [path for path in others if path not in wrote and not _is_one_of(path, declared)]
    found = {"imported": modules, "read": read, "wrote": wrote}
    return {how: sorted(paths) for how, paths in found.items() if paths}


def with_witness(receipt: Receipt, step: PlannedStep, witness: Witness | None) -> Receipt:
    """The receipt with what the script ran with, and what it touched."""
    if witness is None:
        return receipt
    return receipt._replace(
        python=witness.python,
        platform=witness.platform,
        packages=witness.packages,
        undeclared=undeclared_by(step, witness),
    )


def in_words(step: str, undeclared: dict[str, list[str]]) -> Iterator[str]:
    """A line for each path, with the line of the docstring that declares it."""
    for how, paths in undeclared.items():
        for path in paths:
            key = KEYS.get(how, ":dvc-in:")
            yield f"{step} {how} {path}, which it does not declare; add {key} {path}"


def _is_one_of(path: str, declared: Iterable[str]) -> bool:
    """Whether the path is declared, or lies in a folder that is."""
    return any(f"{path}/".startswith(f"{each}/") for each in declared)


def _is_of_tools(path: str) -> bool:
    hidden = any(part.startswith(".") for part in path.split("/"))
    return hidden or path.startswith(_OWN) or path.endswith(_PYTHON)
