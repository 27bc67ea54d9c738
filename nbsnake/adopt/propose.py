"""From the facts of a notebook to its proposal: which variable carries which file, what moves."""

import ast
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace

from nbsnake.adopt.constants import bindings, has_star
from nbsnake.adopt.decide import MOST_FILES, Followed, matching
from nbsnake.adopt.describe import description, doubts
from nbsnake.adopt.edits import Edits
from nbsnake.adopt.facts import Certainty, Facts, File, Folder
from nbsnake.adopt.naming import fresh
from nbsnake.adopt.proposal import Doubt, FileParam, Proposal
from nbsnake.adopt.searched import added_folders
from nbsnake.adopt.spans import (
    Assigned,
    Span,
    after_quote,
    assignments_by_value,
    contains,
    core,
    is_text,
    names_in,
    pattern_text,
)
from nbsnake.errors import Where
from nbsnake.follow.cells import Source
from nbsnake.follow.values import Origin
from nbsnake.model.quote import string
from nbsnake.model.step import Role
from nbsnake.notebook.params import PARAMETERS_TAG


def propose(followed: Followed, facts: Facts, step: str, written: Set[str]) -> Proposal:
    """What the notebook is to become; ``written`` are the files that any notebook writes."""
    return _Proposer(followed, facts, written).proposal(step)


