"""From what the code of notebooks mentions to what each of them reads and writes."""

import ast
import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from glob import glob

from nbsnake.adopt.constants import find_constants
from nbsnake.adopt.facts import Certainty, Facts, File, Folder, Hazard, Pattern
from nbsnake.adopt.places import Places, find_prefixes, find_start, plain
from nbsnake.errors import Where
from nbsnake.follow.calls import How
from nbsnake.follow.cells import Source, sources, statements
from nbsnake.follow.follow import Follower
from nbsnake.follow.mention import Mention
from nbsnake.follow.values import Origin
from nbsnake.model.step import Notebook, Role
from nbsnake.names import is_reserved

_PICTURES = (".png", ".jpg", ".jpeg", ".svg", ".gif")
_METRICS = ("metric", "score", "accuracy", "evaluation")
_FOLDERS = (ast.Constant, ast.BinOp, ast.JoinedStr, ast.Call)  # how code names one that it makes
MOST_FILES = 20  # of a pattern; for more, their folder is the input
_CREATES = re.compile(r"\s*create\s+(?:or\s+replace\s+)?(?:temp\w*\s+)?table", re.IGNORECASE)
_CHANGES = re.compile(r"\s*(?:insert|update|delete|replace|alter|drop)\s", re.IGNORECASE)
_PATHS = (How.READ, How.WRITE, How.BOTH, How.LIST, How.PASS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A notebook whose code was followed."""

    notebook: Notebook
    cells: tuple[Source, ...]
    found: Follower

    @property
    def path(self) -> str:
        """The notebook, from the project's root."""
        return self.notebook.path


def follow(notebook: Notebook, no_effect: Iterable[str]) -> Followed:
    """Follow the code of a notebook."""
    cells = sources(notebook, no_effect)
    found = Follower()
    found.folder = posixpath.dirname(notebook.path)
    found.run(cells)
    return Followed(notebook=notebook, cells=tuple(cells), found=found)


def decide(followed: Sequence[Followed], starts: Mapping[str, str] | None = None) -> list[Facts]:
    """The facts of several notebooks, of which some read what others write.

    ``starts`` are the folders in which notebooks run, where that is known.
    """
    texts = [each.text for one in followed for each in one.found.mentions]
    moves = [each.folder or "" for one in followed for each in one.found.moves]
    prefixes = find_prefixes(texts, moves, os.path.abspath("."))
    readers = [_Reader(one, prefixes, (starts or {}).get(one.path)) for one in followed]
    written = {path for reader in readers for path in reader.paths(How.WRITE, How.BOTH)}
    read = {path for reader in readers for path in reader.paths(How.READ, How.GLOB)}
    return [reader.facts(written, read) for reader in readers]


class _Reader:
    """One notebook's mentions, with their paths from the root."""

    def __init__(self, followed: Followed, prefixes: tuple[str, ...], start: str | None) -> None:
        self._of = followed
        folder = posixpath.dirname(followed.path)
        reads = [each.text for each in followed.found.mentions if each.how is How.READ]
        own = find_start(folder, reads) if start is None else start
        self._places = Places(own, prefixes)
        self._mentions: list[tuple[str, Mention]] = []
        self._outside: list[Mention] = []
        for each in followed.found.mentions:
            path = self._places.from_root(each.text, each.cwd)
            if path is not None:
                self._mentions.append((path, each))
            elif each.text and not self._places.is_temporary(each.text):
                self._outside.append(each)

    def _how_of_database(self) -> How:
        """What the statements of the notebook do with its database."""
        names, texts = set[str](), list[str]()
        for _, statement in statements(each for each in self._of.cells if each.kept):
            for node in ast.walk(statement):
                if isinstance(node, ast.Attribute):
                    names.add(node.attr)
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    texts.append(node.value)
        if "to_sql" in names or any(map(_CREATES.match, texts)):
            return How.WRITE
        return How.BOTH if any(map(_CHANGES.match, texts)) else How.READ

    def paths(self, *hows: How) -> set[str]:
        """The paths with which the notebook does one of these."""
        return {
            path
            for path, each in self._mentions
            if each.kept and (self._how_of_database() if each.is_database else each.how) in hows
        }

    def facts(self, written: Set[str], read: Set[str]) -> Facts:
        """What is known; ``written`` and ``read`` are the paths of all notebooks."""
        events = self._events(written, read)
        files, asked, hazards = [], [], [*self._hazards()]
        for path, mentions in events.items():
            role = _role(mentions)
            if role is None:
                asked.append(self._file(path, Role.DEP, mentions, Certainty.UNSURE))
                continue
            if fault := self._fault(path, role, mentions):
                hazards.append(fault)
                continue
            files.append(self._file(path, role, mentions, Certainty.READING))
        have = {own.path for own in files}
        listed = [own.path for own in files if own.is_dir and not own.is_output]
        for new in self._spread(written):
            if new.path not in have and not any(new.path.startswith(f"{at}/") for at in listed):
                files.append(new)
                have.add(new.path)
        folders = [own.path for own in files if own.is_output and own.is_dir]
        inside = [own for own in files if any(own.path.startswith(f"{at}/") for at in folders)]
        taken = {
            (origin.cell, origin.node.lineno)
            for path, each in self._mentions
            for origin in (*each.sources, *((each.origin,) if each.origin else ()))
        }
        return Facts(
            notebook=self._of.path,
            start=self._places.start,
            files=tuple(own for own in files if own not in inside),
            patterns=tuple(self._patterns()),
            folders=tuple(self._folders()),
            constants=tuple(find_constants(self._of.cells, taken, ())),
            hazards=tuple(hazards),
            heres=tuple(
                Folder(path=folder, origin=each.origin)
                for each in self._of.found.heres
                if (folder := self._places.from_root(each.text)) is not None
            ),
            moves=tuple((each.cell, each.line) for each in self._of.found.moves),
            asked=tuple(asked),
            spread=frozenset(
                each.origin.span for _, each in self._mentions if each.partial and each.origin
            ),
            inside=tuple(inside),
            gaps=tuple(
                (Where(self._of.path, each.cell, each.line), each.name)
                for each in self._of.found.gaps
            ),
        )

    def _events(self, written: Set[str], read: Set[str]) -> dict[str, list[Mention]]:
        """The mentions of each path, in order; what is handed on is read where that is plain."""
        own = self.paths(How.WRITE, How.BOTH)
        found: dict[str, list[Mention]] = {}
        for path, each in self._mentions:
            if each.partial:
                continue
            if each.how is How.PASS:
                if path in own or path == ".":
                    continue
                if path in written or os.path.isfile(path):
                    each = each._replace(how=How.READ)
                elif path in read:
                    each = each._replace(how=How.WRITE)
                elif os.path.isdir(path) or "." not in posixpath.basename(path):
                    continue
            if each.is_database and each.how is How.READ:
                each = each._replace(how=self._how_of_database())
            if each.how in _PATHS and path != ".":
                found.setdefault(path, []).append(each)
        for path, each in self._mentions:
            if each.how is How.ASK and path in found and each.kept:
                found[path].append(each)
        return {
            path: mentions
            for path, mentions in found.items()
            if any(each.kept for each in mentions)
        }

    def _file(
        self, path: str, role: Role, mentions: Sequence[Mention], certainty: Certainty
    ) -> File:
        first = next(each for each in mentions if each.kept)
        origins = {each.origin.span: each.origin for each in mentions if each.origin}
        sources = {one.span: one for each in mentions for one in each.sources}
        is_dir = os.path.isdir(path) or any(each.how is How.LIST for each in mentions)
        return File(
            path=path,
            role=shown_role(role, path),
            where=Where(self._of.path, first.cell, first.line),
            certainty=certainty,
            origins=tuple(origins.values()),
            sources=tuple(sources.values()),
            is_dir=is_dir and not os.path.isfile(path),
        )

    def _spread(self, written: Set[str]) -> Iterator[File]:
        """The files of paths that are known in part; of many, and of outputs, their folder."""
        for path, each in self._mentions:
            if not each.partial or not each.kept or each.how not in (How.READ, How.WRITE, How.BOTH):
                continue
            folder = posixpath.dirname(path.partition("*")[0] + "x")
            files = matching(path, written) if each.how is How.READ else []
            if 0 < len(files) <= MOST_FILES:
                for found in files:
                    yield self._file(found, Role.DEP, [each], Certainty.READING)
            elif folder and (each.how is not How.READ or os.path.isdir(folder)):
                role = Role.DEP if each.how is How.READ else Role.OUT
                file = self._file(folder, role, [each], Certainty.READING)
                own = [one for one in each.sources if self._is_literal(one, folder, each.cwd)]
                yield replace(file, origins=(*own, *file.origins), is_dir=True)

    def _is_literal(self, origin: Origin, path: str, cwd: str) -> bool:
        text = getattr(origin.node, "value", None)
        return isinstance(text, str) and self._places.from_root(text, cwd) == path

    def _patterns(self) -> Iterable[Pattern]:
        for path, each in self._mentions:
            if each.how is How.GLOB and each.kept:
                where = Where(self._of.path, each.cell, each.line)
                yield Pattern(path=path, where=where, origin=each.origin)

    def _folders(self) -> Iterable[Folder]:
        """The folders that the code makes or joins with names, by the literals that name them."""
        found: dict[object, Folder] = {}
        for path, each in self._mentions:
            can_be = each.origin and isinstance(each.origin.node, _FOLDERS)
            if each.how is How.MAKE and each.origin and can_be and each.kept:
                made = Folder(path=path, origin=each.origin, sources=each.sources)
                found.setdefault(each.origin.span, made)
            for origin in each.sources[:1]:
                text = getattr(origin.node, "value", None)
                folder = self._places.from_root(text, each.cwd) if isinstance(text, str) else None
                if folder and folder != path and path.startswith(f"{folder}/"):
                    found.setdefault(origin.span, Folder(path=folder, origin=origin))
        # Where a literal is replaced, expressions with it lead to the right folder already.
        return sorted(found.values(), key=lambda own: not isinstance(own.origin.node, ast.Constant))

    def _fault(self, path: str, role: Role, mentions: Sequence[Mention]) -> Hazard | None:
        first = next(each for each in mentions if each.kept)
        where = Where(self._of.path, first.cell, first.line)
        if role is not Role.DEP and is_reserved(path):
            fix = "write results elsewhere, such as results/"
            return Hazard(where, f"writes {path!r}, which belongs to a tool", fix, blocks=True)
        if role is Role.DEP and any(
            each.how in (How.WRITE, How.BOTH) and each.kept for each in mentions
        ):
            new = posixpath.join(posixpath.dirname(path), f"new_{posixpath.basename(path)}")
            text = f"overwrites its input {path!r}"
            return Hazard(where, text, f"write to another file, such as {new!r}", blocks=True)
        return None

    def _hazards(self) -> Iterable[Hazard]:
        path = self._of.path
        for move in self._of.found.moves:
            where = Where(path, move.cell, move.line)
            shown = "a folder that the code computes" if move.folder is None else repr(move.folder)
            fix = "it is removed, and later paths start in the notebook's folder"
            if move.folder is None:
                fix = "remove it, and write paths from the notebook's folder"
            yield Hazard(where, f"{move.text} moves to {shown}", fix, blocks=move.folder is None)
        seen = set()
        for each in self._outside:
            if each.how is How.ASK or each.text in seen:
                continue
            seen.add(each.text)
            where = Where(path, each.cell, each.line)
            text = f"{each.text!r} is outside of the project"
            yield Hazard(where, text, "move the file into the project, and write its path there")
        for mention_path, each in self._mentions:
            is_absolute = plain(each.text).startswith("/")
            if is_absolute and each.how in _PATHS and each.text not in seen:
                seen.add(each.text)
                where = Where(path, each.cell, each.line)
                fix = f"it becomes {mention_path!r} of the project"
                yield Hazard(where, f"{each.text!r} exists on one machine only", fix)


def _role(mentions: Sequence[Mention]) -> Role | None:
    """What a file is to a notebook, by the first thing that it does with it; None: not known.

    A file that is read only where it exists, and else made, is an output.
    """
    kept = [each for each in mentions if each.kept]
    hows = [each.how for each in kept]
    if How.BOTH in hows and How.WRITE not in hows:
        return Role.PERSIST
    writes = [n for n, how in enumerate(hows) if how in (How.WRITE, How.BOTH)]
    reads = [n for n, how in enumerate(hows) if how in (How.READ, How.LIST)]
    if not writes:
        return Role.DEP if reads else None
    is_guarded = How.ASK in hows
    return Role.DEP if reads and reads[0] < writes[0] and not is_guarded else Role.OUT


def shown_role(role: Role, path: str) -> Role:
    """Outputs that DVC can show as metrics or plots."""
    name = posixpath.basename(path).lower()
    if role is not Role.OUT:
        return role
    if name.endswith((".json", ".yaml")) and any(word in name for word in _METRICS):
        return Role.METRIC
    return Role.PLOT if name.endswith(_PICTURES) else role


def matching(pattern: str, written: Iterable[str]) -> list[str]:
    """The files that fit a pattern: those on disk, and those that notebooks write."""
    on_disk = [path for path in glob(pattern, recursive=True) if os.path.isfile(path)]
    made = [path for path in written if fits(path, pattern)]
    return sorted({*map(posixpath.normpath, on_disk), *made})


def fits(path: str, pattern: str) -> bool:
    """Whether a path fits a pattern, as glob has it: ``*`` does not cross a slash."""
    own, wanted = path.split("/"), pattern.split("/")
    return len(own) == len(wanted) and all(map(fnmatchcase, own, wanted))
