"""Writing files so that a crash leaves either the old one or the new one.

Standard library only: this runs inside every job.
"""

import contextlib
import os
import stat

from nbsnake.job.inside import inside

ANY_MODE = 0o777


def beside(path: str) -> str:
    """A name for a temporary file in the same folder as ``path``."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name[:100]}.{os.urandom(16).hex()}.tmp")


def write_atomically(
    path: str,
    data: bytes,
    *,
    mode: int | None = None,
    limit: int = ANY_MODE,
    durable: bool = True,
    top: str = "",
) -> None:
    """Replace ``path`` by ``data``: written beside it, flushed to disk if ``durable``, renamed.

    A file that is replaced keeps its permissions unless ``mode`` is given; at no time are they
    wider than these, and than ``limit``. Raises :class:`UnsafePathError` for a path that is not
    :func:`inside` the folder ``top``.
    """
    write_anywhere(inside(path, top), data, mode=mode, limit=limit, durable=durable)


def write_anywhere(
    path: str,
    data: bytes,
    *,
    mode: int | None = None,
    limit: int = ANY_MODE,
    durable: bool = True,
) -> None:
    """As :func:`write_atomically`, at a path that a user named and no file."""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    temporary = beside(path)
    wanted = mode if mode is not None else _mode_of(path)
    new = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        start = os.open(temporary, new, (0o666 if wanted is None else wanted) & limit)
        with open(start, "wb") as file:
            file.write(data)
            if wanted is not None:  # also where the umask has taken some of it
                os.fchmod(file.fileno(), wanted & limit)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def _mode_of(path: str) -> int | None:
    try:
        return stat.S_IMODE(os.stat(path).st_mode) & ANY_MODE
    except OSError:
        return None
