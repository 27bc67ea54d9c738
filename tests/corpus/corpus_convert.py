"""``nbsnake convert`` as users call it, and what it says."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NBSNAKE = [sys.executable, "-m", "nbsnake"]
# Why a notebook may be refused as a whole, and what may be wrong in one of its cells; the first
# pattern that fits the message names the reason, and other faults of cells are IPython's.
REASONS = {
    "other language": r"is written in ",
    "invalid file": (
        r"is not valid JSON|is not UTF-8|is nested too deeply|is JSON but not a notebook"
        r"|has no list of cells|has an unknown type|its source is not text|has the notebook format"
        r"|cannot be upgraded|cannot be read"
    ),
    "invalid Python": r"is not valid (?:in )?Python",
    "IPython only": r".",
}
IN_A_CELL = ("invalid Python", "IPython only")
_REFUSAL = re.compile(
    r"(?:nbsnake: )?(?P<path>.*?\.ipynb)(?:, cell (?P<cell>\d+)(?: \(In \[\d+\]\))?)?"
    r"(?:, line \d+)?: (?P<why>.+)"
)
_PLACE = re.compile(r"  cell (?P<cell>\d+)(?: \(In \[\d+\]\))?, line \d+(?:: .*)?")
# What is said of a notebook that has a script.
_NOTE = re.compile(
    r"left out: .+|dropped: .+|no parameters: .+|'.+' is no parameter: .+"
    r"|'.+' is not at the top of its cell, .+"
)
_FURTHER = re.compile(r"  hint: .+|  > .+|wrote .+|\d+ converted, \d+ refused")
_SEVERAL = re.compile(r"(?P<why>.+) \(\d+ times\)")
MARKER = re.compile(r"^# %% (?:\[\w+\] )?cell (\d+)$", re.MULTILINE)
_NO_EFFECT = re.compile(r"(?:\s*#[^\n]*\n)*\s*#\s*No effect", re.IGNORECASE)
_LEFT_OUT = {"no-effect", "remove_cell", "remove-cell", "skip-execution", "injected-parameters"}


@dataclass(frozen=True)
class Refusal:
    """A notebook's fault as it was reported on standard error; a notebook may have several."""

    notebook: str
    cell: int | None
    message: str

    @property
    def reason(self) -> str:
        """One of ``REASONS``."""
        return next(name for name, text in REASONS.items() if re.search(text, self.message))


@dataclass(frozen=True)
class Outcome:
    """What a run of ``nbsnake convert FOLDER -o OUT`` left."""

    code: int
    out: Path
    stdout: str
    stderr: str
    refusals: tuple[Refusal, ...]
    odd_lines: tuple[str, ...]

    def script(self, notebook: str) -> Path:
        return self.out / f"{notebook.removesuffix('.ipynb')}.py"


def convert(folder: Path, out: Path, *, seconds: float = 120) -> Outcome:
    """Convert all notebooks below ``folder``; its name is as its parent folder knows it."""
    done = subprocess.run(
        [*NBSNAKE, "convert", folder.name, "-o", str(out)],
        cwd=folder.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    refusals, odd = [], []
    group: tuple[str, str] | None = None
    for line in done.stderr.splitlines():
        if group and (place := _PLACE.fullmatch(line)):
            refusals.append(Refusal(group[0], int(place["cell"]), group[1]))
        elif match := _REFUSAL.fullmatch(line):
            notebook = match["path"].removeprefix(f"{folder.name}/")
            several = None if match["cell"] else _SEVERAL.fullmatch(match["why"])
            group = (notebook, several["why"]) if several else None
            cell = int(match["cell"]) if match["cell"] else None
            if not several and not _NOTE.fullmatch(match["why"]):
                refusals.append(Refusal(notebook, cell, match["why"]))
        elif not _FURTHER.fullmatch(line):
            odd.append(line)
    return Outcome(done.returncode, out, done.stdout, done.stderr, tuple(refusals), tuple(odd))


def kept_code_cells(notebook: Path) -> dict[int, str]:
    """Number and source of each code cell that is not left out; format 4 only, else none."""
    fields = fields_of(notebook)
    found = {}
    for number, cell in enumerate(fields.get("cells", []), start=1):
        metadata = cell.get("metadata")
        tags = metadata.get("tags", []) if isinstance(metadata, dict) else []
        source = "".join(cell.get("source", ""))
        is_kept = not _LEFT_OUT & set(tags) and not _NO_EFFECT.match(source)
        if cell["cell_type"] == "code" and is_kept:
            found[number] = source
    return found


def says_python(notebook: Path) -> bool:
    """Whether the notebook names Python as its language, in either place."""
    metadata = fields_of(notebook).get("metadata", {})
    places = (("language_info", "name"), ("kernelspec", "language"))
    return any(metadata.get(key, {}).get(name) == "python" for key, name in places)


def fields_of(notebook: Path) -> dict[str, Any]:
    """A notebook of format 4 as JSON has it; nothing for others."""
    try:
        fields = json.loads(notebook.read_bytes())
    except ValueError:
        return {}
    return fields if fields.get("nbformat") == 4 else {}


def sections(script: str) -> dict[int, str]:
    """What stands in the script below the marker of each cell."""
    parts = MARKER.split(script)
    return {int(number): text for number, text in zip(parts[1::2], parts[2::2], strict=True)}
