"""DVC's object cache, written and read without DVC.

Standard library only: this runs inside every job. The layout is DVC 3's: an object with digest
``abcd...`` is the read-only file ``<cache>/files/md5/ab/cd...``; a folder's object ends in
``.dir`` and lists its files. An object appears by rename only, so that a crash leaves none half
written.
"""

import contextlib
import fcntl
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from typing import NamedTuple

from nbsnake.content import (
    Digest,
    digest,
    digest_of_tree,
    md5_of_file,
    tree_bytes,
    tree_of_folder,
    walk_files,
)

FICLONE = 0x40049409  # linux/fs.h: share the blocks of another file, where the file system can
READ_ONLY = 0o444
ANY_WRITE = 0o222


class Cache(NamedTuple):
    """Where objects live, and how the workspace is linked to them (DVC's ``cache.type``)."""

    folder: str
    link_types: tuple[str, ...] = ("reflink", "copy")

    def object_path(self, md5: str) -> str:
        return os.path.join(self.folder, "files", "md5", md5[:2], md5[2:])

    def has(self, content: Digest) -> bool:
        """Whether the object is there, and for a folder all objects that it lists."""
        if not self._has_object(content.md5):
            return False
        if not content.is_dir:
            return True
        return all(self._has_object(md5) for _, md5 in self._listing(content))

    def _has_object(self, md5: str) -> bool:
        """Like DVC, trust an object that is read-only, and read any other one."""
        path = self.object_path(md5)
        try:
            is_protected = not os.stat(path).st_mode & ANY_WRITE
        except OSError:
            return False
        return is_protected or md5_of_file(path) == md5.removesuffix(".dir")

    def store(self, path: str) -> Digest:
        """Put the file or folder at ``path`` into the cache and link the workspace to it."""
        if not os.path.isdir(path):
            content = digest(path)
            self._store_file(path, content.md5)
            return content
        tree = tree_of_folder(path)
        for file in tree:
            self._store_file(file.path, file.md5)
        content = digest_of_tree(tree)
        self._store_bytes(tree_bytes(tree), content.md5)
        return content

    def restore(self, content: Digest, path: str) -> None:
        """Make ``path`` hold ``content``, replacing what is there.

        Raises :class:`OSError` when an object is missing; ``path`` is untouched then.
        """
        temporary = _beside(path)
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        try:
            if content.is_dir:
                os.mkdir(temporary)
                for relpath, md5 in self._listing(content):
                    target = os.path.join(temporary, relpath)
                    os.makedirs(os.path.dirname(target), exist_ok=True)
                    self._link(md5, target)
            else:
                self._link(content.md5, temporary)
                if content.isexec and not os.path.islink(temporary):
                    os.chmod(temporary, os.stat(temporary).st_mode | 0o100)
            remove(path)
            os.rename(temporary, path)
        finally:
            remove(temporary)

    def _listing(self, content: Digest) -> list[tuple[str, str]]:
        with open(self.object_path(content.md5), encoding="utf-8") as file:
            return [(entry["relpath"], entry["md5"]) for entry in json.load(file)]

    def _store_bytes(self, data: bytes, md5: str) -> None:
        target = self.object_path(md5)
        if not os.path.exists(target):
            with _appearing(target) as temporary, open(temporary, "wb") as file:
                file.write(data)

    def _store_file(self, path: str, md5: str) -> None:
        target = self.object_path(md5)
        for kind in (*self.link_types, "copy"):
            try:
                if not os.path.exists(target):
                    with _appearing(target) as temporary:
                        _CREATE[kind](path, temporary)
                if kind in ("hardlink", "symlink") and not _is_link(path, target, kind):
                    link = _beside(path)
                    _LINK[kind](target, link)
                    os.replace(link, path)
                return
            except OSError:
                if kind == "copy":
                    raise

    def _link(self, md5: str, path: str) -> None:
        source = self.object_path(md5)
        for kind in (*self.link_types, "copy"):
            try:
                _LINK[kind](source, path)
            except OSError:
                remove(path)
                if kind == "copy":
                    raise
            else:
                return


def unprotect(path: str) -> None:
    """Make files of their own of what is linked to the cache, before something writes to them."""
    files = [file for _, file in walk_files(path)] if os.path.isdir(path) else [path]
    for file in files:
        if os.path.islink(file) or (os.path.exists(file) and os.stat(file).st_nlink > 1):
            copy = _beside(file)
            _copy(file, copy)
            os.replace(copy, file)


def remove(path: str) -> None:
    """Remove the file, link or folder at ``path``; nothing there is fine."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def _beside(path: str) -> str:
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name[:100]}.{uuid.uuid4().hex}.tmp")


@contextlib.contextmanager
def _appearing(target: str) -> Iterator[str]:
    """Give a temporary path, and make what was written there a read-only ``target``."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    temporary = _beside(target)
    try:
        yield temporary
        os.chmod(temporary, READ_ONLY)
        os.rename(temporary, target)
    finally:
        remove(temporary)


def _is_link(path: str, target: str, kind: str) -> bool:
    return kind == "hardlink" and os.path.samefile(path, target)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # the cache is on another file system
        _copy(source, target)


def _copy(source: str, target: str) -> None:
    """Copy a file inside the kernel where that goes: it takes a third of shutil's time."""
    try:
        with open(source, "rb") as read, open(target, "wb") as write:
            left = os.fstat(read.fileno()).st_size
            while left and (done := os.copy_file_range(read.fileno(), write.fileno(), left)):
                left -= done
    except (AttributeError, OSError):  # not on this system, or not between these two places
        left = -1
    if left:
        shutil.copyfile(source, target)


def _clone(source: str, target: str) -> None:
    with open(source, "rb") as read, open(target, "xb") as write:
        fcntl.ioctl(write.fileno(), FICLONE, read.fileno())


def _symlink(source: str, target: str) -> None:
    os.symlink(os.path.abspath(source), target)


_LINK: dict[str, Callable[[str, str], object]] = {
    "reflink": _clone,
    "copy": _copy,
    "hardlink": os.link,
    "symlink": _symlink,
}
_CREATE = {**_LINK, "symlink": _link_or_copy}
