"""Source distributions that tests read: downloaded once by pip, and never committed."""

import fcntl
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

CACHE = Path(__file__).parents[2] / ".pytest_cache"
DOWNLOAD_SECONDS = 300


class Unreachable(Exception):  # noqa: N818  (a fact about the network, not a fault)
    """The source distributions could not be had; the text is pip's last word."""


def unpacked(folder: Path, *words: str, is_wanted: Callable[[str], bool] = lambda _: True) -> Path:
    """``folder`` with what ``pip download`` gets for the words, downloaded unless it is there.

    ``is_wanted`` says of a file of a distribution, by its path, whether it is. Raises
    :class:`Unreachable`.
    """
    with _locked(folder.parent):
        if not folder.exists():
            _make(folder, words, is_wanted)
    return folder


@contextmanager
def _locked(cache: Path) -> Iterator[None]:
    """One process at a time, as pytest-xdist starts several that all want the same files."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(folder: Path, words: tuple[str, ...], is_wanted: Callable[[str], bool]) -> None:
    """Make it beside its place and rename it, so that it is there as a whole or not at all."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        downloads, new = Path(scratch, "downloads"), Path(scratch, "unpacked")
        _download(downloads, words)
        for archive in sorted(downloads.iterdir()):
            with tarfile.open(archive) as opened:
                _unpack(opened, new, is_wanted)
        new.rename(folder)


def _unpack(archive: tarfile.TarFile, folder: Path, is_wanted: Callable[[str], bool]) -> None:
    """Regular files only, and below the folder only; each is to be met once, so without links."""
    for member in archive.getmembers():
        path = folder / member.name
        is_inside = path.resolve().is_relative_to(folder.resolve())
        if member.isfile() and is_inside and is_wanted(member.name):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.extractfile(member).read())


def _download(folder: Path, words: tuple[str, ...]) -> None:
    """Without dependencies; pip only asks each distribution for its own metadata."""
    start = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    try:
        done = subprocess.run(
            [*start, "--no-input", "--no-deps", "--dest", str(folder), *words],
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
