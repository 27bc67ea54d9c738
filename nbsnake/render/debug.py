"""A copy of a notebook with the values of one variant put in, to run in Jupyter."""

import copy
import json
import re
from pathlib import PurePosixPath
from typing import Any

from nbsnake.model.quote import literal, string
from nbsnake.model.step import Argument, Step
from nbsnake.model.variants import Variant
from nbsnake.notebook.code import ARGUMENTS

_USE = re.compile(rf"\b{ARGUMENTS}\.([^\W\d]\w*)")
SET_UP = """\
# Written by nbsnake: be where the script of {name} is.
import os
import sys
from pathlib import Path

while not os.path.isdir(".dvc"):
    os.chdir("..")
sys.path.insert(0, os.path.abspath({folder}))"""


def debug_notebook(document: dict[str, Any], step: Step, variant: Variant) -> dict[str, Any]:
    """The notebook, whose JSON is ``document``, with what the variant's script gets.

    Its cells stay as they are, but for those that declare parameters; the first one is added.
    """
    values = {each.name: _value(each, step, variant) for each in step.arguments}
    found = copy.deepcopy(document)
    for cell in step.program.cells:
        bound = step.program.unassigned if cell.index == step.program.metadata else ()
        if cell.kind == "code" and (bound or _USE.search(cell.source)):
            lines = [f"{name} = {values[name]}\n" for name in bound]
            source = _USE.sub(lambda match: values.get(match[1], match[0]), cell.source)
            found["cells"][cell.index - 1]["source"] = "".join([*lines, source])
    folder = string(str(PurePosixPath(step.notebook).parent))
    set_up = SET_UP.format(name=step.name, folder=folder)
    found["cells"].insert(0, _cell(set_up, document))
    for cell in found["cells"]:
        if cell.get("cell_type") == "code":
            cell.update(outputs=[], execution_count=None)
    return found


def _cell(source: str, document: dict[str, Any]) -> dict[str, Any]:
    has_ids = (document.get("nbformat", 4), document.get("nbformat_minor", 0)) >= (4, 5)
    kind = {"cell_type": "code", "metadata": {}, "source": source}
    return {**({"id": "nbsnake-debug"} if has_ids else {}), **kind}


def _value(argument: Argument, step: Step, variant: Variant) -> str:
    """The value as Python code; of an axis, in the type of the parameter."""
    value = step.value(argument, variant)
    kind = argument.type
    if isinstance(value, str) and not kind.is_list and kind.kind not in ("str", "Path"):
        value = json.loads(value)
        value = float(value) if kind.kind == "float" else value
    if kind.kind == "Path" and isinstance(value, str):
        return f"Path({literal(value)})"
    if kind.kind == "Path" and isinstance(value, list):
        return f"[{', '.join(f'Path({literal(each)})' for each in value)}]"
    return literal(value)
