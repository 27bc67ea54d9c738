"""A copy of a folder that is set back to what it was, at the cost of what has changed in it."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path


class CopyOf:
    """A copy of ``source`` at ``root``. A file that nobody touched is not copied again."""

    def __init__(self, source: Path, root: Path) -> None:
        self._source, self._root = source, root
        shutil.copytree(source, root, symlinks=True)
        self._states = dict(_states(root))

    def set_back(self) -> None:
        """Remove what is new, and bring back what was removed or changed."""
        now = dict(_states(self._root))
        for path in reversed([*now]):  # what is in a folder before the folder
            known = self._states.get(path)
            if known is None or known != now[path]:
                self._remove(path, now[path])
        for path, known in self._states.items():
            if now.get(path) != known:
                self._bring_back(path)

    def _remove(self, path: str, state: tuple[int, ...]) -> None:
        full = self._root / path
        if not stat.S_ISDIR(state[0]):
            full.unlink()
        elif not stat.S_ISDIR(self._states.get(path, (0,))[0]):
            full.rmdir()

    def _bring_back(self, path: str) -> None:
        source, full = self._source / path, self._root / path
        if source.is_symlink() or not source.is_dir():
            shutil.copy2(source, full, follow_symlinks=False)
        else:
            full.mkdir(exist_ok=True)
            full.chmod(stat.S_IMODE(source.stat().st_mode))
        self._states[path] = _state(full.lstat())


def _states(root: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """What is below a folder, by path: a folder before what is in it."""
    folders = [""]
    while folders:
        folder = folders.pop()
        with os.scandir(root / folder) as entries:
            for entry in entries:
                path = f"{folder}{entry.name}"
                yield path, _state(entry.stat(follow_symlinks=False))
                if entry.is_dir(follow_symlinks=False):
                    folders.append(f"{path}/")


def _state(status: os.stat_result) -> tuple[int, ...]:
    """What changes with a file; of a folder its kind and mode only."""
    if stat.S_ISDIR(status.st_mode):
        return (status.st_mode,)
    return (status.st_mode, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
