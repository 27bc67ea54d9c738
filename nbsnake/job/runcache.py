"""DVC's run-cache: what a command gave the last time it ran on the same content.

Standard library only: this runs inside every job. An entry is the file
``<cache>/runs/<key[:2]>/<key>/<value>``, written as a stage of dvc.lock; ``key`` covers all
that goes in, ``value`` for what came out.
"""

import json
import os
import re
from collections.abc import Iterator
from typing import Any

from nbsnake.job.content import Digest, parse_md5
from nbsnake.job.hashing import sha256_of_bytes
from nbsnake.job.regular import read_regular

_ENTRY = r"[0-9a-f]{64}"
_FIELD = r"^  (md5|size|nfiles|isexec): (\S+)$"


def run_key(body: dict[str, Any]) -> str:
    """The sha256 of a step's lock entry, of whose outputs only the paths count."""
    return _sha256({**body, "outs": [out["path"] for out in body.get("outs", [])]})


def run_value(body: dict[str, Any]) -> str:
    """The sha256 of a step's whole lock entry."""
    return _sha256(body)


def run_folder(cache_folder: str, key: str) -> str:
    """The folder of all runs with a key."""
    return os.path.join(cache_folder, "runs", key[:2], key)


def run_path(cache_folder: str, body: dict[str, Any]) -> str:
    """The file of the run in ``body``."""
    return os.path.join(run_folder(cache_folder, run_key(body)), run_value(body))


def find_run(cache_folder: str, key: str, outs: int) -> list[Digest] | None:
    """The outputs of the newest run under ``key``, in the order of their paths; None if none."""
    folder = run_folder(cache_folder, key)
    try:
        names = [name for name in os.listdir(folder) if not name.endswith(".tmp")]
        entries = [os.path.join(folder, name) for name in names]
        found = _read_outs(max(entries, key=os.path.getmtime))
    except (OSError, ValueError):
        return None
    return found if found and len(found) == outs else None


def all_runs(cache_folder: str) -> Iterator[list[Digest]]:
    """What each run on record wrote; an entry that cannot be read is left out."""
    return (outs for _, outs in run_files(cache_folder))


def run_files(cache_folder: str) -> Iterator[tuple[str, list[Digest]]]:
    """As :func:`all_runs`, each with the entry's file."""
    for parent, _, names in os.walk(os.path.join(cache_folder, "runs")):
        for name in names:
            path = os.path.join(parent, name)
            if re.fullmatch(_ENTRY, name) and (outs := _read_outs(path)):
                yield path, outs


def _read_outs(path: str) -> list[Digest] | None:
    try:
        return _parse_outs(read_regular(path).decode())
    except (OSError, ValueError, KeyError, IndexError):
        return None


def _parse_outs(text: str) -> list[Digest]:
    """Read the outputs of an entry without a YAML parser; DVC's printer gives one form only."""
    fields: list[dict[str, Any]] = []
    for line in text.partition("\nouts:\n")[2].splitlines():
        if line.startswith("- "):
            fields.append({})
        elif match := re.match(_FIELD, line):
            fields[-1][match[1]] = match[2]
    return [
        Digest(
            parse_md5(out["md5"].strip("'")),
            int(out["size"]),
            int(out["nfiles"]) if "nfiles" in out else None,
            out.get("isexec") == "true",
        )
        for out in fields
    ]


def _sha256(body: dict[str, Any]) -> str:
    text = json.dumps(_without_sizes(body), sort_keys=True)
    return sha256_of_bytes(text.encode())


def _without_sizes(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_sizes(v) for k, v in value.items() if k not in ("size", "nfiles")}
    if isinstance(value, list):
        return [_without_sizes(item) for item in value]
    return value
