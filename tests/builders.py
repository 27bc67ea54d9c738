"""One-line arrangements: notebooks, steps and pipelines as tests need them."""

import copy
import json

from nbsnake.compile import compile_step, step_name
from nbsnake.model import Pipeline
from nbsnake.notebook import parse_notebook
from nbsnake.spec import read_spec

PYTHON = {"language_info": {"name": "python"}}


def nb_fields(*cells, metadata=PYTHON, tags=None):
    """A notebook as JSON fields; a cell is its code, or ``(type, text)``.

    ``tags`` maps the number of a cell, from 1, to its tags.
    """
    tags = tags or {}
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": copy.deepcopy(metadata),
        "cells": [_cell(cell, tags.get(number)) for number, cell in enumerate(cells, start=1)],
    }


def _cell(cell, tags):
    kind, text = ("code", cell) if isinstance(cell, str) else cell
    fields = {"cell_type": kind, "metadata": {"tags": tags} if tags else {}, "source": text}
    return {**fields, "execution_count": None, "outputs": []} if kind == "code" else fields


def nb_bytes(*cells, **more):
    return json.dumps(nb_fields(*cells, **more)).encode()


def nb(*cells, path="notebooks/a.ipynb", **more):
    """A notebook as nbsnake reads it."""
    return parse_notebook(nb_bytes(*cells, **more), path)


def spec_of(source, *cells, path="notebooks/a.ipynb"):
    """What a notebook whose first cell is ``source`` declares."""
    return read_spec(nb(source, *cells, path=path))


def step(source, *cells, path="notebooks/a.ipynb", params=None):
    """The step of a notebook; ``params`` are its values in params.yaml."""
    return compile_step(spec_of(source, *cells, path=path), params)


def pipeline(*steps):
    return Pipeline(tuple(steps))


def declare(*fields, body=""):
    """The source of a metadata cell with these reST fields."""
    lines = "\n".join(fields)
    return f'"""Step.\n\n{lines}\n"""\n{body}'


def config_of(*steps):
    """params.yaml's part of each step that has one."""
    return {each.name: {arg.name: arg.value for arg in each.config} for each in steps}


__all__ = [
    "config_of",
    "declare",
    "nb",
    "nb_bytes",
    "nb_fields",
    "pipeline",
    "spec_of",
    "step",
    "step_name",
]
