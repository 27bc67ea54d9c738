"""The corpus: the notebooks in the source distributions that ``sources.txt`` names.

They are downloaded once, with pip and by their digests, and never committed.
"""

import hashlib
import os
import shutil
from pathlib import Path

from downloads import CACHE, unpacked

SOURCES = Path(__file__).with_name("sources.txt")


def get_corpus(cache: Path = CACHE / "corpus") -> Path:
    """The folder with one folder for each distribution, downloaded unless ``cache`` holds it.

    Raises :class:`downloads.Unreachable`.
    """
    corpus = cache / hashlib.sha256(SOURCES.read_bytes()).hexdigest()[:16]
    return unpacked(corpus, "--require-hashes", "--requirement", str(SOURCES))


def notebooks_of(corpus: Path) -> list[str]:
    """The notebooks, as paths relative to the corpus."""
    return sorted(path.relative_to(corpus).as_posix() for path in corpus.rglob("*.ipynb"))


def package_of(notebook: str) -> str:
    """``jupytext`` of ``jupytext-1.19.6/demo/a.ipynb``."""
    return notebook.partition("/")[0].rpartition("-")[0]


def copy_folder(corpus: Path, notebook: str, to: Path) -> Path:
    """A copy of the folder in which a notebook lies, for it may read what is beside it."""
    shutil.copytree(corpus / os.path.dirname(notebook), to)
    return to / os.path.basename(notebook)
