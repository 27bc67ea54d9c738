"""The corpus: the notebooks in the source distributions that ``sources.txt`` names.

They are downloaded once, with pip and by their digests, and never committed.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOURCES = Path(__file__).with_name("sources.txt")
CACHE = Path(__file__).parents[2] / ".pytest_cache" / "corpus"
DOWNLOAD_SECONDS = 300


class Unreachable(Exception):  # noqa: N818  (a fact about the network, not a fault)
    """The source distributions could not be had; the text is pip's last word."""


def get_corpus(cache: Path = CACHE) -> Path:
    """The folder with one folder for each distribution, downloaded unless ``cache`` holds it.

    Raises :class:`Unreachable`.
    """
    corpus = cache / hashlib.sha256(SOURCES.read_bytes()).hexdigest()[:16]
    with _locked(cache):
        if not corpus.exists():
            _make(corpus, cache)
    return corpus


def notebooks_of(corpus: Path) -> list[str]:
    """The notebooks, as paths relative to the corpus."""
    return sorted(path.relative_to(corpus).as_posix() for path in corpus.rglob("*.ipynb"))


def package_of(notebook: str) -> str:
    """``jupytext`` of ``jupytext-1.19.6/demo/a.ipynb``."""
    return notebook.partition("/")[0].rpartition("-")[0]


@contextmanager
def _locked(cache: Path) -> Iterator[None]:
    """One process at a time, as pytest-xdist starts several that all want the corpus."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _unpack(archive: tarfile.TarFile, folder: Path) -> None:
    """Regular files only, and below the folder only; each is to be met once, so without links."""
    for member in archive.getmembers():
        path = folder / member.name
        if member.isfile() and path.resolve().is_relative_to(folder.resolve()):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.extractfile(member).read())


def _make(corpus: Path, cache: Path) -> None:
    """Make it beside its place and rename it, so that it is there as a whole or not at all."""
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        downloads, unpacked = Path(scratch, "downloads"), Path(scratch, "unpacked")
        _download(downloads)
        for archive in sorted(downloads.iterdir()):
            with tarfile.open(archive) as opened:
                _unpack(opened, unpacked)
        unpacked.rename(corpus)


def _download(folder: Path) -> None:
    """Without dependencies; pip only asks each distribution for its own metadata."""
    words = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    words += ["--no-deps", "--require-hashes", "--requirement", str(SOURCES), "--dest", str(folder)]
    try:
        done = subprocess.run(
            [sys.executable, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DOWNLOAD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unreachable(f"pip took more than {DOWNLOAD_SECONDS} s") from None
    if "THESE PACKAGES DO NOT MATCH THE HASHES" in done.stderr:
        raise ValueError(done.stderr)  # that is no matter of the network
    if done.returncode:
        raise Unreachable((done.stderr.strip().splitlines() or ["pip failed"])[-1])


def copy_folder(corpus: Path, notebook: str, to: Path) -> Path:
    """A copy of the folder in which a notebook lies, for it may read what is beside it."""
    shutil.copytree(corpus / os.path.dirname(notebook), to)
    return to / os.path.basename(notebook)
