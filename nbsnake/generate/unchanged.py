"""Whether anything has changed since the generated files were last found to be right.

By content: what `generate` reads and what it writes is hashed, and nbsnake itself is told by its
files. Standard library only, for this is what most calls of `generate` and `check` come to.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbsnake
from nbsnake.job.atomic import write_atomically
from nbsnake.model.plain import to_plain
from nbsnake.settings.discover import walk_notebooks

MEMO_FILE = ".nbsnake/generated.json"
# What else is read, and what is written besides the folders below.
FILES = (
    *("nbsnake.yaml", ".mlvtools", "params.yaml", "dvc.yaml", ".gitignore", ".dvcignore"),
    *("workflow/Snakefile", "workflow/profiles/default/profile.yaml", "workflow/envs/steps.yaml"),
)
FOLDERS = ("workflow/scripts", "workflow/rules", "workflow/schemas")


State = dict[str, Any]


def is_unchanged() -> bool:
    """Whether all files are as :func:`remember` noted them."""
    memo = _read_memo()
    return bool(memo) and memo == snapshot(memo.get("more", {}))


def remember(before: State, written: Iterable[str]) -> None:
    """Note that the generated files are right.

    ``before`` is the snapshot from which they were made. When other files than those ``written``
    have changed since, nothing is noted.
    """
    after = snapshot(before["more"])
    changed = {
        path
        for path in {*before["files"], *after["files"]}
        if before["files"].get(path, "") != after["files"].get(path, "")
    }
    if changed <= set(written) and before["more"] == after["more"]:
        write_atomically(MEMO_FILE, json.dumps(after).encode())


def snapshot(more: Iterable[str]) -> State:
    """The content of all files that matter; ``more`` are those that only the settings know."""
    listed = [path for folder in FOLDERS for path in _files_in(folder)]
    return {
        "nbsnake": own_files(),
        "files": {path: content_of(path) for path in [*walk_notebooks(), *FILES, *listed]},
        "more": {path: content_of(path) for path in more},
    }


def _files_in(folder: str) -> list[str]:
    try:
        return sorted(entry.path for entry in os.scandir(folder) if entry.is_file())
    except OSError:
        return []


def content_of(path: str) -> str:
    """The content's hash and whether the file is executable; "" for a file that is not there.

    The content of a folder are the names in it.
    """
    try:
        if os.path.isdir(path):
            names = "/".join(sorted(os.listdir(path)))
            return hashlib.sha256(names.encode(errors="replace")).hexdigest()
        with open(path, "rb") as file:
            executable = os.fstat(file.fileno()).st_mode & 0o100
            return f"{hashlib.file_digest(file, 'sha256').hexdigest()}{'x' if executable else ''}"
    except OSError:
        return ""


def fingerprint(value: object) -> str:
    """A hash of nbsnake's own code and of a value that steers it."""
    told = json.dumps([own_files(), to_plain(value)], default=str)
    return hashlib.sha256(told.encode()).hexdigest()


def own_files() -> list[str]:
    """What tells one state of nbsnake's code from another: versions do not while it is edited."""
    top = Path(nbsnake.__file__).parent
    files = [*top.rglob("*.py"), *top.rglob("*.smk"), *top.parent.glob("rules/*")]
    return sorted(f"{file.name} {(at := file.stat()).st_size} {at.st_mtime_ns}" for file in files)


def _read_memo() -> State:
    try:
        with open(MEMO_FILE, encoding="utf-8") as file:
            memo = json.load(file)
    except (OSError, ValueError):
        return {}
    return memo if isinstance(memo, dict) else {}
