import json
from pathlib import Path

import papermill
import yaml
from pytask import PythonNode, task

ROOT = Path(__file__).parent
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
STEPS = {
    "load": ([], ["data/digits.npz"]),
    "pixels": (["data/digits.npz"], ["data/pixels.npz"]),
    "edges": (["data/digits.npz"], ["data/edges.npz"]),
    "svm": (["data/pixels.npz"], ["models/svm.pkl"]),
    "forest": (["data/edges.npz"], ["models/forest.pkl"]),
    "evaluate": (
        ["data/pixels.npz", "data/edges.npz", "models/svm.pkl", "models/forest.pkl"],
        ["results/metrics.json", "results/confusion.png"],
    ),
}


for name, (deps, outs) in STEPS.items():

    @task(id=name)
    def run(
        notebook=ROOT / "notebooks" / f"{name}.ipynb",
        params=PythonNode(value=json.dumps(PARAMS.get(name, {})), hash=True),
        deps=[ROOT / path for path in deps],
        produces=[ROOT / "executed" / f"{name}.ipynb", *(ROOT / path for path in outs)],
    ):
        papermill.execute_notebook(notebook, produces[0], json.loads(params), cwd=notebook.parent)
