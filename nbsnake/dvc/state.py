"""DVC's state database: the digests of files, so that DVC need not read them.

It is written after dvc.lock, and saves time only. DVC itself is not loaded for it.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dvc.dirs import site_cache_dir
from dvc_data.hashfile.hash_info import HashInfo
from dvc_data.hashfile.state import State
from dvc_data.hashfile.utils import get_mtime_and_size
from dvc_objects.fs import localfs
from dvc_objects.fs.system import inode

from nbsnake.job.content import Digest
from nbsnake.job.ignore import walk_files


def is_memory(folder: str) -> bool:
    """Whether DVC itself keeps its memory of projects beside this folder."""
    return os.path.dirname(folder) == os.path.join(site_cache_dir(), "repo")


def remember(folder: str, contents: Mapping[str, Digest], links: Iterable[str]) -> None:
    """Note in ``folder``, where DVC keeps its memory, what files hold.

    ``links`` are the outputs that DVC may remove when a checkout no longer has them. The folder of
    another user is left alone.
    """
    os.makedirs(folder, exist_ok=True)
    if os.path.islink(folder) or os.stat(folder).st_uid != os.geteuid():
        return  # another user's database could name files for DVC to remove
    files = _TrackedFiles()
    state = State(os.getcwd(), folder, files)
    try:
        items = [
            (os.path.abspath(path), HashInfo("md5", content.md5), None)
            for path, content in contents.items()
        ]
        state.save_many(items, localfs)
        with state.links.transact():
            for path in links:  # as State.save_link, which is a transaction for each
                mtime, _ = get_mtime_and_size(os.path.abspath(path), localfs, files)
                state.links[path] = (inode(path), mtime)
    finally:
        state.close()


class _TrackedFiles:
    """The files of folders that DVC looks at, in the form that its memory asks for."""

    @staticmethod
    def find(_: Any, folder: str) -> Iterator[str]:
        return (path for _, path in walk_files(folder))
