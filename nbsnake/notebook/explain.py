"""Faults and notes as an author reads them: cells as Jupyter shows them, with the line."""

import json
import os
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

from nbsnake.errors import Faults, NbsnakeError, Where
from nbsnake.job.regular import read_regular
from nbsnake.model.notes import About, Note

_WIDTH = 100


class _Text(NamedTuple):
    """One fault or note."""

    where: Where | None
    message: str
    hint: str


def explained(error: NbsnakeError) -> str:
    """The error with the lines of notebooks that it is about, and alike faults together."""
    faults = error.faults if isinstance(error, Faults) else (error,)
    return _joined(_Text(each.where, each.message, each.hint) for each in faults)


def warnings_of(notes: Iterable[Note]) -> str:
    """What an author may want to change, "" for nothing."""
    shown = (About.KEPT, About.NO_PARAM, About.PATH)
    return _joined(_Text(each.where, each.text, each.hint) for each in notes if each.about in shown)


def summaries(notes: Iterable[Note]) -> Iterator[str]:
    """One line for each notebook of which something is not in its script."""
    by_file: dict[str, list[Note]] = {}
    for note in notes:
        by_file.setdefault(note.where.file, []).append(note)
    for file, own in by_file.items():
        parts = [*_left_out(own), *_dropped(own), *_no_params(own)]
        if parts:
            yield f"{file}: {'; '.join(parts)}"


def _left_out(notes: list[Note]) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for note in notes:
        if note.about is About.LEFT_OUT:
            reasons.setdefault(note.text, []).append(_cell(note.where))
    cells = [f"{', '.join(cells)} ({reason})" for reason, cells in reasons.items()]
    if cells:
        yield f"left out: {', '.join(cells)}"


def _dropped(notes: list[Note]) -> Iterator[str]:
    names = [note.name for note in notes if note.about is About.DROPPED]
    if names:
        counts = {name: names.count(name) for name in names}
        shown = [f"{name} ({n} times)" if n > 1 else name for name, n in counts.items()]
        yield f"dropped: {', '.join(shown)}"


def _no_params(notes: list[Note]) -> Iterator[str]:
    if names := [note.name for note in notes if note.about is About.NO_PARAM]:
        yield f"no parameters: {', '.join(names)}"


def _joined(texts: Iterable[_Text]) -> str:
    groups: dict[tuple[str, str, str], list[_Text]] = {}
    for each in texts:
        file = each.where.file if each.where and each.where.cell else ""
        # Faults elsewhere stand alone: there is no text to show instead of their place.
        key = (file, each.message, each.hint) if file else (str(len(groups)), "", "")
        groups.setdefault(key, []).append(each)
    return "\n".join(_group(group) for group in groups.values())


def _group(group: list[_Text]) -> str:
    first = group[0]
    if first.where is None or first.where.cell is None:
        head = [f"{first.where}: {first.message}" if first.where else first.message]
    elif len(group) == 1:
        head = [f"{_place(first.where)}: {first.message}", *_quote(first.where)]
    else:
        head = [f"{first.where.file}: {first.message} ({len(group)} times)"]
        for each in group:
            assert each.where is not None  # noqa: S101  (as for the first one)
            text = "".join(_quote(each.where)).removeprefix("  > ")
            head.append(f"  {_place(each.where).partition(', ')[2]}: {text}".rstrip(": "))
    return "\n".join([*head, *([f"  hint: {first.hint}"] if first.hint else [])])


def _place(where: Where) -> str:
    """``notebooks/a.ipynb, cell 7 (In [12]), line 3``."""
    prompt = _cells(where.file).get(where.cell or 0, _Source(None, ())).prompt
    text = str(where)
    return text.replace(f"cell {where.cell}", _cell(where), 1) if prompt is not None else text


def _cell(where: Where) -> str:
    prompt = _cells(where.file).get(where.cell or 0, _Source(None, ())).prompt
    return f"cell {where.cell}" + (f" (In [{prompt}])" if prompt is not None else "")


def _quote(where: Where) -> list[str]:
    source = _cells(where.file).get(where.cell or 0)
    if source is None or where.line is None or not 0 < where.line <= len(source.lines):
        return []
    text = "".join(char if char.isprintable() else " " for char in source.lines[where.line - 1])
    text = text.strip()
    shown = text if len(text) <= _WIDTH else f"{text[:_WIDTH]}..."
    return [f"  > {shown}"] if shown else []


class _Source(NamedTuple):
    prompt: int | None
    lines: tuple[str, ...]


def _cells(path: str) -> dict[int, _Source]:
    """The code cells of a notebook; none of a file that is not one."""
    try:
        return _read(os.path.abspath(path), os.stat(path).st_mtime_ns)
    except OSError:
        return {}


@cache
def _read(path: str, _: int) -> dict[int, _Source]:
    """The code cells, once for each time at which the file was changed."""
    try:
        cells = json.loads(read_regular(path).decode("utf-8-sig"))["cells"]
        return {
            index: _source(cell)
            for index, cell in enumerate(cells, start=1)
            if cell["cell_type"] == "code"
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _source(cell: dict[str, Any]) -> _Source:
    prompt = cell.get("execution_count")
    lines = "".join(cell["source"]).split("\n")
    return _Source(prompt if isinstance(prompt, int) else None, tuple(lines))
