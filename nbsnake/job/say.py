"""Messages for people: on standard error, after the name of the program."""

import sys

from nbsnake.escape import LAYOUT, escaped


def say(message: object, program: str = "nbsnake") -> None:
    """Print one message at once; several processes share the terminal."""
    print(f"{program}: {escaped(str(message), LAYOUT)}", file=sys.stderr, flush=True)
