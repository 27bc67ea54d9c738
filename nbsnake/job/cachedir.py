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
    """The folders that ``cache.dir`` names, and those of the remotes that ``cache.local`` names."""
    settings = [*_settings()]
    urls = {section: (folder, url) for folder, section, key, url in settings if key == "url"}
    for folder, section, key, value in settings:
        if (section, key) == ("cache", "dir"):
            yield os.path.join(folder, os.path.expanduser(value))
        elif (section, key) == ("cache", "local"):
            yield from _folder_of(value.lower(), urls)


def _folder_of(remote: str, urls: dict[str, tuple[str, str]]) -> Iterator[str]:
    """A remote's folder, if it is one here. A URL may name another remote: ``remote://NAME/PATH``.

    ``urls`` are the folders of the files of settings and the URLs, by section.
    """
    path = ""
    for _ in urls:  # each at most once, for they could be a cycle
        folder, url = urls.get(f"remote {remote}", ("", ""))
        if url and not url.startswith("remote://"):
            yield os.path.join(folder, os.path.expanduser(url), path)
            return
        remote, _, rest = url.removeprefix("remote://").partition("/")
        path = os.path.join(rest, path)


def _settings() -> Iterator[tuple[str, str, str, str]]:
    """Each setting of each file: the file's folder, the section, the key and the value."""
    others = (os.path.expanduser(os.path.expandvars(each)) for each in _ELSEWHERE)
    for file in (*SETTINGS, *(os.path.join(folder, "config") for folder in others)):
        try:
            lines = read_regular(file).decode().splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        section = ""
        for line in map(str.strip, lines):
            key, _, value = line.partition("=")
            if line.startswith("["):
                section = line.strip("[]' ").replace('"', "").lower()
            yield os.path.dirname(file), section, key.strip().lower(), value.strip().strip("'\"")
