"""Notebooks that run others with ``%run``: their cells, and so their files, are also its own."""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace

from nbsnake.adopt.decide import Followed
from nbsnake.adopt.facts import Facts, Hazard
from nbsnake.errors import Where

_RUN = re.compile(r"%run\s+(?:-i\s+)?[\"']?([^\"']+\.ipynb)")


def with_included(facts: Sequence[Facts], followed: Mapping[str, Followed]) -> list[Facts]:
    """The facts with what the notebooks read that each of them runs; what these write is named."""
    by_path = {each.notebook: each for each in facts}
    return [_with_included(each, by_path, followed) for each in facts]


def _with_included(
    facts: Facts, by_path: Mapping[str, Facts], followed: Mapping[str, Followed]
) -> Facts:
    for where, path in _runs(followed[facts.notebook], followed, {facts.notebook}):
        other = by_path[path]
        own = {file.path for file in facts.files}
        new = [
            replace(file, origins=(), sources=(), where=where)
            for file in other.reads
            if file.path not in own
        ]
        facts = replace(
            facts,
            files=(*facts.files, *new),
            hazards=(*facts.hazards, *_hazards(where, other, own)),
        )
    return facts


def _hazards(where: Where, other: Facts, own: Set[str]) -> Iterator[Hazard]:
    """What is wrong with running the cells of another notebook; ``own`` are files named here."""
    if made := ", ".join(repr(file.path) for file in other.writes if file.path not in own):
        yield Hazard(
            where,
            f"runs the cells of {other.notebook} once more, which write {made}",
            "read here what it writes, in place of %run",
        )
    if other.start and (other.files or other.patterns):
        yield Hazard(
            where,
            f"runs the cells of {other.notebook}, whose paths start in {other.start!r}: a step "
            "runs in the root of the project, where they lead to other files",
            "read these files here, or move what is shared into a module (.py) without paths",
            blocks=True,
        )


def _runs(
    one: Followed, followed: Mapping[str, Followed], seen: set[str]
) -> Iterator[tuple[Where, str]]:
    """The known notebooks that one runs, and those that these run, each once and where it does."""
    for source in one.cells:
        for command in source.commands if source.kept else ():
            match = _RUN.match(command.text.strip())
            folder = posixpath.dirname(one.path)
            path = posixpath.normpath(posixpath.join(folder, match[1])) if match else ""
            if path not in followed or path in seen:
                continue
            seen.add(path)
            where = Where(one.path, source.number, command.line)
            yield where, path
            for _, nested in _runs(followed[path], followed, seen):
                yield where, nested
