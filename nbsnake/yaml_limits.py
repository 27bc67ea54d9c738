"""How long it may take to read a YAML file, and how large it may become.

An alias takes five characters and means all that its anchor holds: a few lines of them say more
than any memory has. Deep nesting and long chains of merge keys take time out of proportion.
"""

import contextlib
import math
import re
import signal
import threading
from collections.abc import Iterator
from typing import Any

MOST = 100_000  # values that aliases may give, and
TIMES = 10  # how many times as many as are written
BITS = 14_000  # of an integer; Python writes no more than 4300 digits
LINE = 100  # characters of a text that count as another value
ADVICE = "write the values out"
DEEPEST = 500  # brackets inside each other; readers take time by the square of it
SECONDS = 1.0  # of CPU that any file may take, and
SECONDS_PER_BYTE = 100e-6  # several times what ruamel.yaml takes for a plain file


_BRACKETS = re.compile(r"[\[\]{}]")


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
    if isinstance(value, int) and value.bit_length() > BITS:
        raise TooLargeError("a number has more than 4,000 digits")
    if not isinstance(value, dict | list):
        return 1 + len(value) // LINE if isinstance(value, str) else 1
    if id(value) not in sizes:
        sizes[id(value)] = math.inf  # a value inside itself has no end
        inner = value.values() if isinstance(value, dict) else value
        for key in value if isinstance(value, dict) else ():
            if not isinstance(key, str):
                _size(key, sizes)
        sizes[id(value)] = len(value) + sum(_size(each, sizes) for each in inner)
    return sizes[id(value)]


def check_depth(text: str) -> None:
    """Raise :class:`TooLargeError` for a text with brackets that are nested too deeply."""
    if text.count("[") + text.count("{") <= DEEPEST:
        return
    depth = 0
    for bracket in _BRACKETS.findall(text):
        depth += 1 if bracket in "[{" else -1
        if depth > DEEPEST:
            raise TooLargeError("is nested too deeply")


@contextlib.contextmanager
def limited_time(text: str, times: int = 1) -> Iterator[None]:
    """Read a YAML text inside of this context; some readers take some ``times`` as long.

    Raises :class:`TooLargeError` when its time is up, and as :func:`check_depth` does. Outside of
    the main thread there is no limit of time.
    """
    check_depth(text)
    seconds = SECONDS + SECONDS_PER_BYTE * times * len(text)
    why = f"takes more than {seconds:.1f} s to read: it nests or merges too much"
    with stopped_after(seconds, why):
        yield


@contextlib.contextmanager
def stopped_after(seconds: float, why: str) -> Iterator[None]:
    """Raise :class:`TooLargeError` when what is inside of this context has had its CPU time.

    Outside of the main thread there is no limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise TooLargeError(why)

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before or signal.SIG_DFL)
