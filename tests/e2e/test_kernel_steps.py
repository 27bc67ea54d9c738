"""Steps whose notebooks run in a Jupyter kernel."""

import json
from typing import Any

import pytest
from e2e_project import Project
from jupyter_client.kernelspec import find_kernel_specs

pytestmark = [pytest.mark.e2e, pytest.mark.lock]

PYTHON = """\
# Doubles.
#
# :kernel:
# :param int factor:
# :dvc-in raw: data/raw.txt
# :dvc-out out: data/out.txt
factor = 2
raw = "../data/raw.txt"
out = "../data/out.txt"
"""
R = PYTHON.replace(" = ", " <- ")
CELLS = {
    "python3": (
        PYTHON,
        "%time n = int(open(raw).read())",
        'print(n * factor, file=open(out, "w"))',
    ),
    "ir": (R, "n <- as.integer(readLines(raw))", "writeLines(as.character(n * factor), out)"),
}
STOPS = {"python3": 'raise ValueError("too far")', "ir": 'stop("too far")'}
LANGUAGES = {"python3": "python", "ir": "R"}


def written(kernel: str, *cells: str) -> str:
    """A notebook for this kernel."""
    spec = {"name": kernel, "language": LANGUAGES[kernel], "display_name": kernel}
    info = {"kernelspec": spec, "language_info": {"name": LANGUAGES[kernel]}}
    code = {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": []}
    found: dict[str, Any] = {"nbformat": 4, "nbformat_minor": 4, "metadata": info}
    return json.dumps({**found, "cells": [{**code, "source": cell} for cell in cells]})


@pytest.mark.parametrize(
    "kernel",
    [
        "python3",
        pytest.param(
            "ir",
            marks=pytest.mark.skipif(
                "ir" not in find_kernel_specs(), reason="R has no kernel here"
            ),
        ),
    ],
)
def test_a_step_in_a_kernel_gives_its_result_and_its_notebook(kernel: str, folder: Project) -> None:
    folder.write("data/raw.txt", "21\n")
    folder.write("notebooks/double.ipynb", written(kernel, *CELLS[kernel], "factor"))
    folder.nbsnake("init")
    folder.write("params.yaml", "double:\n  factor: 3\n")
    folder.nbsnake("run")
    assert folder.read("data/out.txt") == "63\n"
    folder.assert_dvc_clean()
    assert "up to date" in folder.dvc("repro")
    shown = json.loads(folder.read(folder.nbsnake("show", "double").stdout.strip()))
    assert shown["metadata"]["kernelspec"]["name"] == kernel
    assert [cell["source"] for cell in shown["cells"][1:]] == [*CELLS[kernel][1:], "factor"]
    assert "3" in "".join(shown["cells"][-1]["outputs"][0]["data"]["text/plain"])

    folder.write("notebooks/double.ipynb", written(kernel, *CELLS[kernel], STOPS[kernel]))
    done = folder.nbsnake("run", code=1)
    assert "double failed: notebooks/double.ipynb, cell 4: RuntimeError" in done.stderr
    assert "too far" in done.stderr
    assert "double is stale: cell 4 of double.ipynb changed" in done.stderr
