"""Run a notebook in a kernel of its own and save its variables: ``run_notebook.py NOTEBOOK OUT``.

The notebook with its outputs is saved beside ``OUT``.

The working directory is the notebook's folder, as in Jupyter. What its cells print goes to standard
output. Exits with 1, and the error's last line on standard error, where a cell fails.
"""

import json
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

CELL_SECONDS = 30
SAVE = """\
import runpy as _runpy
_runpy.run_path({file!r})["save"](globals(), {out!r})
"""


def main(path: str, out: str) -> None:
    notebook = nbformat.read(path, as_version=4)
    code = SAVE.format(file=str(Path(__file__).with_name("describe.py")), out=out)
    notebook.cells.append(nbformat.v4.new_code_cell(code))
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(Path(path).parent)}},
    )
    try:
        client.execute()
    except CellExecutionError as error:
        sys.exit(f"{error.ename}: {error.evalue}")
    except (CellTimeoutError, DeadKernelError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
    del notebook.cells[-1]
    Path(out).with_suffix(".ipynb").write_text(json.dumps(notebook))
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    for output in outputs:
        if output.output_type == "stream" and output.name == "stdout":
            print(output.text, end="")


if __name__ == "__main__":
    main(*sys.argv[1:])
