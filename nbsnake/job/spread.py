"""Work on several files side by side, on all cores.

Standard library only: this runs inside every job. Digests and copies leave Python's lock, so that
threads do.
"""

import os
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
Item = TypeVar("Item")

WORTH = 8 << 20  # bytes beside the largest file, from which on threads save more than they take
LONGEST = 64  # files that a thread takes at once
SHARES = 8  # of each thread, so that all end at about the same time


def spread(function: Callable[[Item], T], items: Sequence[Item], sizes: Sequence[int]) -> list[T]:
    """What the function gives for each item; on all cores where they have ``sizes``, in bytes, of
    which enough can be worked on at the same time.

    Raises what the function raises for the first item for which it does.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if not cores or cores == 1 or sum(sizes) - max(sizes, default=0) < WORTH:
        return [function(item) for item in items]
    from concurrent.futures import ThreadPoolExecutor  # slow, and seldom needed

    def share(start: int) -> list[T]:
        return [function(item) for item in items[start : start + length]]

    length = min(LONGEST, len(items) // (cores * SHARES) + 1)
    with ThreadPoolExecutor(cores) as pool:
        shares = pool.map(share, range(0, len(items), length))
        return [result for each in shares for result in each]
