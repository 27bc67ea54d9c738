"""DVC's object cache, written and read without DVC.

Standard library only: this runs inside every job. The layout is DVC 3's: an object with digest
``abcd...`` is the read-only file ``<cache>/files/md5/ab/cd...``; a folder's object ends in
``.dir`` and lists its files. An object appears by rename only, so that a crash leaves none half
written.
"""

import contextlib
import errno
import os
import stat
from _thread import allocate_lock
from collections.abc import Iterator
from typing import NamedTuple

from nbsnake.job.atomic import beside, write_atomically
from nbsnake.job.content import (
    TRIES,
    ChangedError,
    Digest,
    TreeFile,
    check_unchanged,
    digest,
    digest_of_tree,
    md5_of_file,
    parse_listing,
    stamp,
    tree_bytes,
    tree_of_folder,
)
from nbsnake.job.hashing import md5_of_bytes
from nbsnake.job.inside import inside, output
from nbsnake.job.links import (
    CREATE,
    LINK,
    LINKS,
    clean_up,
    is_link,
    is_same_file,
    refuse,
    refused,
    remove,
    replace,
)
from nbsnake.job.longwork import working
from nbsnake.job.own import readers_of_params
from nbsnake.job.regular import read_regular
from nbsnake.job.say import say
from nbsnake.job.spread import spread

_moving = allocate_lock()  # of damaged objects, one thread at a time
READ_ONLY = 0o444
ANY_WRITE = 0o222


class DamagedObjectError(OSError):
    """An object that does not hold the content that its name says."""

    def __init__(self, path: str) -> None:
        super().__init__(errno.EIO, "this cache object is damaged", path)


