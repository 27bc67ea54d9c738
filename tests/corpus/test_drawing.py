"""Pictures of public notebooks: scripts save what Jupyter saves, pixel by pixel.

The notebooks only show their figures; a line in each cell that draws saves the current one, on both
sides. ``drawing.txt`` names those that can run here, each after the number of its pictures.
"""

import os
import shutil
from collections import Counter
from pathlib import Path

import corpus_values
import numpy
import pytest
from corpus_convert import convert, kept_code_cells
from corpus_values import make_script, run_notebook, run_script
from downloads import Unreachable
from drawing import LIBRARIES, get_drawing, saving
from IPython.core.inputtransformer2 import TransformerManager
from test_corpus import parse
from test_pictures import pictures

pytestmark = pytest.mark.corpus

LINES = Path(__file__).with_name("drawing.txt").read_text("utf-8").splitlines()
DRAWING = {name: int(count) for count, _, name in (line.partition(" ") for line in LINES)}
MIN_PICTURES = 100
MIN_SHARE = 0.97


@pytest.fixture(scope="session")
def drawing() -> Path:
    """The unpacked source distributions; skips where they cannot be had."""
    try:
        return get_drawing()
    except Unreachable as reason:
        pytest.skip(f"the notebooks that draw cannot be downloaded: {reason}")


@pytest.mark.parametrize("notebook", DRAWING)
def test_script_saves_the_pictures_of_a_public_notebook(
    notebook, drawing, tmp_path, say, monkeypatch
):
    monkeypatch.setattr(corpus_values, "SECONDS", 300)
    paths = os.pathsep.join(str(drawing / each) for each in LIBRARIES)
    monkeypatch.setenv("PYTHONPATH", paths)
    folders = tmp_path / "notebook", tmp_path / "script"
    for folder in folders:
        shutil.copytree((drawing / notebook).parent, folder)
        (folder / "drawing.ipynb").write_text(saving((drawing / notebook).read_text("utf-8")))
    run_notebook(folders[0] / "drawing.ipynb", tmp_path)
    run_script(make_script(folders[1] / "drawing.ipynb", tmp_path), tmp_path)
    expected, found = map(pictures, folders)
    say(f"{notebook}: {len(found)} pictures")
    assert found.keys() == expected.keys()
    assert len(found) >= DRAWING[notebook]
    for picture, pixels in expected.items():
        assert numpy.array_equal(found[picture], pixels), picture


def test_there_are_enough_pictures():
    assert sum(DRAWING.values()) >= MIN_PICTURES


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::SyntaxWarning")  # authors' own
def test_notebooks_that_ipython_accepts_become_scripts(drawing, tmp_path, say):
    outcome = convert(drawing, tmp_path / "out")
    paths = (path.relative_to(drawing) for path in drawing.rglob("*.ipynb"))
    notebooks = {
        path.as_posix() for path in paths if not any(part[0] == "." for part in path.parts)
    }
    refused = {each.notebook for each in outcome.refusals}
    good = {each for each in notebooks if is_accepted(drawing / each)}
    reasons = Counter(each.reason for each in outcome.refusals)
    scripts = f"{len(notebooks - refused)} of {len(notebooks)} are scripts"
    say(f"{scripts}; refusals: {dict(reasons)}")
    assert outcome.odd_lines == ()
    assert len(good - refused) >= MIN_SHARE * len(good)
    for path in outcome.out.rglob("*.py"):
        compile(path.read_text("utf-8"), path, "exec", dont_inherit=True)


def is_accepted(notebook: Path) -> bool:
    """Whether each cell is Python for IPython."""
    transform = TransformerManager().transform_cell
    return all(parse(transform(text)) is not None for text in kept_code_cells(notebook).values())
