"""DVC's object cache, written and read without DVC.

Standard library only: this runs inside every job. The layout is DVC 3's: an object with digest
``abcd...`` is the read-only file ``<cache>/files/md5/ab/cd...``; a folder's object ends in
``.dir`` and lists its files. An object appears by rename only, so that a crash leaves none half
written.
"""

import contextlib
import errno
import fcntl
import json
import os
import re
import shutil
import stat
import uuid
from collections.abc import Callable, Iterator
from typing import NamedTuple

from nbsnake.job.atomic import write_atomically
from nbsnake.job.content import (
    Digest,
    TreeFile,
    digest,
    digest_of_tree,
    md5_of_file,
    tree_bytes,
    tree_of_folder,
    walk_files,
)

FICLONE = 0x40049409  # linux/fs.h: share the blocks of another file, where the file system can
LINKS = ("hardlink", "symlink")
READ_ONLY = 0o444
_UNKNOWN = (errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL)
_refused: set[str] = set()  # ways of linking that the file system of this process does not know
_LEFT = re.compile(r"\.[0-9a-f]{32}\.tmp$")  # how names end that _beside gives
ANY_WRITE = 0o222


class Cache(NamedTuple):
    """Where objects live, and how the workspace is linked to them (DVC's ``cache.type``).

    The modes are those that single files of the workspace get (None: those that they have),
    folders of the cache, and its entries of runs; a cache that several people share has others.
    """

    folder: str
    link_types: tuple[str, ...] = ("reflink", "copy")
    file_mode: int | None = 0o644
    folder_mode: int = 0o755
    entry_mode: int = 0o644

    def object_path(self, md5: str) -> str:
        return os.path.join(self.folder, "files", "md5", md5[:2], md5[2:])

    def has(self, content: Digest) -> bool:
        """Whether the object is there, and for a folder all objects that it lists."""
        if not self.has_object(content.md5):
            return False
        if not content.is_dir:
            return True
        return all(self.has_object(md5) for _, md5 in self.listing(content))

    def has_object(self, md5: str) -> bool:
        """Whether the object is there: like DVC, trust one that is read-only, and read others."""
        path = self.object_path(md5)
        try:
            is_protected = not os.stat(path).st_mode & ANY_WRITE
        except OSError:
            return False
        return is_protected or md5_of_file(path) == md5.removesuffix(".dir")

    def store(self, path: str) -> Digest:
        """Put the file or folder at ``path`` into the cache and link the workspace to it."""
        if os.path.isdir(path):
            return self._store_tree(tree_of_folder(path))
        content = digest(path)
        self._store_file(path, content.md5)
        self._set_mode(path, content)
        return content

    def _store_tree(self, tree: list[TreeFile]) -> Digest:
        for file in tree:
            self._store_file(file.path, file.md5)
        content = digest_of_tree(tree)
        self._store_bytes(tree_bytes(tree), content.md5)
        return content

    def _set_mode(self, path: str, content: Digest) -> None:
        """Leave a single file as DVC leaves it: a link is as the object is, a copy can be edited.

        The owner alone may execute it, whoever could before.
        """
        mode = READ_ONLY if self.link_types[0] in LINKS else self.file_mode
        if mode is None:
            mode = stat.S_IMODE(os.stat(path).st_mode)
        os.chmod(path, mode | (stat.S_IXUSR if content.isexec else 0))

    def restore(self, content: Digest, path: str) -> None:
        """Make ``path`` hold ``content``, replacing what is there.

        Raises :class:`OSError` when an object is missing; ``path`` is untouched then.
        """
        temporary = _beside(path)
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        _clean_up(path)
        try:
            if content.is_dir:
                os.mkdir(temporary)
                for relpath, md5 in self.listing(content):
                    target = os.path.join(temporary, relpath)
                    os.makedirs(os.path.dirname(target), exist_ok=True)
                    self._link(md5, target)
            else:
                self._link(content.md5, temporary)
                self._set_mode(temporary, content)
            _replace(path, temporary)
        finally:
            remove(temporary)

    def add_file(self, path: str, data: bytes) -> None:
        """Write a file of the cache that is no object, such as an entry of the run-cache."""
        self._make_folder(os.path.dirname(path))
        write_atomically(path, data, mode=self.entry_mode, durable=False)

    def listing(self, content: Digest) -> list[tuple[str, str]]:
        """The files of a folder that the cache has: each path inside it, and its md5."""
        with open(self.object_path(content.md5), encoding="utf-8") as file:
            return [(entry["relpath"], entry["md5"]) for entry in json.load(file)]

    def _store_bytes(self, data: bytes, md5: str) -> None:
        target = self.object_path(md5)
        if not os.path.exists(target):
            with self._appearing(target) as temporary, open(temporary, "wb") as file:
                file.write(data)

    @property
    def _kinds(self) -> list[str]:
        """The ways of linking to try, one after another."""
        return [kind for kind in (*self.link_types, "copy") if kind not in _refused]

    def _store_file(self, path: str, md5: str) -> None:
        target = self.object_path(md5)
        for kind in self._kinds:
            try:
                if not os.path.exists(target):
                    with self._appearing(target) as temporary:
                        _CREATE[kind](path, temporary)
                if kind in LINKS and not _is_link(path, target, kind):
                    link = _beside(path)
                    try:
                        _LINK[kind](target, link)
                        os.replace(link, path)
                    finally:
                        remove(link)
                return
            except OSError as error:
                _refuse(kind, error)

    @contextlib.contextmanager
    def _appearing(self, target: str) -> Iterator[str]:
        """Give a temporary path, and make what was written there a read-only ``target``."""
        self._make_folder(os.path.dirname(target))
        temporary = _beside(target)
        try:
            yield temporary
            os.chmod(temporary, READ_ONLY)
            os.rename(temporary, target)
        finally:
            remove(temporary)

    def _make_folder(self, folder: str) -> None:
        if not folder or os.path.isdir(folder):
            return
        self._make_folder(os.path.dirname(folder))
        with contextlib.suppress(FileExistsError):  # another job was faster
            os.mkdir(folder)
            os.chmod(folder, self.folder_mode)

    def _link(self, md5: str, path: str) -> None:
        source = self.object_path(md5)
        for kind in self._kinds:
            try:
                _LINK[kind](source, path)
            except OSError as error:
                remove(path)
                _refuse(kind, error)
            else:
                return


def _refuse(kind: str, error: OSError) -> None:
    """Go on with the next way of linking; there is none after copying."""
    if kind == "copy":
        raise error
    if kind == "reflink" and error.errno in _UNKNOWN:
        _refused.add(kind)


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


def _replace(path: str, new: str) -> None:
    """Rename ``new``; at no moment is there a part of what was there, or of what comes."""
    if os.path.isdir(new) or (os.path.isdir(path) and not os.path.islink(path)):
        old = _beside(path)
        with contextlib.suppress(FileNotFoundError):
            os.rename(path, old)
        os.rename(new, path)
        remove(old)
    else:
        os.replace(new, path)


def _clean_up(path: str) -> None:
    """Remove what a killed job has left beside ``path``."""
    folder, name = os.path.split(path)
    begin = f".{name[:100]}."
    with os.scandir(folder or ".") as entries:
        left = [e.path for e in entries if e.name.startswith(begin) and _LEFT.search(e.name)]
    for each in left:
        remove(each)


def _beside(path: str) -> str:
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name[:100]}.{uuid.uuid4().hex}.tmp")


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
