"""The reST fields with which a metadata cell begins.

Their form is MLV-tools': ``:key argument: text``, with a text that may run over several lines, and
``{{ conf.name }}`` for the values of a file that the settings name.
"""

import inspect
import re
import traceback
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from nbsnake.errors import NotebookError, Where
from nbsnake.model.step import Cell
from nbsnake.notebook.code import Docstring, docstring
from nbsnake.notebook.limited import LimitError, limited

# The argument may hold colons in brackets: ``:param Literal["a:b"] name: text``.
_FIELD = re.compile(r"\s*+:([A-Za-z][\w-]*+)((?:[ \t](?:\[[^]]*+\]|[^:\[])*+)?):(.*)$")
_HALF_FIELD = re.compile(r"\s*+:(param|foreach|step|threads|resources|dvc-[\w-]*+)(?=\s|$)")
_OPENING = re.compile(r"\s*+[rRuU]?(?:\"{3}|'{3}|[\"'])(?=:)")
_TEMPLATE = re.compile(r"\{\{|\{%|\{#")
_TOO_LONG = 100_000  # characters of a docstring with templates: no author's, and slow to fill in


@dataclass(frozen=True, slots=True)
class Field:
    """One ``:key argument: text`` of the docstring; ``text`` runs over continuation lines.

    A field that is not ``whole`` is missing its second colon.
    """

    key: str
    argument: str
    text: str
    where: Where
    whole: bool = True

    @property
    def words(self) -> str:
        """The text on one line."""
        return " ".join(self.text.split())


def read_fields(
    cell: Cell, path: str, keys: Collection[str], conf: Mapping[str, Any] | None = None
) -> tuple[list[Field], str]:
    """The fields of a cell, and the text before the first of them; none without a docstring.

    ``keys`` are those of a step; ``conf`` are the values for templates, None where the project has
    none. Raises :class:`NotebookError` for a template that cannot be rendered.
    """
    found = docstring(cell)
    if found is None:
        return [], ""
    if conf is not None and _TEMPLATE.search(found.text) and _has_keys(found.text, keys):
        found = Docstring(_filled_in(found, conf, Where(path, cell.index, found.line)), found.line)
    fields: list[Field] = []
    description: list[str] = []
    for number, line in enumerate(found.text.splitlines(), start=found.line):
        if match := _FIELD.match(line):
            where = Where(path, cell.index, number)
            fields.append(Field(match[1], match[2].strip(), match[3].strip(), where))
        elif match := _HALF_FIELD.match(line):
            where = Where(path, cell.index, number)
            fields.append(Field(match[1], "", line.strip(), where, whole=False))
        elif fields and line.strip():
            fields[-1] = replace(fields[-1], text=f"{fields[-1].text}\n{line.strip()}".strip())
        elif not fields:
            description.append(line)
    text = inspect.cleandoc("\n".join(description))
    return fields, text.encode(errors="replace").decode()  # no lone surrogates


def _filled_in(found: Docstring, conf: Mapping[str, Any], where: Where) -> str:
    """Raises :class:`NotebookError` for a template that cannot be rendered, or takes too much."""
    import jinja2.sandbox  # noqa: F401  # slow, for docstring_conf only, and once for all copies

    line = 1
    try:
        if len(found.text) > _TOO_LONG:
            raise LimitError("the docstring is too long")
        text, fault, line = limited(lambda: _rendered(found.text, dict(conf)))
    except LimitError as error:
        text, fault = "", str(error)
    if fault:
        message = f"its template cannot be rendered: {fault}"
        raise NotebookError(message, where=where._replace(line=found.line + line - 1), hint=_CONF)
    return str(text)


def _rendered(text: str, conf: Mapping[str, Any]) -> tuple[str, str, int]:
    """The text that a template gives; what is wrong with it, and in which of its lines."""
    from jinja2 import StrictUndefined, TemplateError  # slow, and for docstring_conf only
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # slow, and for docstring_conf only

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, keep_trailing_newline=True
    )
    try:
        return environment.from_string(text).render(conf=conf), "", 1
    except TemplateError as error:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == "<template>"]
        line = getattr(error, "lineno", None) or (lines[-1] if lines else 1) or 1
        return "", str(error.message), line
    except MemoryError:
        raise
    except Exception as error:  # whatever the expressions of a template make Python raise
        return "", f"{error}" or type(error).__name__, 1


_CONF = "'{{ conf.NAME }}' takes NAME from the file that docstring_conf names in nbsnake.yaml"


def _has_keys(text: str, keys: Collection[str]) -> bool:
    found = [match[1] for match in map(_FIELD.match, text.splitlines()) if match]
    return any(key in keys or key.startswith("dvc-") for key in found)


def has_metadata(cell: Cell) -> bool:
    """Whether lines of the cell look like fields that only a step has."""
    if ":dvc-" not in cell.source:
        return False
    matches = map(_FIELD.match, _lines(cell.source))
    return any(match and match[1].startswith("dvc-") for match in matches)


def has_second_docstring(cell: Cell) -> bool:
    """Whether fields are in the cell's code below its docstring, where they would be lost."""
    found = docstring(cell)
    inside = found.text.splitlines() if found else []
    return _count_fields(_lines(cell.source)) > _count_fields(inside)


def _count_fields(lines: list[str]) -> int:
    matches = map(_FIELD.match, lines)
    return sum(1 for match in matches if match and match[1].startswith("dvc-"))


def may_declare(cell: Cell, keys: Collection[str]) -> bool:
    """Whether a look at the cell's lines finds one of the keys; only its docstring is decisive."""
    return _has_keys("\n".join(_lines(cell.source)), keys)


def _lines(source: str) -> list[str]:
    """The lines of a cell, without the quotes with which a docstring may open."""
    return [_OPENING.sub("", line) for line in source.splitlines()]
