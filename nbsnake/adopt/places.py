"""From paths as the code has them to paths from the project's root."""

import os
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass

_URL = re.compile(r"[A-Za-z][\w+.-]*://")
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]")
_ELSEWHERE = ("/dev/", "/tmp", "/proc/")  # noqa: S108  (where no result is kept)


@dataclass(frozen=True, slots=True)
class Places:
    """How a notebook's paths lead into the project.

    ``start`` is the folder in which the notebook runs, from the project's root, "" for the root.
    ``prefixes`` are the absolute folders of other machines that stand for the root.
    """

    start: str
    prefixes: tuple[str, ...] = ()

    def from_root(self, text: str, cwd: str = ".") -> str | None:
        """The path from the root, None for one outside of the project.

        ``cwd`` is the folder to which the code has moved.
        """
        if not text or _URL.match(text) or text.startswith("~"):
            return None
        path = posixpath.normpath(posixpath.join(self.start, cwd, plain(text)))
        if path.startswith("/"):
            inside = [path.removeprefix(each) for each in self.prefixes if _lies_in(path, each)]
            if not inside:
                return None
            path = posixpath.normpath(min(inside, key=len).lstrip("/") or ".")
        return None if path == ".." or path.startswith("../") else path

    def is_temporary(self, text: str) -> bool:
        """Whether the path is that of a device or a temporary file, or a URL."""
        return bool(_URL.match(text)) or text.startswith(_ELSEWHERE)


def plain(text: str) -> str:
    """A path of Windows in the form of others: ``/C:/Users/x``; others as they are."""
    return "/" + text.replace("\\", "/") if _WINDOWS.match(text) else text


def _lies_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")


def find_prefixes(texts: Iterable[str], moves: Iterable[str], root: str) -> tuple[str, ...]:
    """The absolute folders that stand for the project's root ``root``.

    A path ``/home/x/project/data/a.csv`` does, where the project has ``data/a.csv``; so does a
    folder to which code moves, and a folder of the project's own name.
    """
    found = {root: None}
    paths = [plain(text) for text in texts]
    paths = [text for text in paths if text.startswith("/") and not text.startswith(_ELSEWHERE)]
    for path in paths:
        parts = posixpath.normpath(path).split("/")
        for count in range(2, len(parts)):
            rest = "/".join(parts[count:])
            if os.path.exists(rest):
                found.setdefault("/".join(parts[:count]))
                break
    name = posixpath.basename(root)
    for path in paths:
        head, own, _ = path.partition(f"/{name}/")
        if own:
            found.setdefault(f"{head}/{name}")
    for folder in map(plain, moves):
        if folder.startswith("/") and not any(_lies_in(folder, each) for each in found):
            found.setdefault(posixpath.normpath(folder))
    return tuple(found)


def find_start(folder: str, texts: Iterable[str]) -> str:
    """The folder in which a notebook in ``folder`` runs: that, or the root.

    Editors start notebooks in the root, too: it is the root where more of the files are there.
    """
    relative = [text for text in texts if not text.startswith(("/", "~")) and not _URL.match(text)]
    beside = sum(os.path.exists(posixpath.join(folder, text)) for text in relative)
    at_root = sum(os.path.exists(text) for text in relative)
    climbs = any(text.startswith("../") for text in relative)
    return "" if at_root > beside and not climbs else folder
