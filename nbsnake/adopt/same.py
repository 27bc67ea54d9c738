"""Whether two results are the same: byte for byte, else by what their type means.

Tables are compared by values, pictures by pixels, numbers up to the last digits. Pickles are not
opened, because that executes what is in them.
"""

import csv
import importlib
import io
import json
import math
import os
from collections.abc import Callable
from typing import Any, NamedTuple

from nbsnake.job.regular import open_regular, read_regular

TOLERANCE = 1e-9  # relative
BLOCK = 1 << 20  # bytes
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff")


class Verdict(NamedTuple):
    """Whether two results are the same, and in what."""

    same: bool
    what: str


def compare(one: str, other: str) -> Verdict:
    """Compare two files or folders; one that is absent is the same as none."""
    missing = [not os.path.exists(path) for path in (one, other)]
    if any(missing):
        return Verdict(False, "not written by the notebook" if missing[0] else "not written")
    if os.path.isdir(one) or os.path.isdir(other):
        return _folders(one, other)
    if _same_bytes(one, other):
        return Verdict(True, "bytes")
    compared = _BY_ENDING.get(os.path.splitext(one)[1].lower())
    if compared is None:
        return Verdict(False, "bytes differ")
    what, is_same = compared
    try:
        same = is_same(one, other)
    except Exception as error:  # whatever a reader of the type stumbles on
        return Verdict(False, f"bytes differ, and it cannot be read: {type(error).__name__}")
    return Verdict(same, what if same else f"{what} differ")


def _same_bytes(one: str, other: str) -> bool:
    with open_regular(one) as first, open_regular(other) as second:
        while (block := first.read(BLOCK)) == second.read(BLOCK):
            if not block:
                return True
    return False


def _folders(one: str, other: str) -> Verdict:
    names = [_files_below(path) for path in (one, other)]
    if names[0] != names[1]:
        return Verdict(False, f"{len(names[0])} files and {len(names[1])} files")
    found = [compare(os.path.join(one, name), os.path.join(other, name)) for name in names[0]]
    bad = [name for name, each in zip(names[0], found, strict=True) if not each.same]
    if bad:
        return Verdict(False, f"{len(bad)} of {len(found)} files differ, such as {bad[0]}")
    return Verdict(True, ", ".join(sorted({each.what for each in found})) or "empty")


def _files_below(folder: str) -> list[str]:
    return sorted(
        os.path.relpath(os.path.join(top, name), folder)
        for top, _, names in os.walk(folder)
        for name in names
    )


def _alike(one: Any, other: Any) -> bool:
    """Whether two values of JSON are the same, floats up to the last digits."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, float) and isinstance(other, float):
        both_nan = math.isnan(one) and math.isnan(other)
        return both_nan or math.isclose(one, other, rel_tol=TOLERANCE)
    return bool(one == other)


def _same_json(one: str, other: str) -> bool:
    return _alike(*(json.loads(read_regular(path)) for path in (one, other)))


def _same_rows(one: str, other: str) -> bool:
    rows = []
    for path in (one, other):
        text = io.StringIO(read_regular(path).decode(), newline="")
        reader = csv.reader(text, delimiter="\t" if path.endswith(".tsv") else ",")
        rows.append([[_cell(text) for text in row] for row in reader])
    return _alike(*rows)


def _cell(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _same_frames(reader: str) -> Callable[[str, str], bool]:
    def same(one: str, other: str) -> bool:
        pandas = importlib.import_module("pandas")  # slow, and for such tables only
        frames = [getattr(pandas, reader)(path) for path in (one, other)]
        try:
            pandas.testing.assert_frame_equal(*frames, rtol=TOLERANCE)
        except AssertionError:
            return False
        return True

    return same


def _same_arrays(one: str, other: str) -> bool:
    numpy = importlib.import_module("numpy")  # slow, and for arrays only
    found = [numpy.load(path, allow_pickle=False) for path in (one, other)]
    if not one.endswith(".npz"):
        return bool(numpy.array_equal(*found))
    names = [sorted(each.files) for each in found]
    return names[0] == names[1] and all(
        bool(numpy.array_equal(found[0][name], found[1][name])) for name in names[0]
    )


def _same_pixels(one: str, other: str) -> bool:
    image = importlib.import_module("PIL.Image")  # slow, and for pictures only
    pictures = [image.open(path).convert("RGBA") for path in (one, other)]
    sizes = [each.size for each in pictures]
    return bool(sizes[0] == sizes[1] and pictures[0].tobytes() == pictures[1].tobytes())


_BY_ENDING: dict[str, tuple[str, Callable[[str, str], bool]]] = {
    ".csv": ("values", _same_rows),
    ".tsv": ("values", _same_rows),
    ".json": ("values", _same_json),
    ".parquet": ("values", _same_frames("read_parquet")),
    ".feather": ("values", _same_frames("read_feather")),
    ".npy": ("values", _same_arrays),
    ".npz": ("values", _same_arrays),
    **dict.fromkeys(_PICTURES, ("pixels", _same_pixels)),
}
