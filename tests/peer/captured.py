"""What DVC's tests define and load in memory, as the dvc.yaml and dvc.lock that would hold it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any
from unittest import mock

from dvc.dvcfile import LOCK_FILE, Lockfile
from dvc.parsing import JOIN, DataResolver, EntryDefinition, ForeachDefinition, MatrixDefinition

Document = dict[str, Any]


class Captured:
    """The pipelines that one test defines, and the lock files that it loads by other names."""

    def __init__(self) -> None:
        self._resolvers: list[tuple[Any, Document]] = []
        self._defined: list[tuple[Any, Any, Document]] = []  # resolver, context, stages
        self.locks: list[str] = []

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Capture what is made and loaded meanwhile."""
        with ExitStack() as stack:
            stack.enter_context(_calls(DataResolver, "__init__", self._on_resolver))
            stack.enter_context(_calls(Lockfile, "load", self._on_load))
            for kind in (EntryDefinition, ForeachDefinition, MatrixDefinition):
                stack.enter_context(_calls(kind, "__init__", self._on_definition))
            yield

    def pipelines(self) -> list[Document]:
        """A dvc.yaml for each resolver, and for each stage that was defined apart; each once."""
        documents = dict(map(_by_id, self._resolvers))
        found = [_document(each, _context(resolver), {}) for resolver, each in self._resolvers]
        for resolver, context, stages in self._defined:
            found.append(_document(documents.get(id(resolver), {}), context, stages))
        return [each for place, each in enumerate(found) if each and each not in found[:place]]

    def _on_resolver(self, resolver: Any, _repo: Any, _wdir: str, document: Document) -> None:
        self._resolvers.append((resolver, deepcopy(document)))

    def _on_definition(
        self, _: Any, resolver: Any, context: Any, name: str, body: Any, where: str = "stages"
    ) -> None:
        if where == "stages" and JOIN not in name:
            self._defined.append((resolver, context, {name: deepcopy(body)}))

    def _on_load(self, lockfile: Any, **_: Any) -> None:
        path = Path(lockfile.path)
        if path.name != LOCK_FILE and path.exists():
            self.locks.append(path.read_text(encoding="utf-8"))


@contextmanager
def _calls(owner: type, name: str, before: Callable[..., None]) -> Iterator[None]:
    function = getattr(owner, name)

    def called(*args: Any, **kwargs: Any) -> Any:
        before(*args, **kwargs)
        return function(*args, **kwargs)

    with mock.patch.object(owner, name, called):
        yield


def _by_id(item: tuple[Any, Document]) -> tuple[int, Document]:
    return id(item[0]), item[1]


def _context(resolver: Any) -> Any:
    return getattr(resolver, "context", {})  # it has none where its variables are at fault


def _document(document: Document, context: Any, stages: Document) -> Document:
    """The document with these stages in place of its own, if any, as DVC would read it.

    Variables that a test gave in memory are added to ``vars:``, and to a stage without a command
    one that does nothing.
    """
    given = {key: node.value for key, node in context.items() if node.meta.source is None}
    variables = [*document.get("vars", []), *([given] if given else [])]
    bodies = deepcopy(stages or document.get("stages", {}))
    for body in bodies.values():
        body.get("do", body).setdefault("cmd", "true")
    return {
        **({"vars": variables} if variables else {}),
        **({"stages": bodies} if bodies else {}),
    }
