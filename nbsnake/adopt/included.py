"""Notebooks that run others with ``%run``: their cells, and so their files, are also its own."""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from nbsnake.adopt.decide import Followed
from nbsnake.adopt.facts import Facts, Hazard
from nbsnake.errors import Where

_RUN = re.compile(r"%run\s+(?:-i\s+)?[\"']?([^\"']+\.ipynb)")


def with_included(facts: Sequence[Facts], followed: Mapping[str, Followed]) -> list[Facts]:
    """The facts with what the notebooks read that each of them runs; what these write is named."""
    by_path = {each.notebook: each for each in facts}
    return [_with_included(each, by_path, followed[each.notebook]) for each in facts]


def _with_included(facts: Facts, by_path: Mapping[str, Facts], followed: Followed) -> Facts:
    for where, path in _runs(followed):
        other = by_path.get(path)
        if other is None or other is facts:
            continue
        own = {file.path for file in facts.files}
        new = [
            replace(file, origins=(), sources=(), where=where)
            for file in other.reads
            if file.path not in own
        ]
        made = ", ".join(repr(file.path) for file in other.writes if file.path not in own)
        hazards = [
            Hazard(
                where,
                f"runs the cells of {path} once more, which write {made}",
                "read here what it writes, in place of %run",
            )
        ]
        facts = replace(
            facts,
            files=(*facts.files, *new),
            hazards=(*facts.hazards, *(hazards if made else [])),
        )
    return facts


def _runs(followed: Followed) -> Iterator[tuple[Where, str]]:
    for source in followed.cells:
        for command in source.commands if source.kept else ():
            if match := _RUN.match(command.text.strip()):
                folder = posixpath.dirname(followed.path)
                path = posixpath.normpath(posixpath.join(folder, match[1]))
                yield Where(followed.path, source.number, command.line), path
