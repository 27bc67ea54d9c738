"""What the cells of a notebook show, as lines, and whether two runs show the same."""

import base64
import difflib
import hashlib
import importlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nbsnake.adopt.same import Verdict

_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")


def shown_lines(notebook: Mapping[str, Any]) -> list[str]:
    """What the cells print and show, as lines; pictures by their pixels.

    Warnings and other text of standard error are left out, as they name the file of the code.
    Addresses of objects are the same in all runs.
    """
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", ())]
    text = "\n".join(part.rstrip("\n") for output in outputs for part in _parts(output))
    return _ADDRESS.sub("0x0", text).splitlines()


def _parts(output: Mapping[str, Any]) -> Iterator[str]:
    if output["output_type"] == "stream":
        if output["name"] == "stdout":
            yield output["text"]
        return
    data = output.get("data", {})
    if "image/png" in data:
        yield f"picture {_pixels(data['image/png'])}"
    elif "text/plain" in data:
        yield data["text/plain"]


def _pixels(encoded: str) -> str:
    """A digest of a picture's pixels; of its bytes where Pillow is not installed."""
    data = base64.b64decode(encoded)
    try:
        image = importlib.import_module("PIL.Image")  # slow, and for pictures only
    except ImportError:
        return hashlib.sha256(data).hexdigest()
    picture = image.open(io.BytesIO(data)).convert("RGBA")
    return f"{picture.size} {hashlib.sha256(picture.tobytes()).hexdigest()}"


def compare_lines(whole: Sequence[str], again: Sequence[str], parts: Sequence[str]) -> Verdict:
    """Compare what the parts show with what a notebook shows in two runs.

    Lines that are others in each of its own runs, as times are, may be others in the parts too.
    """
    if whole == parts:
        return Verdict(True, f"{len(whole)} lines")
    varying = {line for each in _changes(whole, again) for line in range(each[1], each[2])}
    for tag, first, last, begin, end in _changes(whole, parts):
        lines = range(first, last) if tag != "insert" else [first - 1]
        if not varying.issuperset(lines):
            one, other = (
                " ".join(each) or "nothing" for each in (whole[first:last], parts[begin:end])
            )
            return Verdict(False, f"text differs: {_short(one)} became {_short(other)}")
    return Verdict(True, f"{len(whole)} lines, but {len(varying)} vary by themselves")


def _changes(one: Sequence[str], other: Sequence[str]) -> list[tuple[str, int, int, int, int]]:
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
    return [change for change in matcher.get_opcodes() if change[0] != "equal"]


def _short(text: str) -> str:
    return text if len(text) < 60 else f"{text[:57]}..."