class _Proposer:
    def __init__(self, followed: Followed, facts: Facts, written: Set[str]) -> None:
        self._cells, self._facts, self._written = followed.cells, facts, written
        self._notebook = followed.notebook
        self._counts = bindings(self._cells)
        self._starred = has_star(self._cells)
        self._assigned = dict(assignments_by_value(self._cells))
        self._taken = set(names_in(self._cells))
        self._files: list[FileParam] = []
        self._edits = Edits()
        self._in_place: set[str] = set()
        self._unsure: list[Doubt] = []
        self._tagged = next(
            (each for each in self._cells if PARAMETERS_TAG in each.cell.tags and each.kept), None
        )
        self._host = self._find_host()

    def proposal(self, step: str) -> Proposal:
        """The whole of it."""
        shared = self._shared_spans()
        for file in self._facts.files:
            own = [each for each in file.origins if each.span not in shared]
            if own or file.is_dir or not any(each.span in shared for each in file.origins):
                self._single(file, own)
        for span, files in shared.items():
            self._several(span, files)
        for origin, name in self._facts.swaps:
            self._edits.replace(origin, name)
        for assigned in self._assigned.values():
            if assigned.name in self._facts.drops:
                self._remove(assigned)
        for file in self._facts.inside:
            self._part_of_folder(file)
        for pattern in self._facts.patterns:
            self._pattern(pattern.path, pattern.origin, pattern.where)
        for folder in self._facts.folders:
            self._folder(folder, shared)
        if self._start():
            for source, call, added in added_folders(self._cells, self._start()):
                text = ast.get_source_segment(source.cell.source, call) or ""
                more = ast.unparse(ast.Call(call.func, [*call.args[:-1], ast.Constant(added)], []))
                self._edits.replace(Origin(source.number, call), f"{text}; {more}")
            for here in self._facts.heres:
                self._here(here)
        declared = self._constants()
        code = next((each.number for each in self._cells), len(self._notebook.cells) + 1)
        return Proposal(
            facts=self._facts,
            step=step,
            description=description(self._notebook, self._host, step),
            files=tuple(self._files),
            host=self._host.number if self._host else 0,
            before=code,
            in_place=frozenset(self._in_place),
            declared=frozenset(declared),
            edits=self._edits.by_cell(self._cells, self._facts),
            unsure=(*self._unsure, *doubts(self._facts)),
        )

    def _find_host(self) -> Source | None:
        """The first code cell, where it does nothing but to import and to assign parameters."""
        first = next((each for each in self._cells if each.kept), None)
        if first is None or first is not self._cells[0] or first.tree is None or first.commands:
            return None
        names = {each.name for each in self._facts.constants if each.cell == first.number}
        origins = {one.span for file in self._facts.files for one in file.origins}
        origins |= {one.origin.span for one in self._facts.patterns if one.origin}
        assigned = 0
        for node in first.tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom) or is_text(node):
                continue
            own = self._assigned_at(first, node)
            if own is None or own.node.value is None:
                return None
            is_file = core(own.node.value, first.number) in origins
            if not is_file and own.name not in names and PARAMETERS_TAG not in first.cell.tags:
                return None
            assigned += 1
        return first if assigned else None

    def _assigned_at(self, source: Source, node: ast.stmt) -> Assigned | None:
        return next(
            (
                each
                for each in self._assigned.values()
                if each.node is node and each.source is source
            ),
            None,
        )

    def _shared_spans(self) -> dict[Span, list[File]]:
        """The expressions that give several paths, in a loop, with the files."""
        found: dict[Span, list[File]] = {}
        for file in self._facts.files:
            for origin in file.origins:
                found.setdefault(origin.span, []).append(file)
        return {
            span: files
            for span, files in found.items()
            if len(files) > 1 or span in self._facts.spread
        }

    # Files

    def _single(self, file: File, origins: Sequence[Origin]) -> None:
        if not origins:
            name = self._fresh(file.path) if file.origins else ""
            self._files.append(self._param(name, [file]))
            return
        own = self._own_name(origins)
        name = own.name if own else self._fresh(file.called or file.path)
        stays = own is not None and self._stays(own)
        for origin in origins:
            if own and own.node.value and core(own.node.value, own.source.number) == origin.span:
                if not stays:
                    self._remove(own)
                elif getattr(origin.node, "value", None) != self._text(file):
                    self._edits.replace(origin, string(self._text(file)))
                continue
            text = f"{origin.maker}({name})" if origin.maker else name
            self._edits.replace(origin, text)
        if stays:
            self._in_place.add(name)
        self._files.append(self._param(name, [file], in_place=stays))

    def _own_name(self, origins: Iterable[Origin]) -> Assigned | None:
        """The assignment of which one of the expressions is the whole value, if it can move."""
        used = {each.name for each in self._files}
        for origin in origins:
            own = self._assigned.get(origin.span)
            if own is None or origin.maker or own.name in used or not own.source.kept:
                continue
            if self._counts[own.name] == 1 and (self._stays(own) or self._can_move(own)):
                return own
        return None

    def _stays(self, own: Assigned) -> bool:
        return own.source in (self._host, self._tagged)

    def _can_move(self, own: Assigned) -> bool:
        return not own.shares_line and not self._starred

    def _param(self, name: str, files: Sequence[File], *, in_place: bool = False) -> FileParam:
        first = files[0]
        return FileParam(
            name=name,
            role=first.role,
            paths=tuple(each.path for each in files),
            texts=tuple(map(self._text, files)),
            certainty=first.certainty,
            is_list=len(files) > 1,
            is_dir=first.is_dir,
            in_place=in_place,
        )

    def _text(self, file: File) -> str:
        """The path as Jupyter is to use it."""
        own = [each.node.value for each in file.origins if isinstance(each.node, ast.Constant)]
        folder = self._start()
        for text in own:
            if (
                isinstance(text, str)
                and posixpath.normpath(posixpath.join(folder, text)) == file.path
            ):
                return text
        return self._relative(file.path)

    def _relative(self, path: str) -> str:
        return posixpath.relpath(path, self._start() or ".")

    def _start(self) -> str:
        """The folder in which the notebook runs once it moves nowhere."""
        own = posixpath.dirname(self._facts.notebook)
        return own if self._facts.moves or self._facts.rebased else self._facts.start

    def _fresh(self, path: str) -> str:
        name = fresh(path, self._taken)
        self._taken.add(name)
        return name

    def _several(self, span: Span, files: list[File]) -> None:
        """A list for the files that one expression gives."""
        origin = next(each for each in files[0].origins if each.span == span)
        new = [each for each in files if not self._carrier_of(each.path)]
        for is_output in (False, True):
            if own := [each for each in new if each.is_output is is_output]:
                folder = posixpath.commonpath([posixpath.dirname(each.path) or "." for each in own])
                base = posixpath.basename(folder) or "data"
                made = self._param(self._fresh(f"{base}_files"), own)
                self._files.append(replace(made, is_list=True))
        if isinstance(origin.node, ast.JoinedStr):
            self._formatted_folder(origin, files)

    def _formatted_folder(self, origin: Origin, files: Sequence[File]) -> None:
        """Replace the folder with which an f-string begins by a variable."""
        first = origin.node.values[0] if isinstance(origin.node, ast.JoinedStr) else None
        text = str(first.value) if isinstance(first, ast.Constant) else ""
        written = text.rpartition("/")[0]
        place = next((n for n, own in enumerate(self._files) if files[0].path in own.paths), None)
        source = next(each for each in self._cells if each.number == origin.cell)
        begin = after_quote(source, origin.node)
        folder = posixpath.normpath(posixpath.join(self._start(), written))
        below = files[0].path.removeprefix(f"{folder}/")
        if not written or place is None or begin is None:
            return
        carrier = self._files[place]
        if folder == files[0].path and carrier.name:
            self._edits.replace_inside(origin, begin, written, carrier.name)
            return
        if below == files[0].path:
            return
        name = carrier.folder or self._fresh(f"{posixpath.basename(folder)}_folder")
        self._files[place] = replace(carrier, folder=name, levels=below.count("/") + 1)
        self._edits.replace_inside(origin, begin, written, name)

    def _part_of_folder(self, file: File) -> None:
        """A file in a folder that a variable carries."""
        for each in self._files:
            if each.name and each.is_dir and file.path.startswith(f"{each.paths[0]}/"):
                text = f'f"{{{each.name}}}/{file.path.removeprefix(each.paths[0] + "/")}"'
                for origin in file.origins:
                    if origin.span not in self._facts.spread:
                        made = f"{origin.maker}({text})" if origin.maker else text
                        self._edits.replace(origin, made)
                return

    def _pattern(self, path: str, origin: Origin | None, where: Where) -> None:
        files = matching(path, self._written)
        folder = posixpath.dirname(path.partition("*")[0] + "x")
        has_made = any(each.startswith(f"{folder}/") for each in self._written)
        if origin is None or not files or (len(files) > MOST_FILES and not has_made):
            self._folder_of_pattern(path, folder, origin, where)
            return
        own = self._assigned.get(origin.span)
        movable = own is not None and self._counts[own.name] == 1 and own.source.kept
        stays = own is not None and movable and self._stays(own)
        if own is not None and movable and not stays and self._can_move(own):
            self._remove(own)
        elif not stays:
            own = None
        name = own.name if own else self._fresh(posixpath.basename(folder) + "_files")
        if own is None:
            self._edits.replace(origin, name)
        elif stays:
            self._in_place.add(name)
        self._files.append(
            FileParam(
                name=name,
                role=Role.DEP,
                paths=tuple(files),
                texts=tuple(map(self._relative, files)),
                certainty=Certainty.READING,
                is_list=True,
                in_place=stays,
                pattern=path,
            )
        )

    def _folder_of_pattern(
        self, path: str, folder: str, origin: Origin | None, where: Where
    ) -> None:
        """The folder of a pattern as the input, where its files are many or unknown."""
        constant = pattern_text(origin)
        if constant is None or folder in ("", ".") or not posixpath.basename(path):
            self._unsure.append(Doubt(where.cell or 0, where.line or 0, f"reads all {path!r}"))
            return
        name = self._fresh(folder)
        rest = path.removeprefix(f"{folder}/")
        self._edits.replace(constant, f'f"{{{name}}}/{rest}"')
        self._files.append(
            FileParam(
                name=name,
                role=Role.DEP,
                paths=(folder,),
                texts=(self._relative(folder),),
                certainty=Certainty.READING,
                is_dir=True,
            )
        )

    # Folders

    def _folder(self, folder: Folder, shared: Mapping[Span, list[File]]) -> None:
        """A literal folder that is still used, as the folder of a file that a variable carries."""
        origin = folder.origin
        if self._edits.replaces(origin) or not self._is_used(origin):
            return
        text = getattr(origin.node, "value", None)
        expression = self._derived(folder.path)
        if not isinstance(origin.node, ast.Constant):
            if expression is None or any(map(self._edits.replaces, folder.sources)):
                return
            made = f"{origin.maker}({expression})" if origin.maker else expression
            self._edits.replace(origin, made)
            return
        if expression is None or not isinstance(text, str):
            if folder.path != ".":
                text = f"names the folder {folder.path!r}"
                self._unsure.append(Doubt(origin.cell, origin.node.lineno, text))
            return
        self._edits.replace(origin, expression + (' + "/"' if text.endswith("/") else ""))

    def _here(self, here: Folder) -> None:
        """A folder that depends on where the notebook runs, from a variable that carries a file.

        A step runs in the root, and there the variable leads to the same file.
        """
        origin = here.origin
        if self._edits.replaces(origin) or not self._is_used(origin):
            return
        named = [each for each in self._files if each.name]
        carrier = next((each for each in named if each.role is Role.DEP), next(iter(named), None))
        if carrier is None or not (origin.maker or "os" in self._taken):
            text = f"depends on its folder {here.path!r}, and a step runs in the root"
            self._unsure.append(Doubt(origin.cell, origin.node.lineno, text))
            return
        item = f"{carrier.name}[0]" if carrier.is_list else carrier.name
        levels = carrier.paths[0].count("/")
        if origin.maker:
            above = f"{origin.maker.removesuffix('.cwd')}({item}).absolute().parents[{levels}]"
            text = f"({above} / {string(here.path)})"
        else:
            up = "/".join([*[".."] * (levels + 1), here.path])
            text = f"os.path.abspath(os.path.join({item}, {string(up)}))"
        self._edits.replace(origin, text)

    def _derived(self, folder: str) -> str | None:
        """An expression for a folder, from a variable that carries a file in it."""
        if folder == ".":
            return None
        for each in self._files:
            if each.name and each.paths[0] == folder and not each.is_list:
                return each.name
            if each.name and each.paths[0].startswith(f"{folder}/"):
                levels = each.paths[0].removeprefix(f"{folder}/").count("/") + 1
                item = f"{each.name}[0]" if each.is_list else each.name
                item += '.rstrip("/")' * each.is_dir  # a step passes a folder with its slash
                return f'{item}.rsplit("/", {levels})[0]'
        return None

    def _is_used(self, origin: Origin) -> bool:
        """Whether anything uses a literal but the expressions that are replaced."""
        name = self._name_of(origin)
        if name is None:
            return not self._edits.covers(origin.cell, origin.node)
        return any(
            isinstance(node, ast.Name)
            and node.id == name
            and isinstance(node.ctx, ast.Load)
            and not self._edits.covers(source.number, node)
            for source in self._cells
            if source.tree is not None
            for node in ast.walk(source.tree)
        )

    def _name_of(self, origin: Origin) -> str | None:
        """The variable whose value a literal is, or is in."""
        for own in self._assigned.values():
            value = own.node.value
            if (
                own.source.number == origin.cell
                and value is not None
                and contains(value, origin.node)
            ):
                return own.name
        return None

    def _carrier_of(self, path: str) -> bool:
        return any(path in each.paths for each in self._files)

    # Constants and the rest

    def _constants(self) -> Iterator[str]:
        """Move the parameters; gives the names of those that a tagged cell declares."""
        by_place = {(each.source.number, each.name): each for each in self._assigned.values()}
        declared = []
        for each in self._facts.constants:
            own = by_place.get((each.cell, each.name))
            if own is None:
                continue
            if self._stays(own):
                self._in_place.add(each.name)
                if own.source is self._tagged:
                    declared.append(each.name)
            elif not own.shares_line:
                self._remove(own)
            else:
                declared.append(each.name)
                self._in_place.add(each.name)
        return iter(declared)

    def _remove(self, own: Assigned) -> None:
        self._edits.remove(own.source.number, own.node)
