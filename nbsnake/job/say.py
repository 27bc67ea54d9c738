"""Messages for people: on standard error, after the name of the program."""

import sys
from collections.abc import Sequence

from nbsnake.escape import LAYOUT, escaped


def say(message: object, program: str = "nbsnake") -> None:
    """Print one message at once; several processes share the terminal."""
    print(f"{program}: {escaped(str(message), LAYOUT)}", file=sys.stderr, flush=True)


def few(names: Sequence[str], shown: int = 3) -> str:
    """The names in one line; of many, the first ones and how many more there are."""
    if len(names) <= shown + 1:
        return ", ".join(names)
    return f"{', '.join(names[:shown])} and {len(names) - shown} more"
