"""Colors of a terminal, where it is one and nobody asked for none."""

import os
from typing import TextIO

_CODES = {"green": "32", "yellow": "33", "red": "31", "blue": "34", "cyan": "36", "dim": "2"}


def has_color(stream: TextIO) -> bool:
    """Whether text for the stream may have colors; ``NO_COLOR`` is that of no-color.org."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width_of(stream: TextIO) -> int | None:
    """How many characters a line of the stream may have; None for any number."""
    if not stream.isatty():
        return None
    import shutil  # slow, and for terminals only

    return shutil.get_terminal_size().columns


def styled(text: str, style: str) -> str:
    """The text in a color; as it is for the style ""."""
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if style else text
