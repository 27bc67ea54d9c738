"""The graph of steps beside a list of them: one lane for each step whose files others read."""

from collections.abc import Mapping, Sequence


def find_lanes(names: Sequence[str], needs: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """The lane of each step that another one needs, counted from 0.

    ``names`` are in the order of the list. A lane goes from its step down to the last one that
    needs it; no two that share a row have the same number.
    """
    row = {name: number for number, name in enumerate(names)}
    ends = {need: row[name] for name in names for need in needs.get(name, ())}  # the last one stays
    lanes: dict[str, int] = {}
    free_from: list[int] = []  # by lane, the row from which it is free again
    for name in names:
        if ends.get(name, -1) <= row[name]:
            continue
        lane = next((n for n, free in enumerate(free_from) if free <= row[name]), len(free_from))
        free_from[lane : lane + 1] = [ends[name]]
        lanes[name] = lane
    return lanes
