"""Files that come from URLs, and go to them: ``http``, ``https``, ``file`` and ``ssh``.

Standard library only: this runs inside every job. An HTTP server gets one GET or PUT for a file, as
S3 has it for signed URLs. A server that is away is waited for.
"""

import contextlib
import os
import shutil
import urllib.error
import urllib.parse
import urllib.request
from typing import IO, Any

from nbsnake.job import overssh
from nbsnake.job.atomic import beside
from nbsnake.job.patience import patiently
from nbsnake.job.regular import open_regular

TIMEOUT = 60.0  # seconds without a byte
BUSY = (408, 429, 500, 502, 503, 504)  # HTTP's codes for "try again"
LARGEST = 5 * 1024**3  # bytes that S3 takes in one PUT (Amazon S3 User Guide, "Uploading objects")
MOST_DIGITS = 18  # of a length that a disk can have
_SCHEMES = ("file", "http", "https", "ssh")


def fetch(url: str, path: str) -> None:
    """Write what the URL holds to a new file. Raises :class:`OSError`, also where it is absent."""
    patiently(lambda: _fetch(url, path), f"fetching {os.path.basename(path)}", is_away)


def send(path: str, url: str) -> None:
    """Make the URL hold what the file does, as a whole. Raises :class:`OSError`."""
    patiently(lambda: _send(path, url), f"sending {os.path.basename(path)}", is_away)


def forget(url: str) -> None:
    """Remove what the URL holds, which may be nothing. Raises :class:`OSError`."""
    if local := local_path(url):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(local)
        with contextlib.suppress(OSError):  # where others lie in the folder
            os.rmdir(os.path.dirname(local))
        return
    if is_ssh(url):
        overssh.forget(url)
        return
    with contextlib.closing(_opened(url, method="DELETE")):
        return


def is_there(url: str) -> bool:
    """Whether the URL holds something. Raises :class:`OSError` where no one answers."""
    if local := local_path(url):
        return os.path.exists(local)
    if is_ssh(url):
        return overssh.is_there(url)
    try:
        with contextlib.closing(_opened(url, headers={"Range": "bytes=0-0"})):
            return True
    except urllib.error.HTTPError as error:
        with error:
            if error.code in (403, 404):  # 403 without the right to list what there is
                return False
        raise


def local_path(url: str) -> str:
    """The path that a ``file`` URL names; "" for another one.

    Raises :class:`ValueError` for a URL of another kind.
    """
    scheme, _, path, *_ = urllib.parse.urlsplit(url)
    if scheme not in _SCHEMES:
        raise ValueError(f"{scheme!r} is not one of {', '.join(_SCHEMES)}")
    return urllib.request.url2pathname(path) if scheme == "file" else ""


def is_ssh(url: str) -> bool:
    """Whether the program ``ssh`` gets there."""
    return url.startswith("ssh:")


def is_away(error: Exception) -> bool:
    """Whether a failure may be over soon: the server is busy, or nobody answers."""
    if isinstance(error, urllib.error.HTTPError):
        return error.code in BUSY
    return isinstance(error, urllib.error.URLError | ConnectionError | TimeoutError)


def _fetch(url: str, path: str) -> None:
    local = local_path(url)
    if is_ssh(url):
        with open(path, "wb") as file:
            overssh.fetch(url, file)
        return
    source: Any = open_regular(local) if local else _opened(url)
    with contextlib.closing(source), open(path, "wb") as file:
        size = None if local else _announced(source, path)
        shutil.copyfileobj(source, file, 1 << 20)
        if size not in (None, file.tell()):
            raise ConnectionError(f"{file.tell()} of {size} bytes came")


def _announced(answer: Any, path: str) -> int:
    """How many bytes the server is going to send; no more are read.

    Raises :class:`OSError` where it does not say so, or where they do not fit on the disk.
    """
    text = answer.headers.get("Content-Length") or ""
    if not (text.isascii() and text.isdigit()):
        raise OSError("the server does not say how many bytes it sends")
    free = shutil.disk_usage(os.path.dirname(path) or ".").free
    if len(text) > MOST_DIGITS or int(text) > free:
        raise OSError(f"the server sends {text:.30} bytes, and {free} are free on the disk")
    return int(text)


def _send(path: str, url: str) -> None:
    size = os.path.getsize(path)
    if local := local_path(url):
        temporary = beside(local)
        shutil.copyfile(path, temporary)
        os.replace(temporary, local)
        return
    if is_ssh(url):
        with open_regular(path) as file:
            overssh.send(file, size, url)
        return
    if size > LARGEST:
        raise OSError(f"{size} bytes are more than S3 takes at once ({LARGEST})")
    headers = {"Content-Length": str(size), "Content-Type": "application/octet-stream"}
    with open_regular(path) as file, contextlib.closing(_opened(url, "PUT", headers, file)):
        return


def _opened(
    url: str,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    data: IO[bytes] | None = None,
) -> Any:
    local_path(url)
    request = urllib.request.Request(url, data, headers or {}, method=method)  # noqa: S310
    return urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A URL that is signed holds for one place; another one is nobody's that was named."""

    def redirect_request(self, *words: Any) -> None:
        """Raise :class:`OSError`: the second word is the answer, the last one the other place."""
        words[1].close()
        raise OSError(f"the server sends to another place, which is not followed: {words[-1]}")
