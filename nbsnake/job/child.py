"""A program that is run to its end.

Standard library only: this runs inside every job.
"""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence

from nbsnake.job.say import say

NOT_FOUND = 127  # what a shell returns for a command that it cannot find


def run_child(
    command: Sequence[str],
    caller: str,
    *,
    folder: str | None = None,
    env: Mapping[str, str] | None = None,
) -> int:
    """Run the command to its end, hand on SIGTERM, and return its exit code as a shell would.

    Ctrl-C reaches the command by itself, for it is in the same process group. ``env`` adds
    variables. ``caller`` is who says that there is no such command.
    """
    try:
        process = subprocess.Popen(command, cwd=folder, env={**os.environ, **(env or {})})
    except OSError as error:
        say(f"cannot run {command[0]}: {error.strerror}", caller)
        return NOT_FOUND
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    code = process.wait()
    return 128 - code if code < 0 else code
