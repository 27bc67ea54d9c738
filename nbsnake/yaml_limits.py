"""How long it may take to read a YAML file, and how large it may become.

An alias takes five characters and means all that its anchor holds: a few lines of them say more
than any memory has. Deep nesting and long chains of merge keys take time out of proportion.
"""

import contextlib
import math
import signal
import threading
from collections.abc import Iterator
from typing import Any

MOST = 100_000  # values that aliases may give, and
TIMES = 10  # how many times as many as are written
LINE = 100  # characters of a text that count as another value
ADVICE = "write the values out"
SECONDS = 1.0  # of CPU that any file may take, and
SECONDS_PER_BYTE = 100e-6  # several times what ruamel.yaml takes for a plain file


class TooLargeError(ValueError):
    """A file that takes too long, or becomes too large; says what it is that does."""


def check_size(value: Any) -> None:
    """Raise :class:`TooLargeError` for what a reader made of a file with too many aliases."""
    sizes: dict[int, float] = {}
    try:
        meant = _size(value, sizes)
    except RecursionError:
        meant = math.inf
    if meant == math.inf:
        raise TooLargeError("is nested too deeply, or an alias refers to itself")
    most = max(MOST, TIMES * len(sizes))
    if meant > most:
        raise TooLargeError(f"its aliases mean more than {most:,} values")


def _size(value: Any, sizes: dict[int, float]) -> float:
    """How many values a value is with all aliases written out; ``sizes`` are those seen, by id."""
    if not isinstance(value, dict | list):
        return 1 + len(value) // LINE if isinstance(value, str) else 1
    if id(value) not in sizes:
        sizes[id(value)] = math.inf  # a value inside itself has no end
        inner = value.values() if isinstance(value, dict) else value
        sizes[id(value)] = len(value) + sum(_size(each, sizes) for each in inner)
    return sizes[id(value)]


@contextlib.contextmanager
def limited_time(size: int) -> Iterator[None]:
    """Read a YAML file of that size, in bytes, inside of this context.

    Raises :class:`TooLargeError` when its time is up. Outside of the main thread there is no limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    seconds = SECONDS + SECONDS_PER_BYTE * size

    def stop(*_: object) -> None:
        raise TooLargeError(f"takes more than {seconds:.1f} s to read: it nests or merges too much")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before or signal.SIG_DFL)
