"""Adding entries to params.yaml, with the rest of its text unchanged. Pure.

Text is put in where the parser says that a section ends, and the result is read back before it
counts. Readers of YAML 1.1 and of YAML 1.2 see the same values in what is added.
"""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node

from nbsnake.errors import NbsnakeError, PipelineError, Where, raise_all
from nbsnake.model.paramtype import Value
from nbsnake.names import PARAMS_FILE
from nbsnake.plain_yaml import load_yaml
from nbsnake.settings.yaml_text import Style, inline, listed, yaml_lines

Entries = Mapping[str, Value]
Seeds = Mapping[str, Entries]  # by section, which is a step's name

_TEXT = "tag:yaml.org,2002:str"
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_BLANK_LINE = re.compile(r"^[ \t]*\r?\n", re.MULTILINE)


class _Edit(NamedTuple):
    """``text`` in place of what is from ``start`` to ``end``; lines begin a line."""

    start: int
    end: int
    text: str
    is_lines: bool = False


@dataclass(frozen=True)
class _File:
    """params.yaml, and the mapping that the parser finds in it; None where it is empty."""

    text: str
    root: MappingNode | None

    @cached_property
    def pairs(self) -> list[tuple[Node, Node]]:
        return list(self.root.value) if self.root else []

    @cached_property
    def sections(self) -> dict[str, tuple[Node, Node]]:
        return {key.value: (key, value) for key, value in self.pairs if key.tag == _TEXT}

    @property
    def in_braces(self) -> bool:
        return bool(self.root and self.root.flow_style)

    @property
    def end(self) -> int:
        """Where the mapping ends: before a line of three dots, if there is one."""
        return self.root.end_mark.index if self.root else len(self.text)

    @property
    def column(self) -> int:
        return self.pairs[0][0].start_mark.column if self.pairs else 0

    @cached_property
    def indent(self) -> int:
        """By how much the entries of a section are indented more than its name."""
        columns = (
            value.value[0][0].start_mark.column - self.column
            for key, value in self.pairs
            if _is_block(value) and not _is_alias(key, value)
        )
        return next((column for column in columns if column > 0), 2)

    @cached_property
    def newline(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    @property
    def style(self) -> Style:
        return Style(self.newline, self.indent)

    def where(self, section: str) -> Where:
        pair = self.sections.get(section)
        return Where(PARAMS_FILE, line=pair[0].start_mark.line + 1 if pair else None)

    def edited(self, edits: list[_Edit]) -> str:
        done, position = "", 0
        for edit in sorted(edits, key=lambda edit: edit.start):
            done += self.text[position : edit.start]
            if edit.is_lines and done and not done.endswith("\n"):
                done += self.newline
            done += edit.text
            position = edit.end
        return done + self.text[position:]


def seeded(text: str, missing: Seeds) -> str:
    """The text of params.yaml with what is missing added at the end of each section.

    ``text`` is "" or what :func:`read_params` of the settings accepts. ``missing`` maps sections
    to entries, of which those that are there already stay as they are; a section that is not
    there comes at the end of the file.

    Raises :class:`PipelineError` where an entry cannot be added with all else kept, as below an
    alias.
    """
    if not any(missing.values()):
        return text
    old = loaded(text)
    missing = {
        section: absent
        for section, entries in missing.items()
        if (absent := _absent(entries, old.get(section)))
    }
    if not missing:
        return text
    file = _parsed(text)
    raise_all([fault for each in missing.items() if (fault := _refusal(file, old, *each))])
    added = {section: {**(old.get(section) or {}), **new} for section, new in missing.items()}
    for found in _attempts(file, missing):
        if holds(found, {**old, **added}):
            return found
    if len(missing) == 1:
        raise _impossible(file, *missing.popitem())
    for section, entries in missing.items():  # so that one that is hard to fix spoils no other
        text = seeded(text, {section: entries})
    return text


def with_seeds(params: Mapping[str, Any], seeds: Seeds) -> dict[str, Any]:
    """What params.yaml holds when it has the seeds."""
    sections = {name: {**(params.get(name) or {}), **new} for name, new in seeds.items()}
    return {**params, **sections}


def _absent(entries: Entries, held: object) -> Entries:
    present = held if isinstance(held, dict) else {}
    return {name: value for name, value in entries.items() if name not in present}


def loaded(text: str) -> dict[str, Any]:
    """What a text of params.yaml says."""
    return load_yaml(text) or {}


def _parsed(text: str) -> _File:
    root = YAML(typ="safe", pure=True).compose(text)
    return _File(text, root if isinstance(root, MappingNode) else None)


def holds(text: str, wanted: Mapping[str, Any]) -> bool:
    """Whether that is what the text says, with all types and in this order."""
    try:
        return repr(loaded(text)) == repr(wanted)  # 1, 1.0 and True are equal, but not the same
    except YAMLError:
        return False


def _is_block(node: Node) -> bool:
    return isinstance(node, MappingNode) and not node.flow_style


def _is_alias(key: Node, value: Node) -> bool:
    """The parser gives the anchor's own node for an alias."""
    return bool(value.start_mark.index < key.start_mark.index)


def _refusal(
    file: _File, old: Mapping[str, Any], section: str, new: Entries
) -> NbsnakeError | None:
    pair = file.sections.get(section)
    if pair and _is_alias(*pair):
        return PipelineError(
            f"{section!r} is an alias: what is added to it would be added to its anchor too",
            where=file.where(section),
            hint=f"write below '{section}:' instead: <<: *{pair[1].anchor}, {listed(new)}",
        )
    if not isinstance(old.get(section), dict | None):
        return PipelineError(
            f"{section!r} is the name of a step but its value is not a mapping",
            where=file.where(section),
            hint=f"write the step's parameters below '{section}:': {listed(new)}",
        )
    return None


def _impossible(file: _File, section: str, new: Entries) -> PipelineError:
    return PipelineError(
        f"nothing can be added to {section!r} with all else kept as it is",
        where=file.where(section),
        hint=f"write below '{section}:' by hand: {listed(new)}",
    )


def _attempts(file: _File, missing: Seeds) -> Iterator[str]:
    """Texts that may be the one that is wanted, best first.

    For several sections at once there is but one.
    """
    there = [name for name in missing if name in file.sections]
    others = {name: missing[name] for name in missing if name not in file.sections}
    ways = [_additions(file, *file.sections[name], missing[name]) for name in there]
    ways += [_new_sections(file, others)] if others else []
    if len(missing) > 1:
        yield file.edited([edit for way in ways for edit in next(way)])
        return
    for edits in ways[0]:
        yield file.edited(edits)
    for section, new in missing.items():
        yield from _dumped(file, section, new)


def _dumped(file: _File, section: str, new: Entries) -> Iterator[str]:
    """The last resort, which keeps all values but not all of their looks."""
    yaml = YAML()
    yaml.width = 4096  # never fold a text of the user's
    yaml.preserve_quotes = True
    yaml.line_break = file.newline  # type: ignore[assignment]
    stream = io.StringIO()
    try:
        document = yaml.load(file.text) or CommentedMap()
        document[section] = document.get(section) or CommentedMap()
        document[section].update(yaml.load(yaml_lines(new, file.style, 0)))
        yaml.dump(document, stream)
    except (YAMLError, TypeError, ValueError):
        return
    yield stream.getvalue()


def _additions(file: _File, key: Node, value: Node, new: Entries) -> Iterator[list[_Edit]]:
    if isinstance(value, MappingNode) and value.flow_style:
        yield from _into_braces(value, new)
    elif file.in_braces:  # null, in whichever way it is written
        yield [_Edit(value.start_mark.index, value.end_mark.index, f" {inline(dict(new))}")]
    else:
        yield from _below(file, key, value, new)


def _into_braces(node: MappingNode, new: Entries) -> Iterator[list[_Edit]]:
    """Behind the last value, so before a comment or comma that follows it; else at the end."""
    if node.value and not _is_alias(*node.value[-1]):
        last = node.value[-1][1].end_mark.index
        yield [_Edit(last, last, f", {listed(new)}")]
    end = node.end_mark.index - 1
    for separator in (", ", "") if node.value else ("",):
        yield [_Edit(end, end, separator + listed(new))]


def _below(file: _File, key: Node, value: Node, new: Entries) -> Iterator[list[_Edit]]:
    """Lines at the end of the section; further down too, where that end is part of a text."""
    edits, column = [], file.column + file.indent
    if _is_block(value):
        column = value.value[0][0].start_mark.column
    else:  # null, in whichever way it is written
        before = file.text[: value.start_mark.index].rstrip(" ")
        edits = [_Edit(len(before), value.end_mark.index, "")]
    for end in _ends(file, key):
        yield [*edits, _Edit(end, end, yaml_lines(new, file.style, column), is_lines=True)]


def _ends(file: _File, key: Node) -> list[int]:
    """Behind the section's last line, and behind each line from there to the next section.

    A comment is of the section if it is indented more than its name.
    """
    start, ends = key.start_mark.index, [0]
    later = [other.start_mark.index for other, _ in file.pairs if other.start_mark.index > start]
    end = file.text.rfind("\n", 0, min(later)) + 1 if later else file.end
    for line in _LINE.finditer(file.text, start, end):
        content = line[0].lstrip(" ")
        is_note = content[:1] == "#" and len(line[0]) - len(content) <= file.column
        ends = [*ends, line.end()] if is_note or not content.strip() else [line.end()]
    return ends


def _new_sections(file: _File, new: Mapping[str, Entries]) -> Iterator[list[_Edit]]:
    """At the end of the file, with blank lines between if there is one above its last section."""
    if file.root and file.in_braces:
        yield from _into_braces(file.root, {name: dict(new[name]) for name in new})
        return
    texts = [yaml_lines({name: dict(new[name])}, file.style, file.column) for name in new]
    if _has_blank_line(file):
        above = "" if re.search(r"\n[ \t]*\r?\n\Z", file.text[: file.end]) else file.newline
        text = above + file.newline.join(texts)
        yield [_Edit(file.end, file.end, text, is_lines=True)]
    yield [_Edit(file.end, file.end, "".join(texts), is_lines=True)]


def _has_blank_line(file: _File) -> bool:
    if len(file.pairs) < 2:
        return False
    (before, _), (last, _) = file.pairs[-2:]
    between = file.text[_ends(file, before)[0] : last.start_mark.index]
    return bool(_BLANK_LINE.search(between))
