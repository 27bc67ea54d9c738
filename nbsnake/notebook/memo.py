"""The steps of notebooks that were read before, by the content of the notebooks."""

import hashlib
import json
from pathlib import Path
from typing import Any

from nbsnake.generate.unchanged import fingerprint
from nbsnake.job.atomic import write_atomically
from nbsnake.model.plain import from_plain, to_plain
from nbsnake.notebook.read import parse_notebook, read_bytes
from nbsnake.notebook.read_step import Reading, StepSpec, read_step

MEMO_FILE = ".nbsnake/notebooks.json"


class SpecMemo:
    """What each notebook declares, for one way of reading them; :meth:`save` keeps it."""

    def __init__(self, rules: Reading) -> None:
        self._rules = rules
        self._reader = fingerprint(rules)
        self._old = _read_entries(self._reader)
        self._new: dict[str, dict[str, Any]] = {}

    def read_step(self, path: str) -> StepSpec | None:
        """The step of a notebook, which is parsed only where its content is not known."""
        data = read_bytes(path)
        digest = hashlib.sha256(data).hexdigest()
        entry = self._old.get(path)
        if entry and entry["notebook"] == digest:
            self._new[path] = entry
            return from_plain(StepSpec | None, entry["spec"])  # type: ignore[no-any-return]
        spec = read_step(parse_notebook(data, path), self._rules)
        plain = to_plain(spec)
        if from_plain(StepSpec | None, json.loads(json.dumps(plain))) == spec:
            self._new[path] = {"notebook": digest, "spec": plain}
        return spec

    def save(self) -> None:
        if self._new != self._old:
            memo = {"reader": self._reader, "notebooks": self._new}
            write_atomically(MEMO_FILE, json.dumps(memo).encode())


def _read_entries(reader: str) -> dict[str, dict[str, Any]]:
    try:
        memo = json.loads(Path(MEMO_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    known = isinstance(memo, dict) and memo.get("reader") == reader
    return memo["notebooks"] if known else {}
