"""The steps that notebooks declare; a notebook is parsed once for each content."""

import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nbsnake.errors import NbsnakeError
from nbsnake.generate.ahead import Ahead
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
        self._ahead = Ahead(self._entry, ())

    @contextlib.contextmanager
    def reading_ahead(self, paths: Iterable[str]) -> Iterator[None]:
        """Let copies of this process read many notebooks of which nothing is known yet."""
        new = [path for path in paths if path not in self._memo.entries]
        self._ahead = Ahead(self._entry, new)
        try:
            yield
        finally:
            self._ahead.close()

    def read_step(self, path: str) -> StepSpec | None:
        """The step of a notebook, None where it declares none.

        Raises :class:`NotebookError` for faults in it.
        """
        if path in self._ahead.names:
            self._memo.entries |= self._ahead.found()
        data = self._data(path)
        digest = hashlib.sha256(data).hexdigest()
        with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
            return self._known(path, digest)  # faults: none is known, or it was tampered with
        spec = read_step(parse_notebook(data, path), self._rules)
        entry = _entry_of(spec, digest)
        self._included |= entry["included"]
        if _is_kept_whole(spec, entry):
            self._asked[path] = entry
        return spec

    def _data(self, path: str) -> bytes:
        return self._texts[path] if path in self._texts else read_bytes(path)

    def _entry(self, path: str) -> dict[str, Any] | None:
        """What is known of a notebook after it was read; None where only its step itself says it.

        So does a fault, which is found again by who asks for the step.
        """
        data = self._data(path)
        try:
            spec = read_step(parse_notebook(data, path), self._rules)
        except NbsnakeError:
            return None
        entry = _entry_of(spec, hashlib.sha256(data).hexdigest())
        return entry if _is_kept_whole(spec, entry) else None

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


def _entry_of(spec: StepSpec | None, digest: str) -> dict[str, Any]:
    included = {name: content_of(name) for name in (spec.included if spec else ())}
    return {"notebook": digest, "spec": to_plain(spec), "included": included}


def _is_kept_whole(spec: StepSpec | None, entry: Mapping[str, Any]) -> bool:
    """Whether an entry gives the same step again when it was written and read."""
    return bool(from_plain(StepSpec | None, json.loads(json.dumps(entry["spec"]))) == spec)
