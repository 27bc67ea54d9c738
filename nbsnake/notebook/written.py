"""Changing cells of a notebook's file, and nothing else of it.

The notebook keeps its outputs, ids, metadata, order of keys, indentation and line ends.
"""

import contextlib
import difflib
import hashlib
import json
import re
from collections.abc import Collection
from typing import Any

from nbsnake.errors import NotebookError, Where
from nbsnake.notebook.read import OPEN_AND_SAVE

_INDENT = re.compile(r"\{\n([ \t]+)")


def writable_fields(data: bytes, path: str) -> dict[str, Any]:
    """The fields of a notebook that can be changed.

    Raises :class:`NotebookError` for a notebook of a format before 4.
    """
    fields: dict[str, Any] = json.loads(data.decode("utf-8-sig"))
    if fields.get("nbformat") != 4:
        message = f"has the notebook format {fields.get('nbformat')}, in which nbsnake writes none"
        raise NotebookError(message, where=Where(path), hint=OPEN_AND_SAVE)
    return fields


def source_of(cell: dict[str, Any]) -> str:
    """The source of a cell, which the file may have as a list of lines."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def set_source(cell: dict[str, Any], source: str) -> None:
    """Replace the source of a cell, in the form that it has."""
    is_text = isinstance(cell.get("source"), str)
    cell["source"] = source if is_text else source.splitlines(keepends=True)


def new_cell(fields: dict[str, Any], source: str, kind: str = "code") -> dict[str, Any]:
    """A cell in the form of the others; its id, where these have one, is of its content."""
    cells = fields["cells"]
    as_text = any(isinstance(each.get("source"), str) for each in cells)
    cell: dict[str, Any] = {"cell_type": kind}
    cell |= {"execution_count": None} if kind == "code" else {}
    minor = fields.get("nbformat_minor")
    if any("id" in each for each in cells) or (isinstance(minor, int) and minor >= 5):
        cell["id"] = _new_id(source, [each.get("id") for each in cells])
    cell |= {"metadata": {}}
    cell |= {"outputs": []} if kind == "code" else {}
    cell |= {"source": source if as_text else []}
    set_source(cell, source)
    return cell


def _new_id(source: str, taken: Collection[object]) -> str:
    digest = hashlib.sha256(source.encode()).hexdigest()[:8]
    while digest in taken:
        digest = hashlib.sha256(digest.encode()).hexdigest()[:8]
    return digest


def dumped(fields: dict[str, Any], data: bytes) -> bytes:
    """JSON in the form of the old file."""
    old = data.decode("utf-8-sig")
    indent = _INDENT.match(old)
    is_ascii = old.isascii() and "\\u" in old
    separators = None if indent or '": ' in old[:200] else (",", ":")
    text = as_json(fields, indent[1] if indent else None, separators, is_ascii=is_ascii)
    return text + old[len(old.rstrip()) :].encode()


def as_json(
    fields: dict[str, Any],
    indent: int | str | None,
    separators: tuple[str, str] | None = None,
    *,
    is_ascii: bool = False,
) -> bytes:
    """Fields of a notebook as a file has them; halves of characters can only be escaped."""
    form: dict[str, Any] = {"indent": indent, "separators": separators}
    with contextlib.suppress(UnicodeEncodeError):
        return json.dumps(fields, ensure_ascii=is_ascii, **form).encode()
    return json.dumps(fields, **form).encode()


def cell_diff(old: bytes, new: bytes, path: str) -> str:
    """A unified diff of the cells' sources, "" where they are the same."""
    before, after = _as_text(old), _as_text(new)
    diff = difflib.unified_diff(before, after, f"a/{path}", f"b/{path}", n=2)
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in diff)


def _as_text(data: bytes) -> list[str]:
    text = []
    for cell in json.loads(data.decode("utf-8-sig"))["cells"]:
        source = source_of(cell)
        if cell.get("cell_type") == "code" and source:
            text += ["# %%\n", *(f"{line}\n" for line in source.split("\n"))]
    return text
