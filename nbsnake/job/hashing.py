"""md5 and sha256 as hexadecimal digits.

Standard library only: this runs inside every job. ``hashlib`` loads OpenSSL, which takes longer
than to digest a megabyte without it: so a job imports it for many bytes only. It also lets other
threads work meanwhile.
"""

import os
import sys
from io import BufferedReader

try:
    from _md5 import md5 as _md5  # type: ignore[import-not-found]

    if sys.version_info >= (3, 12):
        from _sha2 import sha256 as _sha256  # as it is named there
    else:
        from _sha256 import sha256 as _sha256  # type: ignore[import-not-found]
except ImportError:
    from hashlib import md5 as _md5  # for a Python that was built without them
    from hashlib import sha256 as _sha256  # the same

SMALL = 1 << 14  # bytes below which OpenSSL, where it is loaded, does not pay its start
LARGE = 1 << 20  # bytes from which on OpenSSL, a sixth faster, is worth its start


def md5_of_bytes(data: bytes) -> str:
    """The md5 of bytes."""
    return str(_md5(data).hexdigest())


def sha256_of_bytes(data: bytes) -> str:
    """The sha256 of bytes."""
    return str(_sha256(data).hexdigest())


def md5_of_open(file: BufferedReader) -> str:
    """The md5 of the bytes of an open file."""
    return md5_of_bytes(file.read()) if _is_small(file) else _by_openssl(file, "md5")


def sha256_of_open(file: BufferedReader) -> str:
    """The sha256 of the bytes of an open file."""
    return sha256_of_bytes(file.read()) if _is_small(file) else _by_openssl(file, "sha256")


def _is_small(file: BufferedReader) -> bool:
    return os.fstat(file.fileno()).st_size < (SMALL if "hashlib" in sys.modules else LARGE)


def _by_openssl(file: BufferedReader, name: str) -> str:
    import hashlib  # for large files only

    return hashlib.file_digest(file, name).hexdigest()
