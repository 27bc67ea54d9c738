"""DVC's own tests, from the source distribution of the version that is installed."""

from importlib.metadata import version
from pathlib import Path

from downloads import CACHE, unpacked

VERSION = version("dvc")


def get_tests(cache: Path = CACHE / "dvc-tests") -> Path:
    """The folder in which DVC's package of tests is, downloaded unless ``cache`` holds it.

    Raises :class:`downloads.Unreachable`.
    """
    words = ("--no-binary", "dvc", f"dvc=={VERSION}")
    top = f"dvc-{VERSION}"
    return (
        unpacked(cache / VERSION, *words, is_wanted=lambda name: name.startswith(f"{top}/tests/"))
        / top
    )
