"""Files and folders as steps write them, for Snakemake.

Snakemake wants to know before a job whether an output is a folder, and fails the job when it is
the other. DVC does not ask, and a step that wrote a file may write a folder next time. So for the
rules of nbsnake, what is on disk decides. A flag on the output cannot do that in a rule with
wildcards: all its jobs share the flag.

Snakemake also leaves a file in each folder that a job wrote, for the time of the folder. A step
that lists the folder would see it, and would give another result than with DVC. So for these rules
the folder itself has the time.
"""

import os
from collections.abc import Callable, Collection
from typing import Any

from nbsnake.job.ignore import TIMESTAMP
from nbsnake.job.inside import inside


def follow_disk(rules: Collection[str]) -> None:
    """Let Snakemake take each output of ``rules`` for what it is on disk, and add no file to it.

    ``is_directory`` is where Snakemake asks (snakemake.io, of versions 9): when it checks what a
    job wrote, and when it removes or touches it.
    """
    from snakemake.io import _IOFile  # only there when Snakemake reads the Snakefile

    declared: Callable[[Any], bool] = _IOFile.is_directory.fget
    touch: Callable[..., None] = _IOFile.touch

    def is_ours(file: Any) -> bool:
        return file.rule is not None and file.rule.name in rules

    def is_directory(file: Any) -> bool:
        return os.path.isdir(file) if is_ours(file) else declared(file)

    def touch_folder(file: Any, times: tuple[float, float] | None = None) -> None:
        if is_ours(file) and os.path.isdir(file) and not os.path.islink(file):
            os.utime(file, times)
        else:
            touch(file, times)

    _IOFile.is_directory = property(is_directory)
    _IOFile.touch = touch_folder


def take_timestamp(folder: str) -> None:
    """Remove the file that Snakemake left in a folder before; the folder gets its time."""
    path = os.path.join(folder, TIMESTAMP)
    if os.path.isdir(folder) and os.path.exists(path):
        time = os.stat(path).st_mtime_ns
        os.unlink(inside(path))
        os.utime(folder, ns=(time, time))
