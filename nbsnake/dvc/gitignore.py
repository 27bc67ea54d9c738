"""Which files git tracks, and the lines by which it ignores what DVC tracks."""

import os
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable

from nbsnake.dvc.scan import check_git_files
from nbsnake.job.atomic import write_atomically
from nbsnake.job.inside import plain
from nbsnake.job.regular import read_regular
from nbsnake.names import upwards
from nbsnake.programs import git_call

_PLAIN = re.compile(r"[\w.-]+")  # none of these characters means anything in a pattern


def tracked_by_git(paths: Iterable[str] = ()) -> list[str]:
    """The files that git tracks, of these paths (all for none) and below them; none without git."""
    try:
        done = subprocess.run(git_call("ls-files", "-z", "--", *paths), capture_output=True)
    except OSError:
        return []
    return [name for name in os.fsdecode(done.stdout).split("\0") if name]


def untrack(path: str) -> str:
    """What a user does for a path that git tracks and that a step writes."""
    return (
        f"git rm -r --cached {path}, and commit that; the next run replaces {path}, "
        "and keeps first what it is now"
    )


def ignore(paths: Iterable[str]) -> list[str]:
    """Let git ignore the paths, by the lines that DVC itself would add; the files it took.

    Each is a line in the ``.gitignore`` of the path's folder, unless git ignores the path already.
    """
    by_folder: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        folder, name = os.path.split(path)
        by_folder[folder].append(name)
    missing = {
        folder: names
        for folder, all_names in by_folder.items()
        if (names := _without_line(folder, all_names))
    }
    return _add_lines(missing) if missing else []


def _without_line(folder: str, names: Iterable[str]) -> list[str]:
    lines = {*_text(folder).splitlines()}
    return [name for name in names if _line(name) not in lines]


def _add_lines(missing: dict[str, list[str]]) -> list[str]:
    from scmrepo.exceptions import SCMError  # slow, and seldom needed
    from scmrepo.git import Git  # slow, and seldom needed

    try:
        git = Git(".", search_parent_directories=True)
    except SCMError:
        return []
    written = []
    folders = {up for folder in missing for up in (*upwards(folder), "")}
    check_git_files(os.path.join(folder, ".gitignore") for folder in folders)
    with git:
        for folder, names in missing.items():
            new = [
                name
                for name in names
                if not git.is_ignored(os.path.abspath(os.path.join(folder, name)))
            ]
            if new:
                file = plain(os.path.join(folder, ".gitignore"))
                text = _text(folder)
                start = "\n" if text and not text.endswith("\n") else ""
                added = "".join(f"{_line(name)}\n" for name in new)
                write_atomically(file, f"{text}{start}{added}".encode())
                written.append(file)
    return written


def _line(name: str) -> str:
    if _PLAIN.fullmatch(name):
        return f"/{name}"
    from pathspec.patterns import GitWildMatchPattern  # slow, and seldom needed

    return f"/{GitWildMatchPattern.escape(name)}"


def _text(folder: str) -> str:
    try:
        return read_regular(os.path.join(folder, ".gitignore")).decode()
    except FileNotFoundError:
        return ""
