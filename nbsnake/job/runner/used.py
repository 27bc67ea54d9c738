"""What a run used: the files that it opened, the modules and packages that it imported."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any  # slow

_FOLDER = os.path.dirname(__file__)
MOST_FILES = 100_000  # opened files that are recorded


class Opened:
    """The project's files that the process opens, and whether to write."""

    def __init__(self) -> None:
        self.root = os.getcwd() + os.sep
        self._paths: dict[str, bool] = {}

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """An audit hook: called for each event of Python, it must not raise."""
        if event != "open" or len(self._paths) >= MOST_FILES:
            return
        path, mode, flags = arguments
        if isinstance(path, str):
            writes = isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))
            by_mode = isinstance(mode, str) and bool({"w", "a", "x", "+"} & {*mode})
            self._paths[path] = self._paths.get(path, False) or writes or by_mode

    def inside(self) -> dict[str, bool]:
        """Those below the working directory at the start, by their paths from there."""
        found: dict[str, bool] = {}
        for path, writes in [*self._paths.items()]:
            full = os.path.normpath(os.path.join(self.root, path))
            if full.startswith(self.root) and not (is_installed(full) or "__pycache__" in full):
                short = full[len(self.root) :]
                found[short] = found.get(short, False) or writes
        return found


def modules_below(root: str) -> list[str]:
    """The files of imported modules below a folder, by their paths from there."""
    files = (getattr(module, "__file__", None) for module in [*sys.modules.values()])
    paths = {os.path.abspath(file) for file in files if isinstance(file, str)}
    inside = {path for path in paths if path.startswith(root) and not is_installed(path)}
    return sorted(path[len(root) :] for path in inside if os.path.dirname(path) != _FOLDER)


def is_installed(path: str) -> bool:
    """Whether the file belongs to an installed package."""
    return any(f"{os.sep}{name}{os.sep}" in path for name in ("site-packages", "dist-packages"))


def packages() -> dict[str, str]:
    """The installed packages that were imported, with their versions."""
    found: dict[str, str] = {}
    listed: dict[str, list[str]] = {}
    for name, module in [*sys.modules.items()]:
        path = getattr(module, "__file__", None)
        if "." in name or not isinstance(path, str) or not is_installed(path):
            continue
        folder = path[: path.rindex("-packages" + os.sep) + len("-packages")]
        if folder not in listed:
            listed[folder] = os.listdir(folder)
        version = getattr(module, "__version__", None)
        found[name] = version if isinstance(version, str) else _version_in(listed[folder], name)
    return {name: version for name, version in sorted(found.items()) if version}


def _version_in(names: list[str], package: str) -> str:
    """The version in the name of a package's metadata folder; "" where there is none."""
    for name in names:
        start, _, rest = name.partition("-")
        if rest.endswith(".dist-info") and start.lower().replace(".", "_") == package.lower():
            return rest[: -len(".dist-info")]
    return ""
