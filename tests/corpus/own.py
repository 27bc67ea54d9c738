"""Notebooks that compute more than those of the corpus do.

Each is a file in ``own_notebooks``, its code cells parted by ``# %%``. They hold what data
scientists' notebooks hold: tables, arrays, models, plots, classes, and state that goes from cell to
cell.
"""

import json
from pathlib import Path

FOLDER = Path(__file__).with_name("own_notebooks")
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))


def text_of(name: str, folder: Path = FOLDER) -> str:
    """A notebook as Jupyter saves it."""
    sources = (folder / f"{name}.txt").read_text("utf-8").removesuffix("\n").split("\n# %%\n")
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": source.splitlines(keepends=True),
        }
        for number, source in enumerate(sources)
    ]
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    fields = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
    return json.dumps(fields, indent=1)
