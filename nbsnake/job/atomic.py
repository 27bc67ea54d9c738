"""Writing files so that a crash leaves either the old one or the new one.

Standard library only: this runs inside every job.
"""

import contextlib
import os


def beside(path: str) -> str:
    """A name for a temporary file in the same folder as ``path``."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name[:100]}.{os.urandom(16).hex()}.tmp")


def write_atomically(
    path: str, data: bytes, *, mode: int | None = None, durable: bool = True
) -> None:
    """Replace ``path`` by ``data``: written beside it, flushed to disk if ``durable``, renamed.

    A file that is replaced keeps its permissions unless ``mode`` is given.
    """
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    temporary = beside(path)
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            os.chmod(temporary, os.stat(path).st_mode & 0o777)
        if mode is not None:
            os.chmod(temporary, mode)
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
