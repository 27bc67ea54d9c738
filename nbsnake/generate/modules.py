"""What the project's own Python files refer to; each is parsed once for each content."""

import contextlib
import hashlib
import posixpath
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from nbsnake.errors import NbsnakeError
from nbsnake.generate.memo import Memo, content_of
from nbsnake.model.plain import from_plain, to_plain
from nbsnake.notebook.read import read_bytes
from nbsnake.notebook.read_step import with_habits
from nbsnake.notebook.spec import StepSpec
from nbsnake.python.modules import Modules, parse_module
from nbsnake.python.references import References

MEMO_FILE = ".nbsnake/modules.json"


class ModuleFinder:
    """Finds the modules of steps; :meth:`save` keeps what those that were read refer to."""

    def __init__(self) -> None:
        self._memo = Memo(MEMO_FILE, None)
        self._read: dict[str, dict[str, Any]] = {}
        self._contents: dict[str, str] = {}
        self._modules = Modules(self._references)

    def contents(self) -> dict[str, str]:
        """What the answers rest on: paths with their content, many of them without a file.

        Of a module, it is the content before it was read.
        """
        asked = sorted(self._modules.asked)
        return {path: self._contents.get(path) or content_of(path) for path in asked}

    def with_modules(self, specs: Iterable[StepSpec], faults: list[NbsnakeError]) -> list[StepSpec]:
        """The steps with their modules; what is not Python is added to ``faults``."""
        found = []
        for spec in specs:
            folder = posixpath.dirname(spec.notebook)
            try:
                modules = self._modules.closure(spec.references, folder)
            except NbsnakeError as fault:
                faults.append(fault)
                modules = ()
            habits = frozenset(each for path in modules for each in self._references(path).habits)
            found.append(with_habits(replace(spec, modules=modules), habits))
        return found

    def save(self) -> None:
        """Write what the modules that were read refer to."""
        self._memo.entries = self._read
        self._memo.save()

    def _references(self, path: str) -> References:
        self._contents.setdefault(path, content_of(path))
        data = read_bytes(path)
        digest = hashlib.sha256(data).hexdigest()
        entry = self._read.get(path) or self._memo.entries.get(path)
        known: References | None = None
        if isinstance(entry, dict) and entry.get("module") == digest:
            with contextlib.suppress(ValueError):  # an entry that was tampered with
                known = from_plain(References, entry.get("references"))
        if known is None:
            known = parse_module(data, path)
        self._read[path] = {"module": digest, "references": to_plain(known)}
        return known
