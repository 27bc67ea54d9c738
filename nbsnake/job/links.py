"""Links and copies between the workspace and the cache, and removal without half-done states.

Standard library only: this runs inside every job.
"""

import contextlib
import errno
import fcntl
import os
import re
from collections.abc import Callable

from nbsnake.job.atomic import beside
from nbsnake.job.inside import ends_inside
from nbsnake.job.longwork import advance, working
from nbsnake.job.regular import open_regular

FICLONE = 0x40049409  # linux/fs.h: share the blocks of another file, where the file system can
AT_ONCE = 1 << 26  # bytes to copy before anyone is shown how far it is
LINKS = ("hardlink", "symlink")
_UNKNOWN = (errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL)
refused: set[str] = set()  # ways of linking that the file system of this process does not know
_LEFT = r"\.[0-9a-f]{32}\.tmp$"  # how names end that beside gives


def refuse(kind: str, error: OSError) -> None:
    """Go on with the next way of linking; there is none after copying."""
    if kind == "copy":
        raise error
    if kind == "reflink" and error.errno in _UNKNOWN:
        refused.add(kind)


def unprotect(path: str) -> None:
    """Make files of their own of what is linked to the cache, before something writes to them."""
    for file in _files_at(path):
        if os.path.islink(file) or (os.path.exists(file) and os.stat(file).st_nlink > 1):
            copy = beside(file)
            _copy(file, copy)
            os.replace(copy, file)


def _files_at(path: str) -> list[str]:
    if not os.path.isdir(path):
        return [path]
    from nbsnake.job.ignore import walk_files  # for folders only

    return [file for _, file in walk_files(path)]


def remove(path: str) -> None:
    """Remove the file, link or folder at ``path``; nothing there is fine."""
    if os.path.isdir(path) and not os.path.islink(path):
        import shutil  # slow, and for folders only

        shutil.rmtree(path)
    else:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def replace(path: str, new: str) -> None:
    """Rename ``new``; at no moment is there a part of what was there, or of what comes."""
    if os.path.isdir(new) or (os.path.isdir(path) and not os.path.islink(path)):
        old = beside(path)
        with contextlib.suppress(FileNotFoundError):
            os.rename(path, old)
        os.rename(new, path)
        remove(old)
    else:
        os.replace(new, path)


def links_out(path: str, *tops: str) -> list[str]:
    """The links at a path, or deep inside of it, to files out of the project and of ``tops``.

    Raises as :func:`walk_files` does. DVC does not follow links to folders inside of it.
    """
    inner = _files_at(path) if os.path.isdir(path) else []
    links = [each for each in (path, *inner) if os.path.islink(each)]
    return [each for each in links if not any(ends_inside(each, top) for top in ("", *tops))]


def clean_up(path: str) -> None:
    """Remove what a killed job has left beside ``path``."""
    folder, name = os.path.split(path)
    begin = f".{name[:100]}."
    with os.scandir(folder or ".") as entries:
        left = [e.path for e in entries if e.name.startswith(begin) and re.search(_LEFT, e.name)]
    for each in left:
        remove(each)


def is_same_file(path: str, target: str) -> bool:
    """Whether both paths lead to one file; False where one leads to none."""
    try:
        return os.path.samefile(path, target)
    except OSError:
        return False


def is_link(path: str, target: str, kind: str) -> bool:
    """Whether ``path`` is linked to ``target`` in that way already."""
    return kind == "hardlink" and os.path.samefile(path, target)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # the cache is on another file system
        _copy(source, target)


def _copy(source: str, target: str) -> None:
    """Copy a file inside the kernel where that goes: it takes a third of shutil's time."""
    try:
        with open_regular(source) as read, open(target, "wb") as write:
            left = os.fstat(read.fileno()).st_size
            with working(f"copying {source}", left, known=False):
                while left and (done := _copy_some(read.fileno(), write.fileno(), left)):
                    left -= done
                    advance(done)
    except (AttributeError, OSError):  # not on this system, or not between these two places
        left = -1
    if left:
        import shutil  # slow, and seldom needed

        shutil.copyfile(source, target)


def _copy_some(read: int, write: int, left: int) -> int:
    return os.copy_file_range(read, write, min(left, AT_ONCE))


def _clone(source: str, target: str) -> None:
    with open_regular(source) as read, open(target, "xb") as write:
        fcntl.ioctl(write.fileno(), FICLONE, read.fileno())


def _symlink(source: str, target: str) -> None:
    os.symlink(os.path.abspath(source), target)


LINK: dict[str, Callable[[str, str], object]] = {
    "reflink": _clone,
    "copy": _copy,
    "hardlink": os.link,
    "symlink": _symlink,
}
CREATE = {**LINK, "symlink": _link_or_copy}
