"""A run as a receipt or dvc.lock records it.

Standard library only: this runs inside every job.
"""

from typing import Any, NamedTuple


class Run(NamedTuple):
    """A run on record, by a receipt or by dvc.lock; files are given by path and md5."""

    cmd: str | list[str]
    params: dict[str, Any]
    deps: dict[str, str]
    outs: dict[str, str]

    def began_as(self, other: "Run") -> bool:
        """Whether both ran the same command with the same parameters on the same content."""
        return self[:3] == other[:3]
