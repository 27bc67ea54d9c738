"""The notebook of a run as an output of its step.

Standard library only: this runs inside jobs. The same run gives the same bytes: what tells one run
from another is left out, that is times, the machine, the project's folder, and addresses in memory.
"""

import os
import re
from typing import Any

ADDRESS = re.compile(r"\b0x[0-9a-f]{6,16}\b")
REPORT = {"report": True}  # what the metadata say of it, so that it is no step itself


def as_report(notebook: dict[str, Any]) -> dict[str, Any]:
    """The notebook without what is of one run."""
    metadata = {**notebook["metadata"], "nbsnake": REPORT}
    return {**notebook, "metadata": metadata, "cells": [*map(_cell, notebook["cells"])]}


def _cell(cell: dict[str, Any]) -> dict[str, Any]:
    outputs = {"outputs": _constant(cell["outputs"])} if "outputs" in cell else {}
    return {**cell, "metadata": {}, **outputs}


def _constant(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _constant(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [_constant(each, key) for each in value]
    if not isinstance(value, str) or key.startswith("image/"):
        return value
    return ADDRESS.sub("0x0", value.replace(os.getcwd() + os.sep, ""))
