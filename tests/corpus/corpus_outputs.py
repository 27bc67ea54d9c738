"""The outputs of notebooks, in a form in which those of two runs can be compared."""

import base64
import hashlib
import io
import json
import re
from collections.abc import Iterable
from typing import Any

from PIL import Image

ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")
PLACE = re.compile(r"^.*(?:ipykernel_|\.py).*?: (?=\w+:)", re.MULTILINE)  # of a warning
TIMES = re.compile(r"^(?:CPU times|Wall time): .*\n", re.MULTILINE)  # that %time reports
RETURNS = re.compile(r"\r+\n")  # of a terminal
Outputs = dict[int, list[tuple[str, str]]]


def of_jupyter(notebook: dict[str, Any]) -> Outputs:
    """By the cell's number in the notebook; cells that show nothing are left out."""
    cells = enumerate(notebook["cells"], start=1)
    return _shown((number, cell) for number, cell in cells if cell["cell_type"] == "code")


def of_run(notebook: dict[str, Any]) -> Outputs:
    """The same of a notebook that a run left."""
    codes = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return _shown((cell["metadata"]["nbsnake"]["cell"], cell) for cell in codes)


def _shown(cells: Iterable[tuple[int, dict[str, Any]]]) -> Outputs:
    found = {number: _plain(cell["outputs"]) for number, cell in cells}
    return {number: shown for number, shown in found.items() if shown}


def _plain(outputs: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Texts of one stream as one, before all else: their order among themselves is kept."""
    texts = {"stdout": "", "stderr": ""}
    found = []
    for output in outputs:
        if output["output_type"] == "stream":
            texts[output["name"]] += output["text"]
        elif output["output_type"] == "error":
            found.append(("error", f"{output['ename']}: {output['evalue']}"))
        else:
            data = output["data"].items()
            found += [(f"{output['output_type']} {kind}", _one(kind, each)) for kind, each in data]
    cleaned = [(kind, _cleaned(text)) for kind, text in [*texts.items(), *found]]
    return sorted((kind, text) for kind, text in cleaned if text)


def _one(kind: str, value: Any) -> str:
    if kind in ("image/png", "image/jpeg"):
        picture = Image.open(io.BytesIO(base64.b64decode(value))).convert("RGBA")
        return f"{picture.size} {hashlib.sha256(picture.tobytes()).hexdigest()}"
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _cleaned(text: str) -> str:
    return TIMES.sub("", PLACE.sub("", ADDRESS.sub("0x0", RETURNS.sub("\n", text))))
