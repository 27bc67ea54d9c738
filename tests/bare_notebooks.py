"""The examples as they were before they became steps: without the docstrings of their notebooks."""

import json
import shutil
from pathlib import Path

from nbsnake.notebook.read import read_notebook
from nbsnake.notebook.read_step import read_step

EXAMPLES = Path(__file__).parents[1] / "examples"


def copy_bare(example, folder):
    """Copy an example without the docstrings of its notebooks."""
    shutil.copytree(EXAMPLES / example, folder)
    for path in sorted((folder / "notebooks").glob("*.ipynb")):
        fields = json.loads(path.read_text(encoding="utf-8"))
        for cell in fields["cells"]:
            source = "".join(cell["source"])
            if cell["cell_type"] == "code" and source.startswith('"""'):
                bare = source[source.index('"""', 3) + 3 :].lstrip("\n")
                cell["source"] = bare.splitlines(keepends=True)
        path.write_text(json.dumps(fields, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return folder


def steps_of(folder):
    """What the notebooks of a project declare, by their names."""
    found = {}
    for path in sorted((folder / "notebooks").glob("*.ipynb")):
        step = read_step(read_notebook(str(path)))
        found[path.stem] = step
    return found
