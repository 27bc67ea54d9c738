"""Text of others, which a terminal, a table or a picture shows and does not obey.

Standard library only: this runs inside every job. Escape sequences move the cursor and change the
title of a window, and marks of direction let a line read as another one. What is not printed is
shown as Python writes it in a string.
"""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

LAYOUT = "\n\t"  # what text of several lines needs


def escaped(text: str, keep: str = "") -> str:
    """The text with an escape for each character that is not printed, but for those to ``keep``."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in keep else repr(char)[1:-1] for char in text
    )


def print_program(text: str) -> None:
    """Write a program to standard output as it is; a terminal shows it escaped."""
    stream = sys.stdout.stream if isinstance(sys.stdout, _Escaping) else sys.stdout
    stream.write(escaped(text, LAYOUT) if stream.isatty() else text)


def write_escaped(text: str) -> None:
    """Write to standard output what is escaped already, with styles around it."""
    stream = sys.stdout.stream if isinstance(sys.stdout, _Escaping) else sys.stdout
    stream.write(text)


@contextlib.contextmanager
def only_text() -> Iterator[None]:
    """Escape all that is printed to the standard streams."""
    with (
        contextlib.redirect_stdout(_Escaping(sys.stdout)),
        contextlib.redirect_stderr(_Escaping(sys.stderr)),
    ):
        yield


class _Escaping:
    """A stream that writes lines of text only."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        written: int = self.stream.write(escaped(text, LAYOUT))
        return written

    def writelines(self, lines: Iterator[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)
