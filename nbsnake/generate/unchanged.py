"""Whether anything has changed since the generated files were last found to be right.

By content: what `generate` reads and what it writes is hashed, and so is nbsnake itself.
Standard library only, for most calls of `generate` and `check` need no more: YAML is read only
after an edit of params.yaml.
"""

import json
import os
from collections.abc import Iterable
from typing import Any

from nbsnake.generate.memo import content_of, own_files, read_memo
from nbsnake.job.own import note_own, read_own
from nbsnake.job.shape import is_text_map
from nbsnake.names import PARAMS_FILE
from nbsnake.settings.discover import walk_notebooks

MEMO_FILE = ".nbsnake/generated.json"
STEPLESS_FILE = ".nbsnake/stepless.json"
# What else is read, and what is written besides the folders below.
FILES = (
    *("nbsnake.yaml", ".mlvtools", PARAMS_FILE, "dvc.yaml", ".gitignore", ".dvcignore"),
    *("workflow/Snakefile", "workflow/profiles/default/profile.yaml", "workflow/envs/steps.yaml"),
)
FOLDERS = ("workflow/scripts", "workflow/rules", "workflow/schemas")


State = dict[str, Any]


def is_unchanged() -> bool:
    """Whether all files are as :func:`remember` noted them, or differ in what changes no other one:
    in plain values of params.yaml.
    """
    memo = read_memo(MEMO_FILE)
    more = memo.get("more", {})
    if not memo or not is_text_map(more):
        return False
    now = snapshot(more)
    return memo == now or _has_only_other_values(memo, now)


def _has_only_other_values(memo: dict[str, Any], now: State) -> bool:
    """Whether params.yaml alone has changed, and only plain values in it; that is noted."""
    files = memo.get("files")
    if not isinstance(files, dict):
        return False
    before, content = files.get(PARAMS_FILE), now["files"][PARAMS_FILE]
    if not before or {**memo, "files": {**files, PARAMS_FILE: content}} != now:
        return False
    from nbsnake.generate.edits import only_plain_values_changed  # reads YAML, and seldom needed

    if not only_plain_values_changed(before, content):
        return False
    note_own(MEMO_FILE, json.dumps(now).encode())
    return True


def is_edited(path: str, notebook: str) -> bool:
    """Whether a generated file was edited by hand since it was last found to be right.

    Where its notebook was edited as well, that is not known.
    """
    files = read_memo(MEMO_FILE).get("files")
    noted = files if isinstance(files, dict) and is_text_map(files) else {}
    if path not in noted or noted.get(notebook) != content_of(notebook):
        return False
    return bool(noted[path] != content_of(path))


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
        note_own(MEMO_FILE, json.dumps(after).encode())


def snapshot(more: Iterable[str]) -> State:
    """The content of all files that matter; ``more`` are those that only the settings know."""
    listed = [path for folder in FOLDERS for path in _files_in(folder)]
    return {
        "nbsnake": own_files(),
        "files": {path: content_of(path) for path in [*walk_notebooks(), *FILES, *listed]},
        "more": {path: content_of(path) for path in more},
    }


def remember_stepless(paths: Iterable[str]) -> None:
    """Note the notebooks that declare no step."""
    found = sorted(paths)
    if found != stepless():
        note_own(STEPLESS_FILE, json.dumps(found).encode())


def stepless() -> list[str]:
    """The notebooks that declared no step when they were read last, sorted."""
    found = read_own(STEPLESS_FILE)
    names = found if isinstance(found, list) else []
    return [name for name in names if isinstance(name, str) and os.path.isfile(name)]


def _files_in(folder: str) -> list[str]:
    try:
        return sorted(entry.path for entry in os.scandir(folder) if entry.is_file())
    except (FileNotFoundError, NotADirectoryError):
        return []
