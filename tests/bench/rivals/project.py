"""Digits as a project of a tool, and how many lines a person writes for that."""

import ast
import difflib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rival_tools import PROJECTS, Tool

DIGITS = Path(__file__).parents[3] / "examples" / "digits"
RAN = "RIVALS_RAN"  # names the file to which each notebook that runs adds its name
NOTE = 'import os\n\nwith open(os.environ["{ran}"], "a") as ran:\n    ran.write("{name}\\n")\n'


def write_project(root: Path, tool: Tool) -> None:
    """The notebooks in the tool's form, and its settings; nothing is run."""
    notebooks = root / "notebooks"
    for folder in ("notebooks", "executed", "data", "models", "results"):
        (root / folder).mkdir(parents=True)
    for source in sorted(DIGITS.glob("notebooks/*.ipynb")):
        document = _notebook(source, tool)
        (notebooks / source.name).write_text(json.dumps(document, indent=1))
    for file in _settings(tool):
        shutil.copy(file, root)


def written_lines(tool: Tool) -> tuple[int, int]:
    """Lines of settings, and of notebooks, that are not in notebooks that no tool has seen."""
    settings = sum(_filled(file.read_text()) for file in _settings(tool))
    cells = sum(_lines_of_cell(source, tool) for source in sorted(DIGITS.glob("notebooks/*.ipynb")))
    return settings, cells


def sweep_lines(tool: Tool) -> int:
    """Lines that the sweep adds."""
    folder = PROJECTS / tool.name
    count = 0
    for file in (folder / "sweep").iterdir():
        before = folder / file.name
        old = before.read_text().splitlines() if before.exists() else []
        lines = difflib.ndiff(old, file.read_text().splitlines())
        count += sum(line.startswith("+ ") and bool(line[2:].strip()) for line in lines)
    return count


def add_sweep(root: Path, tool: Tool) -> None:
    """Ask for the sweep."""
    for file in (PROJECTS / tool.name / "sweep").iterdir():
        shutil.copy(file, root)


def change_value(root: Path, tool: Tool, old: str, new: str) -> None:
    """Write another value where the tool reads it. Raises ValueError where the old one is not."""
    path = root / tool.values
    text = path.read_text()
    if old not in text:
        raise ValueError(f"{path} does not hold {old}")
    path.write_text(text.replace(old, new))


def add_comment(root: Path) -> None:
    """Add a comment to a cell of the svm notebook."""
    path = root / "notebooks" / "svm.ipynb"
    document = json.loads(path.read_text())
    cell = _cell(document, "train")
    cell["source"] = "# The default kernel is Gaussian.\n" + "".join(cell["source"])
    path.write_text(json.dumps(document, indent=1))


def _settings(tool: Tool) -> list[Path]:
    folder = PROJECTS / tool.name
    return sorted(path for path in folder.iterdir() if path.is_file())


def _notebook(source: Path, tool: Tool) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(source.read_text())
    for cell in document["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    imports = _cell(document, "imports")
    imports["source"] = NOTE.format(ran=RAN, name=source.stem) + "".join(imports["source"])
    first = _cell(document, "step")
    head, _, use = _first_cell(source, tool).partition("# %%\n")
    first["source"] = head
    if tool.tagged:
        first["metadata"] = {"tags": ["parameters"]}
    if use:
        place = document["cells"].index(first) + 1
        document["cells"].insert(place, {**first, "id": "use", "metadata": {}, "source": use})
    return document


def _first_cell(source: Path, tool: Tool) -> str:
    """The cell with the parameters, in two parts where the tool needs two cells."""
    own = PROJECTS / tool.name / "cells" / f"{source.stem}.py"
    if own.exists():
        return own.read_text()
    text = "".join(_cell(json.loads(source.read_text()), "step")["source"])
    return text if tool.name == "nbsnake" else _without_docstring(text)


def _lines_of_cell(source: Path, tool: Tool) -> int:
    """Lines of the first cell that a bare notebook does not have; a tag counts as one."""
    bare = _without_docstring("".join(_cell(json.loads(source.read_text()), "step")["source"]))
    known = set(bare.splitlines())
    text = _first_cell(source, tool)
    return tool.tagged + sum(
        bool(line.strip()) and line != "# %%" and line not in known for line in text.splitlines()
    )


def _without_docstring(text: str) -> str:
    end = ast.parse(text).body[0].end_lineno
    return "\n".join(text.splitlines()[end:]) + "\n"


def _cell(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(_cells(document, name))


def _cells(document: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    yield from (cell for cell in document["cells"] if cell["id"] == name)


def _filled(text: str) -> int:
    return sum(bool(line.strip()) for line in text.splitlines())
