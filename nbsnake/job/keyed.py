"""Records by key in one file of the state, of which a job finds its own without reading them all.

Standard library only: this runs inside every job. The first line is JSON about all records. Each
further line is one: its key, a tab, and a list of its place among the records and its value, all as
JSON, in the order of the keys' bytes. JSON itself has no tab, so that the whole file is read as one
object, as fast as JSON is.
"""

import json
from collections.abc import Mapping
from typing import IO, Any

from nbsnake.job.own import open_own_bytes, throw_away
from nbsnake.job.shape import from_json

WINDOW = 1 << 14  # bytes that are searched line by line


def to_keyed(head: object, records: Mapping[str, object]) -> bytes:
    """The file as bytes; what JSON does not have is a string in it."""
    lines = sorted(
        f"{json.dumps(key)}\t{json.dumps([place, value], default=str)}"
        for place, (key, value) in enumerate(records.items())
    )
    return "".join(f"{line}\n" for line in (json.dumps(head), *lines)).encode()


def read_keyed(path: str) -> tuple[Any, dict[str, Any]] | None:
    """What is about all records, and the records in their order; None where there is no file."""
    file = open_own_bytes(path)
    if file is None:
        return None
    with file:
        head, data = file.readline(), file.read()
    try:
        text = data.rstrip(b"\n").replace(b"\t", b":").replace(b"\n", b",")
        placed = from_json(b"{" + text + b"}")
        order = sorted(placed, key=lambda key: placed[key][0])
        return from_json(head), {key: placed[key][1] for key in order}
    except (ValueError, TypeError, LookupError):
        throw_away(path, "has another form")
        return None


def find_keyed(path: str, *keys: str) -> tuple[Any, dict[str, Any]] | None:
    """As :func:`read_keyed`, with those of the records that have one of the keys."""
    file = open_own_bytes(path)
    if file is None:
        return None
    try:
        with file:
            head = from_json(file.readline())
            start = file.tell()
            found = {key: _find(file, start, json.dumps(key).encode()) for key in keys}
        return head, {key: from_json(line)[1] for key, line in found.items() if line is not None}
    except (ValueError, TypeError, LookupError):
        throw_away(path, "has another form")
        return None


def _find(file: IO[bytes], low: int, key: bytes) -> bytes | None:
    """The value of the key as JSON, by bisection between the lines from ``low`` to the end."""
    high = file.seek(0, 2)
    while high - low > WINDOW:
        file.seek((low + high) // 2)
        file.readline()  # the rest of a line
        start = file.tell()
        if start >= high:
            break
        if file.readline().partition(b"\t")[0] <= key:
            low = start
        else:
            high = start
    file.seek(low)
    for line in file.read(high - low).splitlines():
        each, _, value = line.partition(b"\t")
        if each == key:
            return value
    return None
