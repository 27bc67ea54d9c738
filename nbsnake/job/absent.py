"""Outputs that are in the DVC remote and not here, while a run of jobs with that remote goes on.

Standard library only: this runs inside every job. Snakemake wants a file where a step has written
one. What it gets is a link to a socket that nobody listens at: it is there, has times, and cannot
be opened by any program, so that nothing can take it for data. The name of the socket says what the
content is. When the run has ended, no such link is left, and the output is absent, as in a clone.
"""

import contextlib
import os
import re
import stat
from typing import NamedTuple

from nbsnake.job.inside import output, plain
from nbsnake.job.links import remove
from nbsnake.job.own import FOLDER_MODE

FOLDER = ".nbsnake/absent"
_NAME = re.compile(r"([0-9a-f]{32})-([0-9]{1,18})(-x)?")


class Absent(NamedTuple):
    """The content of a file that is in the remote; ``size`` in bytes."""

    md5: str
    size: int
    isexec: bool

    @property
    def path(self) -> str:
        """The socket."""
        return f"{FOLDER}/{self.md5}-{self.size}{'-x' * self.isexec}"

    def is_known(self) -> bool:
        """Whether the content was left in the remote by a run of this project."""
        plain(FOLDER)
        with contextlib.suppress(OSError):
            return stat.S_ISSOCK(os.lstat(self.path).st_mode)
        return False

    def note(self) -> None:
        """Remember that the remote has the content. Raises :class:`OSError`."""
        import socket  # slow, and seldom needed

        os.makedirs(plain(FOLDER), FOLDER_MODE, exist_ok=True)
        if not self.is_known():
            with contextlib.closing(socket.socket(socket.AF_UNIX)) as one:
                one.bind(self.path)

    def place(self, path: str) -> None:
        """Let ``path`` stand for the content, which is known. Raises :class:`OSError`.

        Its time is the one at which the content became known, so that what was made of it since
        stays newer.
        """
        folder = os.path.dirname(output(path)) or "."
        os.makedirs(folder, exist_ok=True)
        remove(path)
        os.symlink(os.path.relpath(self.path, folder), path)
        made = os.lstat(self.path).st_mtime_ns
        os.utime(path, ns=(made, made), follow_symlinks=False)


def md5_is_left(md5: str) -> bool:
    """Whether a run of this project left a file with that md5 in the remote."""
    with contextlib.suppress(OSError):
        return any(name.startswith(f"{md5}-") for name in os.listdir(plain(FOLDER)))
    return False


def absent_at(path: str) -> Absent | None:
    """The content that ``path`` stands for; None where it is a file, a folder, or nothing."""
    try:
        link = os.readlink(path)
        found = _NAME.fullmatch(os.path.basename(link))
        if not found or not stat.S_ISSOCK(os.stat(path).st_mode):
            return None
    except (OSError, ValueError):  # of a path with a null byte
        return None
    seen = Absent(found[1], int(found[2]), bool(found[3]))
    leads_to = os.path.normpath(os.path.join(os.path.dirname(path), link))
    return seen if leads_to == seen.path and seen.is_known() else None
