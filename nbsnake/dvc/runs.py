"""All runs on record, in DVC's run-cache and in nbsnake's own."""

import json
import os
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from dvc.utils.serialize import parse_yaml

from nbsnake.compare.runs import RecordedRun
from nbsnake.job.cache import Cache
from nbsnake.job.outputs import OWN_CACHE
from nbsnake.job.regular import open_regular, read_regular
from nbsnake.job.shape import from_json
from nbsnake.yaml_limits import TooLargeError, check_size, limited_time

_ENTRY = re.compile(r"[0-9a-f]{64}")
LARGEST = 10_000_000  # bytes of a metric file


def recorded_runs(cache: Cache) -> Iterator[RecordedRun]:
    """The runs; an entry that cannot be read is left out."""
    for folder in (cache.folder, OWN_CACHE.folder):
        for parent, _, names in os.walk(os.path.join(folder, "runs")):
            for name in filter(_ENTRY.fullmatch, sorted(names)):
                if run := _read(os.path.join(parent, name)):
                    yield run


def _read(path: str) -> RecordedRun | None:
    try:
        moment = os.stat(path).st_mtime
        text = read_regular(path).decode()
        with limited_time(text):
            entry = parse_yaml(text, path)
        check_size(entry)
        deps, outs = (
            {str(each["path"]): str(each["md5"]) for each in entry.get(section, ())}
            for section in ("deps", "outs")
        )
        params = {file: dict(values) for file, values in entry.get("params", {}).items()}
    except Exception:  # whatever an entry that was tampered with makes YAML or its reader raise
        return None
    when = f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S}"
    return RecordedRun(when, params, deps, outs)


def read_metric(cache: Cache, path: str, md5: str) -> Any:
    """What a metric file holds that a cache has; None where none has it, or it cannot be read."""
    for each in (cache, OWN_CACHE):
        if each.has_object(md5):
            try:
                with open_regular(each.object_path(md5)) as file:
                    return _parsed(path, file.read(LARGEST).decode())
            except (OSError, ValueError, TooLargeError):
                return None
    return None


def _parsed(path: str, text: str) -> Any:
    if path.endswith(".json"):
        return from_json(text)
    if path.endswith(".toml"):
        return tomllib.loads(text)
    with limited_time(text):
        found = parse_yaml(text, path)
    check_size(found)
    return json.loads(json.dumps(found, default=str))
