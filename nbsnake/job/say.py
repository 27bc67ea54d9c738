"""Messages for people: on standard error, after the name of the program."""

import sys


def say(message: object, program: str = "nbsnake") -> None:
    """Print one message at once; several processes share the terminal."""
    print(f"{program}: {message}", file=sys.stderr, flush=True)
