"""Calling Snakemake."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence

from nbsnake.running import head_is_alive

LOCKS = ".snakemake/locks"


def run_snakemake(arguments: Sequence[str]) -> int:
    """Run Snakemake in this project to its end, and return its exit code."""
    return subprocess.run([sys.executable, "-m", "snakemake", *arguments]).returncode


def unlock_if_dead() -> bool:
    """Remove the lock that a killed Snakemake left; say whether there was one.

    A living run is left alone.
    """
    with contextlib.suppress(FileNotFoundError):
        if os.listdir(LOCKS) and not head_is_alive():
            return run_snakemake(["--unlock", "--quiet"]) == 0
    return False
