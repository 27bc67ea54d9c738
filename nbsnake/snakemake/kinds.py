"""Files and folders as steps write them.

Snakemake wants to know before a job whether an output is a folder, and fails the job when it is
the other. DVC does not ask, and a step that wrote a file may write a folder next time. So for the
rules of nbsnake, what is on disk decides. A flag on the output cannot do that in a rule with
wildcards: all its jobs share the flag.
"""

import os
from collections.abc import Callable, Collection
from typing import Any


def follow_disk(rules: Collection[str]) -> None:
    """Let Snakemake take each output of ``rules`` for what it is on disk.

    ``is_directory`` is where Snakemake asks (snakemake.io, of versions 9): when it checks what a
    job wrote, and when it removes or touches it.
    """
    from snakemake.io import _IOFile  # only there when Snakemake reads the Snakefile

    declared: Callable[[Any], bool] = _IOFile.is_directory.fget

    def is_directory(file: Any) -> bool:
        if file.rule is not None and file.rule.name in rules:
            return os.path.isdir(file)
        return declared(file)

    _IOFile.is_directory = property(is_directory)
