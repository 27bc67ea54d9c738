import json
from itertools import product
from pathlib import Path

import papermill
from pytask import PythonNode, task

ROOT = Path(__file__).parent

for c, gamma in product([1, 2, 4, 8, 16], [0.02, 0.05, 0.1, 0.2]):
    name = f"svm-{c}-{gamma}"
    values = {"c": c, "gamma": gamma, "model": f"../models/{name}.pkl"}

    @task(id=name)
    def sweep(
        notebook=ROOT / "notebooks" / "svm.ipynb",
        params=PythonNode(value=json.dumps(values), hash=True),
        pixels=ROOT / "data" / "pixels.npz",
        produces=[ROOT / "executed" / f"{name}.ipynb", ROOT / "models" / f"{name}.pkl"],
    ):
        papermill.execute_notebook(notebook, produces[0], json.loads(params), cwd=notebook.parent)
