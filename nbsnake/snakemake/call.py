"""Calling Snakemake."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence

from nbsnake.errors import ToolError
from nbsnake.job.inside import plain
from nbsnake.job.running import become_head, read_head
from nbsnake.programs import python_call

LOCKS = ".snakemake/locks"
SIGNALLED = 128  # plus the signal: the exit code of what it has ended
QUIET = "NBSNAKE_QUIET"  # set where only failures are shown


def run_snakemake(arguments: Sequence[str]) -> int:
    """Run Snakemake in this project to its end, and return its exit code.

    That of a run that a signal has ended is the one of the signal, as a shell has it.
    """
    process = subprocess.Popen(python_call("snakemake", *arguments))
    ended_by = 0

    def hand_on(number: int, *_: object) -> None:
        nonlocal ended_by
        ended_by = number
        process.terminate()

    before = signal.signal(signal.SIGTERM, hand_on)
    try:
        while True:
            try:
                code = process.wait()
            except KeyboardInterrupt:  # Snakemake gets Ctrl-C too, and ends
                ended_by = signal.SIGINT
            else:
                return SIGNALLED + ended_by if code and ended_by else code
    finally:
        signal.signal(signal.SIGTERM, before)


def unlock_if_dead() -> bool:
    """Remove the lock that a killed Snakemake left; say whether there was one.

    A living run is left alone, and none begins meanwhile. ``snakemake --unlock`` does the same, but
    reads all rules first.
    """
    with contextlib.suppress(FileNotFoundError):
        if os.listdir(LOCKS) and (head := become_head()):
            with head:
                shutil.rmtree(plain(LOCKS))
            return True
    return False


def other_head() -> ToolError:
    """The fault of a second run: Snakemake would advise to remove the lock of the first."""
    head = read_head()
    who = f"process {head.pid} on {head.host}" if head else "another process"
    stop = f", or stop it there: kill -INT {head.pid}" if head else ""
    return ToolError(
        f"this project is locked: {who} is running it", hint=f"wait until it ends{stop}"
    )
