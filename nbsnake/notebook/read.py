"""Reading notebooks.

Notebooks of format 4 are read as the JSON that they are: a hundred times faster than validating
each against its schema, and a fault is reported by cell. Older formats are upgraded by nbformat.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from nbsnake.errors import NotebookError, Where
from nbsnake.job.regular import read_regular
from nbsnake.job.report import REPORT
from nbsnake.model.step import Cell, Notebook

MOST_CELLS = 20_000  # which take seconds; people write hundreds
NEVER_RUNS = "skip-execution"  # the tag of cells that nbclient does not run
KINDS = ("code", "markdown", "raw")
OPEN_AND_SAVE = "open it in Jupyter and save it"


def read_notebook(path: str) -> Notebook:
    """Read the notebook at ``path``.

    Raises :class:`NotebookError` when it is not a valid notebook.
    """
    return parse_notebook(read_bytes(path), path)


def read_bytes(path: str) -> bytes:
    """The content of the file at ``path``. Raises :class:`NotebookError` where there is none."""
    try:
        return read_regular(path)
    except OSError as error:
        raise NotebookError(f"cannot be read: {error.strerror}", where=Where(path)) from None


def parse_notebook(data: bytes, path: str) -> Notebook:
    """As :func:`read_notebook`, from bytes. Raises :class:`NotebookError` as it does."""
    fields = _upgraded(_parse_json(data, path), path)
    cells = fields.get("cells")
    if not isinstance(cells, list):
        raise NotebookError("has no list of cells", where=Where(path), hint=OPEN_AND_SAVE)
    if len(cells) > MOST_CELLS:
        fault = f"has {len(cells):,} cells, and at most {MOST_CELLS:,} are read"
        raise NotebookError(fault, where=Where(path), hint="divide it into several notebooks")
    return Notebook(
        path=path,
        language=_language(fields.get("metadata")),
        version=_version(fields.get("metadata")),
        kernel=_kernel(fields.get("metadata")),
        is_report=_is_report(fields.get("metadata")),
        cells=_counted(
            [_cell(cell, Where(path, index)) for index, cell in enumerate(cells, start=1)]
        ),
    )


def _counted(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """The cells with the numbers that they have when Jupyter runs all of them."""
    found, count = list[Cell](), 0
    for cell in cells:
        runs = cell.kind == "code" and cell.source.strip() and NEVER_RUNS not in cell.tags
        count += bool(runs)
        found.append(replace(cell, count=count) if runs else cell)
    return tuple(found)


def _parse_json(data: bytes, path: str) -> dict[str, Any]:
    try:
        fields = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise NotebookError("is not UTF-8 text", where=Where(path), hint=OPEN_AND_SAVE) from None
    except (RecursionError, MemoryError):
        raise NotebookError("is nested too deeply", where=Where(path)) from None
    except json.JSONDecodeError as error:
        raise NotebookError(
            f"is not valid JSON: {error.msg}",
            where=Where(path, line=error.lineno),
            hint="restore the file from git, or look for merge conflict markers in it",
        ) from None
    except ValueError as error:  # such as a number of 5000 digits
        raise NotebookError(f"cannot be read: {error}", where=Where(path)) from None
    if not isinstance(fields, dict):
        raise NotebookError("is JSON but not a notebook", where=Where(path), hint=OPEN_AND_SAVE)
    return fields


def _upgraded(fields: dict[str, Any], path: str) -> dict[str, Any]:
    version = fields.get("nbformat")
    if version == 4:
        return fields
    if version not in (1, 2, 3):
        raise NotebookError(
            f"has the notebook format {version!r}; 1 to 4 are known", where=Where(path)
        )
    import nbformat  # slow, and needed for notebooks of before 2015 only

    try:
        language = _language_before_4(fields)
        old = nbformat.versions[version].to_notebook_json(fields)  # joins lines, and more
        upgraded = nbformat.convert(old, 4)
        upgraded.setdefault("metadata", {}).setdefault("language_info", {"name": language})
    except Exception as error:  # nbformat raises whatever a malformed file makes it stumble on
        raise NotebookError(
            f"cannot be upgraded from notebook format {version}: {error}", where=Where(path)
        ) from None
    return dict(upgraded)


def _language_before_4(fields: dict[str, Any]) -> str:
    """What the first code cell says; formats before 4 said it of each cell."""
    sheets = fields.get("worksheets") or [fields]
    cells = (cell for sheet in sheets for cell in sheet.get("cells", []))
    return next((cell["language"] for cell in cells if cell.get("language")), "python")


def _language(metadata: object) -> str:
    """The kernel's language in lower case, "" if the notebook does not say."""
    if not isinstance(metadata, dict):
        return ""
    kernel = metadata.get("kernelspec")
    language = _text(metadata.get("language_info"), "name") or _text(kernel, "language")
    if not language and _text(kernel, "name").startswith("python"):
        return "python"
    return language.lower()


def _version(metadata: object) -> str:
    """The first two parts of the kernel's version, "" if the notebook does not say."""
    info = metadata.get("language_info") if isinstance(metadata, dict) else None
    match = re.match(r"\d+\.\d+", _text(info, "version"))
    return match[0] if match else ""


def _kernel(metadata: object) -> str:
    return _text(metadata.get("kernelspec"), "name") if isinstance(metadata, dict) else ""


def _is_report(metadata: object) -> bool:
    return isinstance(metadata, dict) and metadata.get("nbsnake") == REPORT


def _text(fields: object, name: str) -> str:
    value = fields.get(name) if isinstance(fields, dict) else None
    return value if isinstance(value, str) else ""


def _cell(fields: object, where: Where) -> Cell:
    kind = _text(fields, "cell_type")
    if not isinstance(fields, dict) or kind not in KINDS:
        raise NotebookError(f"has an unknown type: {kind!r}", where=where, hint=OPEN_AND_SAVE)
    source = fields.get("source", "")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise NotebookError("its source is not text", where=where, hint=OPEN_AND_SAVE)
    return Cell(
        index=where.cell or 0,
        kind=kind,  # type: ignore[arg-type]
        source=_as_text(source, kind, where),
        tags=_tags(fields.get("metadata")),
        prompt=prompt if type(prompt := fields.get("execution_count")) is int else None,
    )


def _as_text(source: str, kind: str, where: Where) -> str:
    """The source as a script can hold it: JSON can spell halves of characters."""
    plain = source.encode(errors="replace").decode().replace("\0", "?")
    if kind == "code" and plain != source:
        raise NotebookError(
            "contains invalid characters (a lone surrogate or a null byte)",
            where=where,
            hint="write it as an escape in a string, or remove it",
        )
    return plain


def _tags(metadata: object) -> frozenset[str]:
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    return (
        frozenset(tag for tag in tags if isinstance(tag, str))
        if isinstance(tags, list)
        else frozenset()
    )
