"""What a file or folder holds: its digest as DVC computes it, and a cheap stamp of its state.

Standard library only: this runs inside every job.

DVC 3 addresses a file by the md5 of its bytes, and a folder by the md5 of the JSON list of its
files' md5s and relative paths (``md5`` ends in ``.dir`` then).
"""

import errno
import json
import os
import re
import stat
from collections.abc import Callable
from typing import Any, NamedTuple

from nbsnake.job.absent import Absent, absent_at
from nbsnake.job.hashing import LARGE, md5_of_bytes, md5_of_open
from nbsnake.job.longwork import Counted, is_watched, working
from nbsnake.job.regular import open_regular
from nbsnake.job.shape import ShapeError, from_json, is_count
from nbsnake.job.spread import spread
from nbsnake.names import upwards

_MD5 = r"[0-9a-f]{32}(?:\.dir)?"

LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\n"  # how a Git LFS pointer begins
LFS_POINTER_SIZE = 1024  # bytes, below which all of them are (git-lfs's specification)
TRIES = 3  # of reading a file that changes while it is read
ANY_EXECUTE = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH  # what DVC takes for executable


class Digest(NamedTuple):
    """The content of one file or folder. ``nfiles`` is set for folders only; ``size`` in bytes."""

    md5: str
    size: int
    nfiles: int | None = None
    isexec: bool = False

    @property
    def is_dir(self) -> bool:
        """Whether it is the digest of a folder."""
        return self.md5.endswith(".dir")

    def to_dict(self) -> dict[str, Any]:
        """The fields as dvc.lock writes them, in its order."""
        fields: dict[str, Any] = {"hash": "md5", "md5": self.md5, "size": self.size}
        if self.nfiles is not None:
            fields["nfiles"] = self.nfiles
        if self.isexec:
            fields["isexec"] = True
        return fields

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> "Digest":
        """The digest in an entry of dvc.lock. Raises :class:`ShapeError` for what is none."""
        nfiles, isexec = fields.get("nfiles"), fields.get("isexec", False)
        if not is_count(fields.get("size")) or not (nfiles is None or is_count(nfiles)):
            raise ShapeError("size or nfiles", "a count")
        if type(isexec) is not bool:
            raise ShapeError("isexec", "true or false")
        return cls(parse_md5(fields.get("md5")), fields["size"], nfiles, isexec)


class TreeFile(NamedTuple):
    """One file of a folder; ``relpath`` has forward slashes, ``stamp`` is that before reading."""

    relpath: str
    path: str
    md5: str
    size: int
    stamp: str


class ChangedError(OSError):
    """A file to which somebody writes while it is read."""

    def __init__(self, path: str) -> None:
        super().__init__(errno.EBUSY, "changes while it is read", path)


def check_unchanged(path: str, then: str | None) -> None:
    """Raise :class:`ChangedError` for a file with another :func:`stamp` than ``then``."""
    if stamp(path) != then:
        raise ChangedError(path)


def md5_of_file(path: str) -> str:
    """The md5 of a file's bytes. Raises :class:`OSError` for one that cannot be read."""
    with open_regular(path) as file:
        if not is_watched():
            return md5_of_open(file)
        import hashlib  # a job is not watched

        with working(f"reading {path}", os.fstat(file.fileno()).st_size):
            return hashlib.file_digest(Counted(file), "md5").hexdigest()


def tree_of_folder(folder: str) -> list[TreeFile]:
    """The files of a folder with their digests. Raises as :func:`walk_files` does."""
    from nbsnake.job.ignore import walk_files  # for folders only

    found = [(relpath, path, os.stat(path)) for relpath, path in sorted(walk_files(folder))]
    sizes = [status.st_size for *_, status in found]
    if sum(sizes) >= LARGE:
        import hashlib  # noqa: F401  (so that several threads can digest small files, too)

    with working(f"reading {folder}", sum(sizes)):
        md5s = spread(md5_of_file, [path for _, path, _ in found], sizes)
    return [
        TreeFile(relpath, path, md5, status.st_size, _file_stamp(status))
        for (relpath, path, status), md5 in zip(found, md5s, strict=True)
    ]


def tree_bytes(tree: list[TreeFile]) -> bytes:
    """The object that DVC stores for a folder."""
    listing = [{"md5": file.md5, "relpath": file.relpath} for file in tree]
    return json.dumps(listing, sort_keys=True).encode()


