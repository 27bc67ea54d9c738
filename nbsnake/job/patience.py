"""Waiting for a server that is away.

Standard library only: this runs inside every job.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from nbsnake.job.say import say

PATIENCE = 600.0  # seconds for which a server may be away
PAUSE, LONGEST_PAUSE = 0.5, 20.0  # seconds between two tries, first and last

T = TypeVar("T")


def patiently(act: Callable[[], T], doing: str, is_away: Callable[[Exception], bool]) -> T:
    """What ``act`` returns, called again while it raises what ``is_away`` says may be over soon.

    ``doing`` names the work in the one message. Raises what ``act`` raises in the end.
    """
    until, pause, shown = time.monotonic() + PATIENCE, PAUSE, False
    while True:
        try:
            return act()
        except Exception as error:
            if not is_away(error) or time.monotonic() > until:
                raise
            if not shown:
                say(f"{doing}: the server does not answer ({error}); trying again")
                shown = True
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
