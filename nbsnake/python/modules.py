"""The Python files of the project that code imports or runs, with all that these import."""

import ast
import os
import posixpath
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence

from nbsnake.errors import NbsnakeError, PipelineError, Where, raise_all
from nbsnake.python.layout import Layout
from nbsnake.python.references import Import, References, find_references

Reader = Callable[[str], References]


class Modules:
    """Finds the files; ``read`` gives what a module refers to.

    ``asked`` are all paths whose presence or content counted: files, folders, and names that
    nothing has.
    """

    def __init__(self, read: Reader) -> None:
        self._read = read
        self._layout = Layout()
        self.asked: set[str] = {*self._layout.files}

    def closure(self, references: References, folder: str) -> tuple[str, ...]:
        """The files behind the references of a notebook in ``folder``, sorted.

        Raises :class:`PipelineError`, several together, for files that are not Python.
        """
        found: dict[str, None] = {}
        faults: list[NbsnakeError] = []
        waiting = [("", references, self._search_path(references, folder, ()))]
        while waiting:
            file, refers, places = waiting.pop()
            for path, is_run in self._behind(refers, file, places):
                if path in found:
                    continue
                found[path] = None
                try:
                    inner = self._read(path)
                except NbsnakeError as fault:
                    faults.append(fault)
                    continue
                start = posixpath.dirname(path) if is_run else None
                waiting.append((path, inner, self._search_path(inner, start, places)))
        raise_all(faults)
        return tuple(sorted(found))

    def _search_path(
        self, references: References, folder: str | None, places: Sequence[str]
    ) -> tuple[str, ...]:
        """The folders to import from: the program's own, those that it adds, the project's."""
        own = [folder or "."] if folder is not None else []
        added = [each for each in references.folders if _is_inside(each)]
        return tuple(dict.fromkeys([*own, *places, *added, *self._layout.folders]))

    def _behind(
        self, references: References, file: str, places: Sequence[str]
    ) -> Iterator[tuple[str, bool]]:
        """The files that references lead to, and whether each is run as a program."""
        for each in references.imports:
            yield from ((path, False) for path in self._of_import(each, file, places))
        for name in references.files:
            for path in dict.fromkeys((posixpath.normpath(name), _beside(name, places))):
                if _is_inside(path) and self._is_file(path) and path != file:
                    yield path, True

    def _of_import(self, each: Import, file: str, places: Sequence[str]) -> Iterator[str]:
        words = each.module.split(".") if each.module else []
        if each.level and file:
            start = posixpath.dirname(file)
            for _ in range(each.level - 1):
                start = posixpath.dirname(start)
            yield from self._of_words(words, each.names, start)
        elif words and not each.level:
            at = next((at for at in self._places_of(words[0], places)), None)
            if at is not None:
                yield from self._of_words(words, each.names, at)

    def _places_of(self, top: str, places: Sequence[str]) -> list[str]:
        """Where a top-level name is found: a module or package before a plain folder.

        Only the program's own folder comes before the standard library.
        """
        known = places[:1] if top in sys.stdlib_module_names else places
        found = [at for at in known if self._has(posixpath.normpath(f"{at}/{top}"))]
        return found or [at for at in known if self._is_folder(posixpath.normpath(f"{at}/{top}"))]

    def _has(self, path: str) -> bool:
        return self._is_file(f"{path}/__init__.py") or self._is_file(f"{path}.py")

    def _of_words(self, words: Iterable[str], names: Iterable[str], start: str) -> Iterator[str]:
        """The files that importing ``a.b.c`` below a folder runs, and the submodules ``names``."""
        path = start
        init = f"{start}/__init__.py"
        for word in words:
            path = posixpath.normpath(f"{path}/{word}")
            init = f"{path}/__init__.py"
            if self._is_file(init):
                yield init
            elif self._is_file(f"{path}.py"):
                yield f"{path}.py"
                return
            elif not self._is_folder(path):
                return
        init = posixpath.normpath(init)
        if not words and self._is_file(init):
            yield init
        for name in names:
            inner = self._exports(init) if name == "*" else [name]
            for each in inner:
                yield from self._of_words([each], (), path)

    def _exports(self, init: str) -> Sequence[str]:
        if not self._is_file(init):
            return ()
        try:
            return self._read(init).exports
        except NbsnakeError:  # reported where the module itself is read
            return ()

    def _is_file(self, path: str) -> bool:
        self.asked.add(path)
        return os.path.isfile(path) and _is_inside(os.path.relpath(os.path.realpath(path)))

    def _is_folder(self, path: str) -> bool:
        self.asked.add(path)
        return os.path.isdir(path)


def parse_module(data: bytes, path: str) -> References:
    """What a module refers to. Raises :class:`PipelineError` for one that is not Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(data, path)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        reason = getattr(error, "msg", None) or str(error) or type(error).__name__
        raise PipelineError(
            f"is not valid Python: {reason}",
            where=Where(path, None, line),
            hint="fix it; a step imports or runs this file",
        ) from None
    return find_references([tree], path)


def _beside(name: str, places: Sequence[str]) -> str:
    return posixpath.normpath(posixpath.join(places[0], name)) if places else name


def _is_inside(path: str) -> bool:
    return not (posixpath.isabs(path) or path == ".." or path.startswith("../"))