def parse_listing(data: bytes) -> list[tuple[str, str]]:
    """The object of a folder read back: each path inside the folder, and its md5.

    Raises :class:`ValueError` for what is no such object, and for paths that no folder has, or
    that would lead out of it.
    """
    entries = from_json(data)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError("is not a list of files")
    found = [(_relpath(entry.get("relpath")), parse_md5(entry.get("md5"))) for entry in entries]
    paths = {path for path, _ in found}
    if len(paths) < len(found) or any(up in paths for path in paths for up in [*upwards(path)][1:]):
        raise ValueError("lists a path twice, or inside a file")
    return found


def _relpath(path: object) -> str:
    """A path inside a folder, without the folders of git and DVC, which DVC does not see either."""
    names = path.split("/") if isinstance(path, str) else []
    hidden = {"", ".", "..", ".git", ".dvc"}
    if not names or "\0" in names[-1] or not hidden.isdisjoint(map(str.casefold, names)):
        raise ValueError(f"lists {path!r}, which is not a path inside a folder")
    return "/".join(names)


def is_md5(text: object) -> bool:
    """Whether a value is an md5 as DVC writes it, with ``.dir`` for a folder."""
    return isinstance(text, str) and bool(re.fullmatch(_MD5, text))


def parse_md5(text: object) -> str:
    """The md5 that a value is. Raises :class:`ShapeError` for anything else."""
    if not isinstance(text, str) or not is_md5(text):
        raise ShapeError("md5", "32 hexadecimal digits")
    return text


def digest_of_tree(tree: list[TreeFile]) -> Digest:
    """The digest of a folder with these files; its size is the sum of theirs, in bytes."""
    return Digest(
        f"{md5_of_bytes(tree_bytes(tree))}.dir", sum(file.size for file in tree), len(tree)
    )


def digest(path: str) -> Digest:
    """Read ``path`` and digest it.

    What stands for a content in the remote has that digest. Raises :class:`OSError` when it is
    missing or unreadable.
    """
    if absent := absent_at(path):
        return Digest(absent.md5, absent.size, isexec=absent.isexec)
    status = os.stat(path)
    if stat.S_ISDIR(status.st_mode):
        return digest_of_tree(tree_of_folder(path))
    return Digest(md5_of_file(path), status.st_size, isexec=bool(status.st_mode & ANY_EXECUTE))


def absent_of(content: Digest) -> Absent:
    """What stands for a file's content while that is in the remote."""
    return Absent(content.md5, content.size, content.isexec)


def stamp(path: str) -> str | None:
    """A text that changes whenever the content may have changed; None when nothing is there.

    It holds the time of the last change of the file's own record, which no program can set back.
    It costs one stat for a file, one for each file of a folder, and reads no content.
    """
    return _stamp(path, lambda _, status: _file_stamp(status))


def write_stamp(path: str) -> str | None:
    """A text that changes when somebody writes to ``path``.

    The times of a file that is linked to the cache are those of all its other names; but nobody
    can write to it, for it is read-only.
    """
    return _stamp(path, _write_stamp)


def _stamp(path: str, of_file: Callable[[str, os.stat_result], str]) -> str | None:
    try:
        status = os.stat(path)
        if not stat.S_ISDIR(status.st_mode):
            return of_file(path, status)
        from nbsnake.job.ignore import walk_files  # for folders only

        lines = sorted(f"{rel} {of_file(file, os.stat(file))}" for rel, file in walk_files(path))
    except (FileNotFoundError, NotADirectoryError, ValueError):  # of a path with a null byte
        return None
    return md5_of_bytes("\n".join(lines).encode(errors="surrogateescape"))


def _file_stamp(status: os.stat_result) -> str:
    executable = "x" if status.st_mode & ANY_EXECUTE else "-"
    times = f"{status.st_mtime_ns}:{status.st_ctime_ns}"
    return f"{status.st_size}:{times}:{status.st_ino}:{executable}"


def _write_stamp(path: str, status: os.stat_result) -> str:
    is_linked = status.st_nlink > 1 or os.path.islink(path)
    return f"linked:{status.st_size}" if is_linked else _file_stamp(status)


def is_lfs_pointer(path: str) -> bool:
    """Whether the file is a Git LFS pointer instead of the data."""
    try:
        if os.stat(path).st_size > LFS_POINTER_SIZE:
            return False
        with open_regular(path) as file:
            return file.read(len(LFS_POINTER)) == LFS_POINTER
    except OSError:
        return False


def source_digests(paths: list[str]) -> dict[str, str | None]:
    """The md5 of each file, None for one that is absent."""
    digests: dict[str, str | None] = {}
    for path in paths:
        try:
            with open_regular(path) as file:
                digests[path] = md5_of_open(file)
        except OSError:
            digests[path] = None
    return digests
