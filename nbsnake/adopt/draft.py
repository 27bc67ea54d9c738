"""What is known while a notebook's proposal is made: its names, variables and edits so far."""

import ast
import posixpath
from collections.abc import Sequence, Set

from nbsnake.adopt.constants import bindings, has_star
from nbsnake.adopt.decide import Followed
from nbsnake.adopt.edits import Edits
from nbsnake.adopt.facts import Facts, File
from nbsnake.adopt.naming import fresh
from nbsnake.adopt.proposal import Doubt, FileParam
from nbsnake.adopt.spans import Assigned, assignments_by_value, core, is_text, names_in
from nbsnake.follow.cells import Source
from nbsnake.notebook.params import PARAMETERS_TAG


class Draft:
    """The proposal of one notebook as it grows.

    ``written`` are the files that any notebook writes, ``counts`` how often each name is bound,
    ``in_place`` the names whose assignments stay. ``host`` is the first cell, where it can hold
    the metadata, and ``tagged`` the one with the tag for parameters.
    """

    def __init__(self, followed: Followed, facts: Facts, written: Set[str]) -> None:
        self.cells, self.facts, self.written = followed.cells, facts, written
        self.notebook = followed.notebook
        self.counts = bindings(self.cells)
        self.starred = has_star(self.cells)
        self.assigned = dict(assignments_by_value(self.cells))
        self.taken = set(names_in(self.cells))
        self.files: list[FileParam] = []
        self.edits = Edits()
        self.in_place: set[str] = set()
        self.unsure: list[Doubt] = []
        self.tagged = next(
            (each for each in self.cells if PARAMETERS_TAG in each.cell.tags and each.kept), None
        )
        self.host = self._find_host()

    def _find_host(self) -> Source | None:
        """The first code cell, where it does nothing but to import and to assign parameters."""
        first = next((each for each in self.cells if each.kept), None)
        if first is None or first is not self.cells[0] or first.tree is None or first.commands:
            return None
        names = {each.name for each in self.facts.constants if each.cell == first.number}
        origins = {one.span for file in self.facts.files for one in file.origins}
        origins |= {one.origin.span for one in self.facts.patterns if one.origin}
        assigned = 0
        for node in first.tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom) or is_text(node):
                continue
            own = self.assigned_at(first, node)
            if own is None or own.node.value is None:
                return None
            is_file = core(own.node.value, first.number) in origins
            if not is_file and own.name not in names and PARAMETERS_TAG not in first.cell.tags:
                return None
            assigned += 1
        return first if assigned else None

    def assigned_at(self, source: Source, node: ast.stmt) -> Assigned | None:
        """The assignment that a statement of the cell is."""
        return next(
            (
                each
                for each in self.assigned.values()
                if each.node is node and each.source is source
            ),
            None,
        )

    def fresh(self, path: str) -> str:
        """A name for a file that no code uses yet."""
        name = fresh(path, self.taken)
        self.taken.add(name)
        return name

    def start(self) -> str:
        """The folder in which the notebook runs once it moves nowhere."""
        own = posixpath.dirname(self.facts.notebook)
        return own if self.facts.moves or self.facts.rebased else self.facts.start

    def relative(self, path: str) -> str:
        """The path from where the notebook runs."""
        return posixpath.relpath(path, self.start() or ".")

    def text_of(self, file: File) -> str:
        """The path as Jupyter is to use it."""
        own = [each.node.value for each in file.origins if isinstance(each.node, ast.Constant)]
        folder = self.start()
        for text in own:
            if (
                isinstance(text, str)
                and posixpath.normpath(posixpath.join(folder, text)) == file.path
            ):
                return text
        return self.relative(file.path)

    def param(self, name: str, files: Sequence[File], *, in_place: bool = False) -> FileParam:
        """The variable ``name`` that carries files, all of the role of the first."""
        first = files[0]
        return FileParam(
            name=name,
            role=first.role,
            paths=tuple(each.path for each in files),
            texts=tuple(map(self.text_of, files)),
            certainty=first.certainty,
            is_list=len(files) > 1,
            is_dir=first.is_dir,
            in_place=in_place,
        )

    def stays(self, own: Assigned) -> bool:
        """Whether the assignment is in a cell that becomes one of parameters."""
        return own.source in (self.host, self.tagged)

    def can_move(self, own: Assigned) -> bool:
        """Whether the assignment can move to the metadata cell."""
        return not own.shares_line and not self.starred

    def remove(self, own: Assigned) -> None:
        """Remove an assignment, which moves."""
        self.edits.remove(own.source.number, own.node)

    def is_carried(self, path: str) -> bool:
        """Whether a variable carries the file."""
        return any(path in each.paths for each in self.files)
