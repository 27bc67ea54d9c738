"""The examples of docs/python.md, on a real project."""

import contextlib
import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest
from builders import declare, nb_bytes
from e2e_project import Project

import nbsnake
from nbsnake.errors import NbsnakeError

pytestmark = pytest.mark.e2e
PAGE = Path(__file__).parents[2] / "docs/python.md"
TRAIN = declare(
    ":param float rate: r",
    ":dvc-out model: models/model.txt",
    body='rate = 0.1\nmodel = "../models/model.txt"\n',
)
CELL = (
    "def double(x):\n    return 2 * x\n\n\n"
    'with open(model, "w") as file:\n    file.write(f"rate {rate}")'
)


def test_the_examples_of_the_page_are_true(
    folder: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(folder.root, "notebooks").mkdir()
    Path(folder.root, "notebooks/train.ipynb").write_bytes(nb_bytes(TRAIN, CELL))
    for command in ("init", "generate"):
        folder.run("nbsnake", command)
    for name, value in folder.env.items():
        monkeypatch.setenv(name, value)
    with contextlib.chdir(folder.root):
        found = doctest.testfile(str(PAGE), module_relative=False)
    assert (found.failed, found.attempted) == (0, 10)
    files = re.findall(r"```python\n# (\w+\.py)\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert [name for name, _ in files] == ["conftest.py", "test_train.py"]
    for name, text in files:
        Path(folder.root, name).write_text(text)
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(words, cwd=folder.root, capture_output=True, text=True)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    project = nbsnake.load_project(folder.root / "notebooks")
    (status,) = project.status("train")
    assert (status.state, status.locked, status.notebook) == (
        *("fresh", True, "notebooks/train.ipynb"),
    )
    with pytest.raises(NbsnakeError, match=r"^no such step: x") as caught:
        project.status("x")
    assert caught.value.exit_code == 2
