"""A new notebook that is a step from the beginning."""

import hashlib
import json
from collections.abc import Iterable, Iterator

from nbsnake.adopt.naming import fresh, step_of
from nbsnake.adopt.rewrite import relative_to
from nbsnake.model.quote import literal


def blank_notebook(path: str, inputs: Iterable[str], outputs: Iterable[str]) -> str:
    """The text of a notebook at ``path`` that reads and writes these files, all from the root.

    Without outputs it writes ``results/NAME.txt``.
    """
    step = step_of(path, set())
    title = step.replace("_", " ").capitalize()
    files = [("dvc-in", each) for each in inputs]
    files += [("dvc-out", each) for each in outputs] or [("dvc-out", f"results/{step}.txt")]
    taken: set[str] = {"Path", "json"}
    named = []
    for key, file in files:
        name = fresh(file, taken)
        taken.add(name)
        named.append((key, name, file))
    lines = [f'"""{title}.', "", *(f":{key} {name}:" for key, name, _ in named), '"""']
    lines += [f"{name} = {literal(relative_to(path, file))}" for _, name, file in named]
    first = next(name for key, name, _ in named if key == "dvc-out")
    body = [
        "from pathlib import Path",
        "",
        f"Path({first}).parent.mkdir(parents=True, exist_ok=True)",
        f'Path({first}).write_text("")',
    ]
    cells = [("markdown", [f"# {title}"]), ("code", lines), ("code", body)]
    return json.dumps(_document(cells), indent=1, ensure_ascii=False) + "\n"


def _document(cells: Iterable[tuple[str, list[str]]]) -> dict[str, object]:
    return {
        "cells": list(_cells(cells)),
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _cells(cells: Iterable[tuple[str, list[str]]]) -> Iterator[dict[str, object]]:
    for kind, lines in cells:
        yield new_cell(kind, "\n".join(lines))


def new_cell(kind: str, text: str) -> dict[str, object]:
    """A cell as JSON, with an id of its content."""
    cell: dict[str, object] = {"cell_type": kind}
    if kind == "code":
        cell["execution_count"] = None
    cell |= {"id": hashlib.sha256(text.encode()).hexdigest()[:8], "metadata": {}}
    if kind == "code":
        cell["outputs"] = []
    return {**cell, "source": text.splitlines(keepends=True)}
