"""Sizes for the eye."""

import math


def size_text(count: int | None) -> str:
    """A number of bytes; "" for one that is not known."""
    if count is None:
        return ""
    if count < 1000:
        return f"{count} B"
    power = min(int(math.log10(count) // 3), 4)
    return f"{count / 1000**power:.3g} {' kMGT'[power]}B"
