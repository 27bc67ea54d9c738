"""dvc.lock: what is known of each stage, read and written as DVC 3 does."""

import json
import os
from typing import Any

from nbsnake.atomic import write_atomically
from nbsnake.errors import ToolError, Where
from nbsnake.plan import source_digests
from nbsnake.receipt import Run

LOCK_FILE = "dvc.lock"
MEMO_FILE = ".nbsnake/lock.json"
FORMAT = 1


def read_lock() -> dict[str, Run]:
    """All stages of dvc.lock; none where the file is absent.

    The parsed file is kept as JSON, which reads a hundred times faster, until dvc.lock changes.
    """
    source = source_digests([LOCK_FILE])
    try:
        with open(MEMO_FILE, encoding="utf-8") as file:
            memo = json.load(file)
        if memo["format"] == FORMAT and memo["source"] == source:
            return {name: Run(*fields) for name, fields in memo["stages"].items()}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    locked = {name: run_of(body) for name, body in read_document()["stages"].items()}
    memo = {"format": FORMAT, "source": source, "stages": locked}
    write_atomically(MEMO_FILE, json.dumps(memo, default=str).encode(), durable=False)
    return locked


def read_document() -> dict[str, Any]:
    """dvc.lock as DVC reads it.

    Raises :class:`ToolError` for a file that is no dvc.lock of DVC 2 or 3.
    """
    from dvc.exceptions import DvcException
    from dvc.utils.serialize import load_yaml

    if not os.path.exists(LOCK_FILE):
        return {"schema": "2.0", "stages": {}}
    try:
        document = load_yaml(LOCK_FILE)
    except DvcException as error:
        raise ToolError(str(error), where=Where(LOCK_FILE)) from None
    if not isinstance(document.get("stages", {}), dict) or document.get("schema") != "2.0":
        raise ToolError(
            "is no lock file of DVC 2 or 3",
            where=Where(LOCK_FILE),
            hint=f"restore it: git checkout {LOCK_FILE}",
        )
    return {"schema": "2.0", "stages": {}, **document}


def run_of(body: dict[str, Any]) -> Run:
    """The run that one stage of dvc.lock tells of."""
    return Run(
        body.get("cmd", ""), body.get("params", {}), _md5s(body, "deps"), _md5s(body, "outs")
    )


def _md5s(body: dict[str, Any], section: str) -> dict[str, str]:
    return {entry["path"]: entry.get("md5", "") for entry in body.get(section, [])}


def dump(document: dict[str, Any]) -> bytes:
    """A document in DVC's own YAML, byte for byte."""
    from dvc.utils.serialize import dumps_yaml

    return str(dumps_yaml(document)).encode()
