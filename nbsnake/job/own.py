"""nbsnake's own state, the folder ``.nbsnake``: it is of this user and this machine.

Standard library only: this runs inside every job. Whoever can write to the state decides what
counts as fresh, and what a hand-written stage runs. So the state is not used where git tracks it,
for then it came with the project, and where another user owns it. A link is refused, as it may lead
anywhere. The files contain values of parameters, and only their owner can read them.
"""

import contextlib
import errno
import os
import stat
from functools import cache
from typing import IO, Any

from nbsnake.job.atomic import ANY_MODE, write_atomically
from nbsnake.job.inside import UnsafePathError, plain
from nbsnake.job.regular import MOST, TOO_LARGE, open_regular
from nbsnake.job.say import say
from nbsnake.job.shape import from_json
from nbsnake.names import PARAMS_FILE

FOLDER = ".nbsnake"
NOTE = f"{FOLDER}/index"  # the state of git's index that does not contain the folder
FILE_MODE = 0o600
FOLDER_MODE = 0o700
_READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)
ADVICE = f"remove it: git rm -r --cached --ignore-unmatch {FOLDER} && rm -r {FOLDER}"


def read_own(path: str) -> Any:
    """What a JSON file of the state contains; None where there is none that can be used.

    Raises :class:`UnsafePathError` for a link.
    """
    if (data := read_own_bytes(path)) is None:
        return None
    try:
        return from_json(data)
    except ValueError:
        throw_away(path, "is not JSON")
        return None


def read_own_bytes(path: str) -> bytes | None:
    """As :func:`read_own`, for a file in another format."""
    file = open_own_bytes(path)
    if file is None:
        return None
    with file:
        return file.read()


def open_own_bytes(path: str) -> IO[bytes] | None:
    """As :func:`read_own_bytes`, for a file that is not read as a whole."""
    try:
        start = os.open(plain(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except UnsafePathError:
        raise
    except OSError:
        return None
    file = open(start, "rb")  # noqa: SIM115  (the caller closes it)
    status = os.fstat(file.fileno())
    is_own = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and not _unused()
    if is_own and status.st_size <= MOST:
        return file
    file.close()
    if is_own:
        throw_away(path, f"is {TOO_LARGE}")
    return None


def throw_away(path: str, why: str) -> None:
    """Say that a file of the state cannot be read, and remove it: it is made again."""
    say(f"{path} {why}; it is made again")
    with contextlib.suppress(OSError):
        os.unlink(plain(path))


def write_own(path: str, data: bytes, *, mode: int = FILE_MODE, durable: bool = True) -> None:
    """Write a file of the state.

    Raises :class:`UnsafePathError` where the state cannot be used, and :class:`OSError`.
    """
    _make_folder(path)
    write_atomically(path, data, mode=mode, durable=durable)


def note_own(path: str, data: bytes, *, durable: bool = False) -> None:
    """Write what only saves time; nothing where the project or its state cannot be written."""
    if _unused():
        return
    try:
        write_own(path, data, durable=durable)
    except UnsafePathError:
        raise
    except OSError as error:
        if error.errno not in _READ_ONLY:
            raise


def open_own(path: str) -> IO[str]:
    """A file of the state that several processes lock, or add lines to; it is made if absent.

    Raises as :func:`write_own`.
    """
    _make_folder(path)
    how = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK
    file = open(os.open(plain(path), how, FILE_MODE), "a", encoding="utf-8")  # noqa: SIM115
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise UnsafePathError(path, "is not a regular file; remove it")
    return file


def remove_own(path: str) -> None:
    """Remove a file of the state; nothing there is fine."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(plain(path))


def readers_of_params() -> int:
    """The mode that files with values of parameters have at most: who cannot read params.yaml
    reads them nowhere else."""
    try:
        readers = os.stat(PARAMS_FILE).st_mode & 0o444
    except OSError:
        return ANY_MODE
    return readers | readers >> 1 | readers >> 2


def is_used() -> bool:
    """Whether what is in the folder is this user's own."""
    return not _unused()


def _make_folder(path: str) -> None:
    if why := _unused():
        raise UnsafePathError(FOLDER, f"is not used: {why}; {ADVICE}")
    with contextlib.suppress(FileExistsError):
        os.mkdir(FOLDER, FOLDER_MODE)
    os.makedirs(os.path.dirname(plain(path)), FOLDER_MODE, exist_ok=True)


def _unused() -> str:
    """Why the state that is there is not used, which is said once; "" where it is, or is none."""
    return _unused_in(os.getcwd()) if os.path.lexists(FOLDER) else ""


@cache
def _unused_in(root: str) -> str:
    why = ""
    if os.lstat(FOLDER).st_uid != os.geteuid():
        why = "it belongs to another user"
    elif _is_tracked(root):
        why = "git tracks it, so that it came with the project"
    elif os.path.lexists(f"{FOLDER}.dvc"):
        why = "DVC tracks it, so that it came with the project"
    if why:
        say(f"{FOLDER} is not used: {why}")
        say(ADVICE)
    return why


def _is_tracked(root: str) -> bool:
    """Whether git tracks the folder; it is asked again only when its index has changed."""
    index = _stamp_of_index(root)
    if index is None or _noted() == index:
        return False
    import subprocess  # slow, and seldom needed

    from nbsnake.programs import git_call  # seldom needed

    try:
        asked = subprocess.run(git_call("ls-files", "-z", "--", FOLDER), capture_output=True)
    except OSError:  # there is no git, which could have brought it
        return False
    if not asked.stdout:
        with contextlib.suppress(OSError):
            write_atomically(plain(NOTE), index, mode=FILE_MODE, durable=False)
    return bool(asked.stdout)


def _noted() -> bytes:
    try:
        with open(os.open(plain(NOTE), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            return file.read(1000)
    except OSError:
        return b""


def _stamp_of_index(root: str) -> bytes | None:
    """What changes with git's index; nobody can know it who has not seen this very file."""
    for folder in _upwards(root):
        try:
            status = os.stat(_index(os.path.join(folder, ".git")))
        except OSError:
            continue
        fields = (status.st_dev, status.st_ino, status.st_size, status.st_ctime_ns)
        return " ".join(map(str, fields)).encode()
    return None


def _index(git: str) -> str:
    """The index of the repository at ``git``, which in a working tree of its own is a file."""
    if os.path.isfile(git):
        with open_regular(git) as file:
            found = os.fsdecode(file.read(4096)).strip().removeprefix("gitdir: ")
        git = os.path.join(os.path.dirname(git), found)
    return os.path.join(git, "index")


def _upwards(folder: str) -> list[str]:
    found = [folder]
    while (folder := os.path.dirname(folder)) != found[-1]:
        found.append(folder)
    return found