class Cache(NamedTuple):
    """Where objects live, and how the workspace is linked to them (DVC's ``cache.type``).

    The modes are those that single files of the workspace get (None: those that they have),
    folders of the cache, its entries of runs, and its objects; a cache that several people share
    has others.
    """

    folder: str
    link_types: tuple[str, ...] = ("reflink", "copy")
    file_mode: int | None = 0o644
    folder_mode: int = 0o755
    entry_mode: int = 0o644
    object_mode: int = READ_ONLY

    def object_path(self, md5: str) -> str:
        """Where the object with a digest is; a folder's md5 ends in ``.dir``."""
        return os.path.join(self.folder, "files", "md5", md5[:2], md5[2:])

    def has(self, content: Digest) -> bool:
        """Whether the object is there, and for a folder all objects that it lists."""
        if not self.has_object(content.md5):
            return False
        listed = self.listed(content)
        return listed is not None and all(map(self.has_object, listed))

    def missing_inside(self, content: Digest) -> list[str]:
        """The objects that a folder lists and that are missing; none for a file.

        None either where the folder's own object cannot be read.
        """
        return [md5 for md5 in self.listed(content) or () if not self.has_object(md5)]

    def has_object(self, md5: str) -> bool:
        """Whether the object is there: like DVC, trust one that is read-only, and read others."""
        path = self.object_path(md5)
        try:
            mode = os.lstat(path).st_mode
        except OSError:
            return False
        if not stat.S_ISREG(mode):
            return False
        return not mode & ANY_WRITE or md5_of_file(path) == md5.removesuffix(".dir")

    def stamp(self, content: Digest) -> str | None:
        """A text that changes when the files of objects change; None where one is missing.

        It costs one stat for each object, and reads none but a folder's own.
        """
        inside = self.listed(content)
        if inside is None:
            return None
        try:
            states = [os.stat(self.object_path(md5)) for md5 in (content.md5, *inside)]
        except OSError:
            return None
        lines = [f"{at.st_size}:{at.st_mtime_ns}:{at.st_ctime_ns}:{at.st_ino}" for at in states]
        return md5_of_bytes("\n".join(lines).encode())

    def holds(self, content: Digest) -> bool:
        """Whether the objects are there and are what their names say; reads all of them."""
        inside = self.listed(content)
        own = [] if content.is_dir else [content.md5]
        if inside is None:
            return False
        md5s = [*own, *inside]
        even = [content.size // max(len(md5s), 1)] * len(md5s)
        try:
            return spread(md5_of_file, [*map(self.object_path, md5s)], even) == md5s
        except OSError:
            return False

    def store(self, path: str) -> Digest:
        """Put the file or folder at ``path`` into the cache and link the workspace to it.

        An object that is there already is read: one that is damaged is replaced. Raises
        :class:`UnsafePathError` for a path that is none of a step's :func:`output`, and
        :class:`ChangedError` for one that somebody goes on writing to.
        """
        output(path)
        for _ in range(TRIES - 1):
            with contextlib.suppress(ChangedError):
                return self._store(path)
        return self._store(path)

    def _store(self, path: str) -> Digest:
        if os.path.isdir(path):
            return self._store_tree(tree_of_folder(path))
        then, content = stamp(path), digest(path)
        self._store_file(path, content.md5, then)
        self._set_mode(path, content)
        return content

    def _store_tree(self, tree: list[TreeFile]) -> Digest:
        sizes = [file.size for file in tree]
        spread(lambda file: self._store_file(file.path, file.md5, file.stamp), tree, sizes)
        content = digest_of_tree(tree)
        self._store_bytes(tree_bytes(tree), content.md5)
        return content

    def _set_mode(self, path: str, content: Digest) -> None:
        """Leave a single file as DVC leaves it: a link is as the object is, a copy can be edited.

        Only the owner may execute it, as DVC has it.
        """
        if os.path.islink(path) and not is_same_file(path, self.object_path(content.md5)):
            return  # what a step's own link leads to is not the step's
        mode = READ_ONLY if self.link_types[0] in LINKS else self.file_mode
        if mode is None:
            mode = stat.S_IMODE(os.stat(path).st_mode)
        os.chmod(path, mode | (stat.S_IXUSR if content.isexec else 0))

    def restore(self, content: Digest, path: str) -> None:
        """Make ``path`` hold ``content``, replacing what is there.

        What comes from the cache is read once more: raises :class:`DamagedObjectError` for an
        object with another content, :class:`UnsafePathError` for a path that is none of a step's
        :func:`output`, and :class:`OSError` when an object is missing; ``path`` is untouched then.
        """
        temporary = beside(output(path))
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        clean_up(path)
        try:
            with working(f"restoring {path}", content.size):
                self._fill(temporary, content)
            replace(path, temporary)
        finally:
            remove(temporary)

    def _fill(self, path: str, content: Digest) -> None:
        if not content.is_dir:
            self._link(content.md5, path)
            self._set_mode(path, content)
            return
        os.mkdir(path)
        listing = self.listing(content)
        for folder in {os.path.dirname(relpath): None for relpath, _ in listing}:
            os.makedirs(os.path.join(path, folder), exist_ok=True)
        even = [content.size // max(len(listing), 1)] * len(listing)  # the list has no sizes
        spread(lambda file: self._link(file[1], os.path.join(path, file[0])), listing, even)

    def add_file(self, path: str, data: bytes) -> None:
        """Write a file of the cache that is not an object, such as an entry of the run-cache."""
        self._make_folder(os.path.dirname(inside(path, self._top)))
        limit = readers_of_params()
        write_atomically(
            path, data, mode=self.entry_mode, limit=limit, durable=False, top=self._top
        )

    def listing(self, content: Digest) -> list[tuple[str, str]]:
        """The files of a folder that the cache has: each path inside it, and its md5.

        Raises :class:`OSError` when the object is missing or damaged, and :class:`ValueError` when
        it lists what cannot be in a folder.
        """
        path = self.object_path(content.md5)
        data = read_regular(path, follow=False)
        if f"{md5_of_bytes(data)}.dir" != content.md5:
            raise DamagedObjectError(path)
        return parse_listing(data)

    def listed(self, content: Digest) -> list[str] | None:
        """The objects that a folder lists, none for a file; None where the list is unreadable."""
        try:
            return [md5 for _, md5 in self.listing(content)] if content.is_dir else []
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _store_bytes(self, data: bytes, md5: str) -> None:
        target = self.object_path(md5)
        if not self._holds(target, md5):
            with self._appearing(target) as temporary, open(temporary, "wb") as file:
                file.write(data)

    @property
    def _top(self) -> str:
        """The folder that no link in the cache may leave: a cache elsewhere is a choice of DVC's
        user, but one in the project is a part of it."""
        return self.folder if os.path.isabs(self.folder) else ""

    @property
    def _kinds(self) -> list[str]:
        """The ways of linking to try, one after another."""
        return [kind for kind in (*self.link_types, "copy") if kind not in refused]

    def _store_file(self, path: str, md5: str, then: str | None) -> None:
        """Keep what a file held when its stamp was ``then``."""
        target = self.object_path(md5)
        stored = is_same_file(path, target)
        if not stored and self._holds(target, md5):
            check_unchanged(path, then)
            stored = True
        for kind in self._kinds:
            try:
                if not stored:
                    self._create(kind, path, target, then)
                if kind in LINKS and not is_link(path, target, kind):
                    link = beside(path)
                    try:
                        LINK[kind](target, link)
                        os.replace(link, path)
                    finally:
                        remove(link)
                return
            except ChangedError:
                raise
            except OSError as error:
                refuse(kind, error)

    def _create(self, kind: str, path: str, target: str, then: str | None) -> None:
        with self._appearing(target) as temporary:
            if kind in LINKS:
                check_unchanged(path, then)  # before, for a link changes the stamp itself
            CREATE[kind](path, temporary)
            if kind not in LINKS:
                check_unchanged(path, then)

    def _holds(self, target: str, md5: str) -> bool:
        """Whether the object is there with its content; a damaged one gets out of the way."""
        if os.path.islink(inside(target, self._top)):
            os.unlink(target)  # an object is a file of its own
        try:
            if md5_of_file(target) == md5.removesuffix(".dir"):
                return True
            with _moving:  # another thread may have replaced it by now
                found = md5_of_file(target)
                if found == md5.removesuffix(".dir"):
                    return True
                self._move_away(target, found)
        except FileNotFoundError:
            pass
        return False

    def _move_away(self, target: str, found: str) -> None:
        """Keep a damaged object under the name of its content, maybe the only copy of an edit."""
        kept = inside(self.object_path(found), self._top)
        if not os.path.exists(kept):
            self._make_folder(os.path.dirname(kept))
            with contextlib.suppress(PermissionError):  # somebody else's, in a shared cache
                os.chmod(target, self.object_mode)
            os.rename(target, kept)
        say(f"the cache object {target} was damaged and is replaced; its content is kept in {kept}")

    @contextlib.contextmanager
    def _appearing(self, target: str) -> Iterator[str]:
        """Give a temporary path, and make what was written there a read-only ``target``."""
        self._make_folder(os.path.dirname(inside(target, self._top)))
        temporary = beside(target)
        try:
            yield temporary
            os.chmod(temporary, self.object_mode)
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
        if os.path.islink(source):
            raise DamagedObjectError(source)
        for kind in self._kinds:
            try:
                LINK[kind](source, path)
            except OSError as error:
                remove(path)
                refuse(kind, error)
            else:
                break
        if md5_of_file(path) != md5:
            raise DamagedObjectError(source)
