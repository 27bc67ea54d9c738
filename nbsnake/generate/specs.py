"""The steps that notebooks declare; a notebook is parsed once for each content."""

import contextlib
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from nbsnake.generate.memo import Memo, content_of, is_current
from nbsnake.generate.unchanged import remember_stepless
from nbsnake.model.plain import from_plain, to_plain
from nbsnake.notebook.read import parse_notebook, read_bytes
from nbsnake.notebook.read_step import read_step
from nbsnake.notebook.spec import Reading, StepSpec

MEMO_FILE = ".nbsnake/notebooks.json"


class SpecReader:
    """Reads notebooks in one way; :meth:`save` keeps what those that were asked for declare.

    ``texts`` are read instead of the notebooks at these paths.
    """

    def __init__(self, rules: Reading, texts: Mapping[str, bytes] = {}) -> None:
        self._rules = rules
        self._texts = texts
        self._memo = Memo(MEMO_FILE, rules)
        self._asked: dict[str, dict[str, Any]] = {}
        self._included: dict[str, str] = {}

    def read_step(self, path: str) -> StepSpec | None:
        """The step of a notebook, None where it declares none.

        Raises :class:`NotebookError` for faults in it.
        """
        data = self._texts[path] if path in self._texts else read_bytes(path)
        digest = hashlib.sha256(data).hexdigest()
        with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
            return self._known(path, digest)  # faults: none is known, or it was tampered with
        spec = read_step(parse_notebook(data, path), self._rules)
        plain = to_plain(spec)
        included = {name: content_of(name) for name in (spec.included if spec else ())}
        self._included |= included
        if from_plain(StepSpec | None, json.loads(json.dumps(plain))) == spec:
            self._asked[path] = {"notebook": digest, "spec": plain, "included": included}
        return spec

    def _known(self, path: str, digest: str) -> StepSpec | None:
        entry = self._memo.entries[path]
        if entry["notebook"] != digest or not is_current(entry["included"]):
            raise KeyError(path)
        spec: StepSpec | None = from_plain(StepSpec | None, entry["spec"])
        self._asked[path] = entry
        self._included |= entry["included"]
        return spec

    def contents(self) -> dict[str, str]:
        """The content of the notebooks that others run, on which their steps rest."""
        return dict(self._included)

    def save(self) -> None:
        """Write the steps of the notebooks that were asked for."""
        self._memo.entries = self._asked
        self._memo.save()
        remember_stepless(path for path, entry in self._asked.items() if entry["spec"] is None)
