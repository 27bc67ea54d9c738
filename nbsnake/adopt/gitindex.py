"""The files that git tracks, read from its index, so that reading starts no program.

The format is that of git's documentation, gitformat-index(5), of SHA-1 repositories.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from nbsnake.job.regular import read_regular

_FIXED = 62  # bytes of an entry before its name
_EXTENDED = 0x4000
_LENGTH = 0x0FFF


def tracked_files(folder: str = ".") -> set[str]:
    """The files below a folder that git tracks, relative to it; none where that is not known."""
    top = Path(folder).resolve()
    for root in (top, *top.parents):
        git = root / ".git"
        if not git.exists():
            continue
        try:
            names = list(_names(read_regular(str(_index_of(git)))))
        except (OSError, IndexError, ValueError):
            return set()
        below = "" if root == top else f"{top.relative_to(root).as_posix()}/"
        return {name.removeprefix(below) for name in names if name.startswith(below)}
    return set()


def _index_of(git: Path) -> Path:
    """The index of a repository, whose ``.git`` is a file in a working tree of its own."""
    if git.is_file():
        given = read_regular(str(git)).decode().strip().removeprefix("gitdir: ")
        git = git.parent / given
    return git / "index"


def _names(data: bytes) -> Iterator[str]:
    version, count = (int.from_bytes(data[at : at + 4]) for at in (4, 8))
    if data[:4] != b"DIRC" or version not in (2, 3, 4):
        raise ValueError("is no index")
    place, name = 12, b""
    for _ in range(count):
        flags = int.from_bytes(data[place + 60 : place + 62])
        begin = place + _FIXED + 2 * bool(flags & _EXTENDED)
        if version == 4:
            removed, begin = _number(data, begin)
            end = data.index(b"\0", begin)
            name = name[: len(name) - removed] + data[begin:end]
            place = end + 1
        else:
            length = flags & _LENGTH
            end = begin + length if length < _LENGTH else data.index(b"\0", begin)
            name = data[begin:end]
            place += (end - place) // 8 * 8 + 8
        if not name or place > len(data):
            raise ValueError("ends too early")
        yield os.fsdecode(name)


def _number(data: bytes, place: int) -> tuple[int, int]:
    """A number of variable length as packs have it, and where what follows begins."""
    byte = data[place]
    value = byte & 0x7F
    while byte & 0x80:
        place += 1
        byte = data[place]
        value = ((value + 1) << 7) | (byte & 0x7F)
    return value, place + 1
