"""The pictures that scripts save are those that notebooks save, pixel by pixel.

Each notebook runs in a kernel, its script in Python, each in a folder of its own.
"""

import shutil
from pathlib import Path

import numpy
import own
import pytest
from corpus_values import make_script, run_notebook, run_script
from PIL import Image

pytestmark = pytest.mark.corpus

FOLDER = Path(__file__).with_name("picture_notebooks")
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))
PRINTED = "(printed)"


def pictures(folder):
    """The pixels of each picture, by name."""
    paths = sorted(folder.glob("*.png"))
    return {path.name: numpy.asarray(Image.open(path).convert("RGBA")) for path in paths}


@pytest.mark.parametrize("name", NAMES)
def test_script_saves_the_pictures_of_its_notebook(name, tmp_path, say):
    folders = tmp_path / "notebook", tmp_path / "script"
    folders[0].mkdir()
    (folders[0] / "a.ipynb").write_text(own.text_of(name, FOLDER))
    shutil.copytree(*folders)
    printed = run_notebook(folders[0] / "a.ipynb", tmp_path).get(PRINTED)
    script = make_script(folders[1] / "a.ipynb", tmp_path)
    assert run_script(script, tmp_path).get(PRINTED) == printed
    expected, found = map(pictures, folders)
    assert found.keys() == expected.keys()
    say(f"{name}: {len(found)} pictures")
    for picture, pixels in expected.items():
        assert numpy.array_equal(found[picture], pixels), picture
