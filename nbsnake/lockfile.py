"""dvc.lock: what is known of each stage, read and written as DVC 3 does."""

import os
from typing import Any

from nbsnake.errors import ToolError, Where
from nbsnake.lockmemo import LOCK_FILE, read_lock_memo, write_lock_memo


def read_lock() -> dict[str, dict[str, Any]]:
    """All stages of dvc.lock; none where the file is absent. YAML is parsed only if it changed."""
    stages = read_lock_memo()
    if stages is None:
        stages = read_document()["stages"]
        write_lock_memo(stages)
    return stages


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


def dump(document: dict[str, Any]) -> bytes:
    """A document in DVC's own YAML, byte for byte."""
    from dvc.utils.serialize import dumps_yaml

    return str(dumps_yaml(document)).encode()
