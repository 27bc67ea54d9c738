"""Files of a machine that is reached by ``ssh``, with URLs like ``ssh://user@host:22/path``.

Standard library only: this runs inside every job. The program ``ssh`` logs in, by its own settings
and keys, and asks no question. On the other side, a POSIX shell is enough.
"""

import shlex
import subprocess
import urllib.parse
from collections.abc import Callable
from typing import IO

from nbsnake.job.atomic import beside

PROGRAM = ("ssh", "-o", "BatchMode=yes")
UNREACHABLE = 255  # ssh's own exit code (ssh(1), "EXIT STATUS"); any other is the command's
# How its messages end where to try again is of no use (OpenSSH's sshconnect2.c and sshconnect.c).
REFUSED = (").", "verification failed.")


class CallError(ConnectionError):
    """``ssh`` did not get there, which may be over soon."""


def fetch(url: str, file: IO[bytes]) -> None:
    """Write what the URL holds into a file. Raises :class:`OSError`, also where it is absent."""
    _call(url, lambda path: f"cat {path}", stdout=file)


def send(file: IO[bytes], size: int, url: str) -> None:
    """Make the URL hold a file of ``size`` bytes, as a whole. Raises :class:`OSError`."""
    name = shlex.quote(beside(_path(url)))
    _call(
        url,
        lambda path: (
            f'mkdir -p "$(dirname {path})" && cat >{name} && '
            f'[ "$(wc -c <{name})" -eq {size} ] && mv {name} {path} || {{ rm -f {name}; exit 1; }}'
        ),
        stdin=file,
    )


def forget(url: str) -> None:
    """Remove what the URL holds, which may be nothing, and its folder when that is empty."""
    _call(url, lambda path: f'rm -f {path}; rmdir "$(dirname {path})" 2>/dev/null || true')


def is_there(url: str) -> bool:
    """Whether the URL holds something. Raises :class:`OSError` where no one answers."""
    return _call(url, lambda path: f"test -e {path} && echo there || true") != ""


def has_md5(url: str, md5: str) -> bool:
    """Whether the URL holds a file with that md5, by what the other machine says.

    False where it has no program for that.
    """
    return _call(url, lambda path: f"md5sum <{path} || true").split()[:1] == [md5]


def move(url: str, path: str) -> None:
    """Rename what the URL holds to a path on the same machine."""
    to = shlex.quote(path)
    _call(url, lambda own: f'mkdir -p "$(dirname {to})" && mv {own} {to}')


def start_words(url: str) -> list[str]:
    """The command that prints what the URL holds."""
    return _words(url, f"cat {shlex.quote(_path(url))}")


def _call(
    url: str,
    command: Callable[[str], str],
    stdin: "IO[bytes] | None" = None,
    stdout: "IO[bytes] | None" = None,
) -> str:
    words = _words(url, command(shlex.quote(_path(url))))
    try:
        done = subprocess.run(
            words,
            stdin=stdin or subprocess.DEVNULL,
            stdout=stdout or subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except FileNotFoundError:
        raise OSError("there is no ssh on this machine") from None
    said = done.stderr.decode(errors="replace").strip().splitlines()
    why = said[-1] if said else f"exit code {done.returncode}"
    if done.returncode == UNREACHABLE and not why.endswith(REFUSED):
        raise CallError(why)
    if done.returncode:
        raise OSError(why)
    return (done.stdout or b"").decode(errors="replace")


def _words(url: str, command: str) -> list[str]:
    at = urllib.parse.urlsplit(url)
    if not at.hostname or at.hostname.startswith("-") or (at.username or "").startswith("-"):
        raise ValueError(f"{url!r} names no machine")
    port = ["-p", str(at.port)] if at.port else []
    user = ["-l", urllib.parse.unquote(at.username)] if at.username else []
    return [*PROGRAM, *port, *user, "--", at.hostname, command]


def _path(url: str) -> str:
    return urllib.parse.unquote(urllib.parse.urlsplit(url).path)


def url_of(host: str, path: str, user: str | None = None, port: int | None = None) -> str:
    """The URL of a path on another machine."""
    login = f"{urllib.parse.quote(user, safe='')}@" if user else ""
    return f"ssh://{login}{host}{f':{port}' if port else ''}{urllib.parse.quote(path)}"
