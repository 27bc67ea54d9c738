"""DVC's state database: the digests of files, so that DVC need not read them.

It is written after dvc.lock, and saves time only. DVC itself takes half of the time of a sync to
load, and is not loaded for it: its databases are caches of diskcache, and their entries have the
form that DVC 3 gives them. An entry in another form would have DVC read the file again.
"""

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import diskcache

from nbsnake.job.content import Digest
from nbsnake.job.hashing import md5_of_bytes
from nbsnake.job.ignore import walk_files

SITE_CACHE_DIR = "DVC_SITE_CACHE_DIR"
SHARED = "/var/tmp/dvc"  # noqa: S108  (where DVC keeps its memory on Linux)
HASH_VERSION = 1  # of the entries of files
NANO = 1_000_000_000


def is_memory(folder: str) -> bool:
    """Whether DVC itself keeps its memory of projects beside this folder."""
    given = os.environ.get(SITE_CACHE_DIR) or (SHARED if sys.platform == "linux" else "")
    return bool(given) and os.path.dirname(folder) == os.path.join(given, "repo")


def remember(folder: str, contents: Mapping[str, Digest], links: Iterable[str]) -> None:
    """Note in ``folder``, where DVC keeps its memory, what files hold.

    ``links`` are the outputs that DVC may remove when a checkout no longer has them. The folder of
    another user is left alone.
    """
    os.makedirs(folder, exist_ok=True)
    if os.path.islink(folder) or os.stat(folder).st_uid != os.geteuid():
        return  # another user's database could name files for DVC to remove
    with _database(os.path.join(folder, "hashes", "local")) as hashes:
        for path, content in contents.items():
            with contextlib.suppress(FileNotFoundError):
                hashes[os.path.abspath(path)] = _entry(path, content)
    with _database(os.path.join(folder, "links")) as known:
        for path in links:
            with contextlib.suppress(FileNotFoundError):
                known[path] = (os.lstat(path).st_ino, _time_of(os.path.abspath(path)))


@contextlib.contextmanager
def _database(folder: str) -> Iterator[Any]:
    """A database, in a transaction. The settings are those of DVC."""
    settings = {"cull_limit": 0, "disk_pickle_protocol": 4}
    with diskcache.Cache(folder, timeout=60, **settings) as cache, cache.transact():
        yield cache


def _entry(path: str, content: Digest) -> str:
    """What DVC notes of a file that has a content."""
    status = os.stat(path)
    seen = str(([status.st_ino, status.st_mtime, status.st_size],))
    entry = {
        "version": HASH_VERSION,
        "checksum": str(int(md5_of_bytes(seen.encode()), 16)),
        "size": status.st_size,
        "hash_info": {"md5": content.md5},
    }
    return json.dumps(entry)


def _time_of(path: str) -> str:
    """When a file was changed in nanoseconds, or a digest of the times of the files in a folder."""
    if not os.path.isdir(path):
        return str(round(os.stat(path).st_mtime * NANO))
    times = {}
    for _, file in walk_files(path):
        with contextlib.suppress(FileNotFoundError):
            times[file] = os.stat(file).st_mtime
    return md5_of_bytes(json.dumps(times, sort_keys=True).encode())
