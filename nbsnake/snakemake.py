"""Calling Snakemake."""

import contextlib
import fcntl
import os
import subprocess
import sys
from collections.abc import Sequence

from nbsnake.snakefile import HEAD_LOCK

LOCKS = ".snakemake/locks"


def run_snakemake(arguments: Sequence[str]) -> int:
    """Run Snakemake in this project to its end, and return its exit code."""
    return subprocess.run([sys.executable, "-m", "snakemake", *arguments]).returncode


def unlock_if_dead() -> bool:
    """Remove the lock that a killed Snakemake left; say whether there was one.

    A living run holds ``HEAD_LOCK``, which ends with its process.
    """
    with contextlib.suppress(FileNotFoundError):
        if os.listdir(LOCKS) and not _is_alive():
            return run_snakemake(["--unlock", "--quiet"]) == 0
    return False


def _is_alive() -> bool:
    with contextlib.suppress(FileNotFoundError), open(HEAD_LOCK, encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
