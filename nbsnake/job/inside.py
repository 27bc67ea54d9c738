"""The paths at which files may be changed: those of the project, and of a step in it.

Standard library only: this runs inside every job. What a repository brings can name any path and
can contain links, and a link can appear after the path was read. So each path is checked when it is
used: nothing is written, removed, or given another mode or time before that.
"""

import errno
import os
import stat

from nbsnake.names import is_owned

OWNED = "belongs to git, DVC, Snakemake or nbsnake"


class UnsafePathError(OSError):
    """A path at which nothing may be changed, and why."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(errno.EPERM, why, path)


def inside(path: str, top: str = "") -> str:
    """The path, which is below ``top`` by its words and with all links of its folders followed.

    ``top`` is the project's root by default; another one is a prefix of the path. The last name may
    be that of a link: it is replaced or removed, and not what it leads to. A link inside the
    project does not lead to what another tool owns. Raises :class:`UnsafePathError`.
    """
    real = _real(path, top)
    if real != path and not top and _is_foreign(real, path):
        raise UnsafePathError(path, f"is led by a link to {real}, which {OWNED}")
    return path


def output(path: str) -> str:
    """As :func:`inside`, for an output: the path belongs to no tool either."""
    if why := fault(path):
        raise UnsafePathError(path, why)
    return path


def plain(path: str) -> str:
    """As :func:`inside`, for a file that is opened: no part of the path is a link, or a pipe."""
    at = ""
    for name in _names(path, path):
        at = os.path.join(at, name)
        try:
            mode = os.lstat(at).st_mode
        except (FileNotFoundError, NotADirectoryError):
            break
        if stat.S_ISLNK(mode):
            raise UnsafePathError(at, "is a link, which may lead anywhere; remove it")
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise UnsafePathError(at, "is neither a file nor a folder; remove it")
    return path


def ends_inside(path: str, top: str = "") -> bool:
    """Whether what is at the path is below ``top``, all links followed."""
    if not top and _is_free_of_links(path):
        return True
    root = os.path.realpath(top or ".")
    return os.path.commonpath([root, os.path.realpath(path)]) == root


def _is_free_of_links(path: str) -> bool:
    """Whether the path is inside by its words, and no part of it is a link."""
    names, at = path.split("/"), ""
    if not names[0] or ".." in names or "\0" in path:
        return False
    for name in names:
        at = os.path.join(at, name)
        try:
            if stat.S_ISLNK(os.lstat(at).st_mode):
                return False
        except (FileNotFoundError, NotADirectoryError):
            break
        except OSError:
            return False
    return True


def named(path: str) -> str:
    """A path that a user named, which may be anywhere; but one in a project is really there.

    Raises :class:`UnsafePathError`.
    """
    folder = top = os.path.dirname(os.path.abspath(path))
    while not os.path.isdir(os.path.join(top, ".dvc")):
        if top == os.path.dirname(top):
            return path
        top = os.path.dirname(top)
    if not ends_inside(folder, top):
        raise UnsafePathError(path, "is led out of the project by a link")
    return path


def fault(path: str) -> str:
    """Why a step must not write the path; "" where it may."""
    try:
        real = _real(path, "")
    except UnsafePathError as error:
        return str(error.strerror)
    owned = is_owned(os.path.normpath(path)) or is_owned(os.path.normpath(real))
    return OWNED if owned else ""


def _is_foreign(real: str, path: str) -> bool:
    """Whether links lead from the path to what another tool owns."""
    return is_owned(os.path.normpath(real)) and _owner(real) != _owner(path)


def _owner(path: str) -> str:
    """The first name of a path, which says to whom what is below belongs."""
    return os.path.normpath(path).partition("/")[0].casefold()


def _real(path: str, top: str) -> str:
    """The path below ``top`` with the links of its folders followed; itself where there are none.

    Raises :class:`UnsafePathError` where it is not below ``top``.
    """
    below = path.removeprefix(f"{top}/") if top else path
    names = _names("" if top and below == path else below, path)
    at, real = top, below
    for place, name in enumerate(names[:-1], start=1):
        at = f"{at}/{name}" if at else name
        try:
            mode = os.lstat(at).st_mode
        except (FileNotFoundError, NotADirectoryError):
            break
        if stat.S_ISLNK(mode):
            real = "/".join((_followed(at, top, path), *names[place:]))
    return real


def _names(below: str, path: str) -> list[str]:
    """The parts of a path. Raises :class:`UnsafePathError` where they lead out, or nowhere."""
    names = below.split("/")
    if not names[0] or ".." in names or "\0" in below or all(name in ("", ".") for name in names):
        raise UnsafePathError(path, "is not a path inside the project")
    return names


def _followed(link: str, top: str, path: str) -> str:
    """Where a link leads, relative to ``top``.

    Raises :class:`UnsafePathError` where that is out of it, or links lead in a circle.
    """
    try:
        os.stat(link)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise UnsafePathError(path, f"is led in a circle by the link {link}") from None
    if not ends_inside(link, top):
        raise UnsafePathError(path, f"is led out of the project by the link {link}")
    return os.path.relpath(os.path.realpath(link), os.path.realpath(top or "."))
