"""A program that is run to its end.

Standard library only: this runs inside every job, without ``subprocess``, which takes half as long
to import as Python to start.
"""

import contextlib
import os
import signal
from collections.abc import Mapping, Sequence

from nbsnake.job.memory import memory_watched
from nbsnake.job.say import say

NOT_FOUND = 127  # what a shell returns for a command that it cannot find
IGNORED = (signal.SIGPIPE, signal.SIGXFSZ)  # by Python, and by no other program


def run_child(
    command: Sequence[str],
    caller: str,
    *,
    folder: str = ".",
    env: Mapping[str, str] | None = None,
) -> int:
    """Run the command to its end, hand on SIGTERM, and return its exit code as a shell would.

    Ctrl-C reaches the command by itself, for it is in the same process group. ``env`` adds
    variables. ``caller`` is who says that there is no such command.
    """
    try:
        with contextlib.chdir(folder):
            variables = {**os.environ, **(env or {})}
            child = os.posix_spawnp(command[0], [*command], variables, setsigdef=IGNORED)
    except OSError as error:
        say(f"cannot run {command[0]}: {error.strerror}", caller)
        return NOT_FOUND
    signal.signal(signal.SIGINT, _pass)
    signal.signal(signal.SIGTERM, lambda *_: _end(child))
    with memory_watched(child):
        _, status = os.waitpid(child, 0)
    signal.signal(signal.SIGTERM, _pass)
    code = os.waitstatus_to_exitcode(status)
    return 128 - code if code < 0 else code


def _pass(*_: object) -> None:
    """What comes after the command does not stop the work on its result."""


def _end(child: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has just ended
        os.kill(child, signal.SIGTERM)
