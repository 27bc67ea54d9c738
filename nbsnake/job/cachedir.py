"""Where DVC's settings put the cache, found without DVC.

Standard library only: this runs inside every job.
"""

import os
from collections.abc import Iterator

from nbsnake.job.regular import read_regular

DEFAULT = ".dvc/cache"
SETTINGS = (".dvc/config", ".dvc/config.local")
# The folders of settings for a user and for a machine, on Linux and on macOS.
_ELSEWHERE = (
    *("$DVC_GLOBAL_CONFIG_DIR", "$DVC_SYSTEM_CONFIG_DIR", "$XDG_CONFIG_HOME/dvc"),
    *("~/.config/dvc", "/etc/xdg/dvc"),
    *("~/Library/Application Support/dvc", "/Library/Application Support/dvc"),
)


def is_cache_folder(folder: str) -> bool:
    """Whether DVC's settings, and not only a plan, say that the cache is there."""
    known = (os.path.realpath(each) for each in _configured())
    return folder == DEFAULT or os.path.realpath(folder) in known


def _configured() -> Iterator[str]:
    others = (os.path.expanduser(os.path.expandvars(each)) for each in _ELSEWHERE)
    for file in (*SETTINGS, *(os.path.join(folder, "config") for folder in others)):
        try:
            found = [*_cache_dirs(read_regular(file).decode().splitlines())]
        except (OSError, UnicodeDecodeError):
            continue
        yield from (os.path.join(os.path.dirname(file), os.path.expanduser(each)) for each in found)


def _cache_dirs(lines: list[str]) -> Iterator[str]:
    section = ""
    for line in map(str.strip, lines):
        key, equals, value = line.partition("=")
        if line.startswith("["):
            section = line.strip("[]'\" ").lower()
        elif section == "cache" and equals and key.strip().lower() == "dir":
            yield value.strip().strip("'\"")
