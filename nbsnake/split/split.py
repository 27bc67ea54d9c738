"""A long notebook as several along its headings: each is a step, and values pass by files."""

import ast
import json
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nbsnake.adopt.blank import new_cell
from nbsnake.errors import NbsnakeError, NotebookError, Where, raise_all
from nbsnake.follow.cells import Source, parsed, sources
from nbsnake.ipython.translation import to_python
from nbsnake.model.step import Cell, Notebook
from nbsnake.notebook.keys import step_name
from nbsnake.notebook.written import as_json
from nbsnake.split import passing
from nbsnake.split.handover import handed_over, lost_views, repeated, shared_groups
from nbsnake.split.nameflow import Names, names_of_parts

_HEADING = re.compile(r"\s*(#{1,6})\s+(.+)")
FOLDER = "parts"  # of the values that pass from part to part


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One notebook of several; ``cells`` are the numbers of the cells that it takes.

    ``takes`` and ``gives`` are the names that pass, each with the file for it, from the root.
    """

    title: str
    path: str
    cells: tuple[int, ...]
    takes: dict[str, str]
    gives: dict[str, str]
    repeats: tuple[str, ...]


def plan_split(notebook: Notebook, no_effect: Sequence[str], level: int = 0) -> list[Part]:
    """The parts of a notebook, along its headings of a level (0: the first that occurs often).

    Raises :class:`NotebookError` for one without several parts, or with a cell that is no Python.
    """
    groups = _groups(notebook, level)
    if len(groups) < 2:
        raise NotebookError(
            "has no headings to split it at",
            where=Where(notebook.path),
            hint="write '## Heading' in a markdown cell where a part begins",
        )
    code = _code(notebook, no_effect)
    bodies = [list(_statements(group, code)) for _, group in groups]
    names = names_of_parts(bodies)
    _check_views(names, code, notebook.path)
    taken = handed_over(names)
    stem = posixpath.splitext(notebook.path)[0]
    tied = shared_groups(names)
    given = [
        {name for own in taken for name, giver in own.items() if giver == number}
        for number in range(len(names))
    ]

    def file(giver: int, name: str) -> str:
        shared = next((group & given[giver] for group in tied if name in group), frozenset())
        if len(shared) > 1:  # only one file keeps that they are the same object
            return _file(stem, giver, f"{min(shared)}_and_others", passing.SEVERAL)
        return _file(stem, giver, name, passing.kind_of(name, bodies[giver], bodies))

    parts = []
    for number, (title, group) in enumerate(groups):
        parts.append(
            Part(
                title=title,
                path=f"{stem}_{number + 1}_{_slug(title)}.ipynb",
                cells=tuple(cell.index for cell in group),
                takes={name: file(giver, name) for name, giver in taken[number].items()},
                gives={name: file(number, name) for name in sorted(given[number])},
                repeats=tuple(_texts(repeated(number, names, takes=bool(taken[number])), code)),
            )
        )
    return parts


def _check_views(names: Sequence[Names], code: dict[int, Source], path: str) -> None:
    """Raise :class:`NotebookError` for arrays that share memory, where a later part changes it."""
    faults: list[NbsnakeError] = []
    for alias in lost_views(names):
        cell = next(
            number
            for number, source in code.items()
            if source.tree and any(node is alias.node for node in ast.walk(source.tree))
        )
        shown = " and ".join(repr(name) for name in sorted(alias.names))
        faults.append(
            NotebookError(
                f"{shown} share the memory of an array, and a later part changes it",
                where=Where(path, cell, getattr(alias.node, "lineno", None)),
                hint="add .copy() here if they need not share it, or remove the heading between",
            )
        )
    raise_all(faults)


def _code(notebook: Notebook, no_effect: Sequence[str]) -> dict[int, Source]:
    """The code cells by number, with what magics run as Python of the cell.

    Raises :class:`NotebookError` for a cell that is no Python.
    """
    plain = {each.index: each for each in to_python(notebook.cells, "", in_step=False).cells}
    found = {}
    for source in sources(notebook, no_effect):
        if source.tree is None or source.commands:
            source = _translated(source, plain[source.number])
        if source.tree is None:
            where = Where(notebook.path, source.number)
            raise NotebookError("is not plain Python, and cannot be split", where=where)
        found[source.number] = source
    return found


def _translated(source: Source, plain: Cell) -> Source:
    tree = parsed(plain.source)  # what was refused stays as it was
    return source._replace(cell=plain, tree=tree) if tree else source


def _groups(notebook: Notebook, level: int) -> list[tuple[str, list[Cell]]]:
    levels = [len(match[1]) for cell in notebook.cells if (match := _heading(cell))]
    chosen = level or next((each for each in range(1, 7) if levels.count(each) > 1), 0)
    groups: list[tuple[str, list[Cell]]] = [("", [])]
    for cell in notebook.cells:
        match = _heading(cell)
        if match and len(match[1]) == chosen:
            groups.append((match[2].strip(), []))
        groups[-1][1].append(cell)
    if len(groups) > 1:  # what comes before the first heading belongs to the first part
        groups[:2] = [(groups[1][0], [*groups[0][1], *groups[1][1]])]
    found: list[tuple[str, list[Cell]]] = []
    for title, cells in groups:
        if found and not any(cell.kind == "code" and cell.source.strip() for cell in cells):
            found[-1][1].extend(cells)  # text alone is no part
        else:
            found.append((title, cells))
    return found


def _heading(cell: Cell) -> re.Match[str] | None:
    return _HEADING.match(cell.source) if cell.kind == "markdown" else None


def _statements(group: Sequence[Cell], code: dict[int, Source]) -> Iterator[ast.stmt]:
    for cell in group:
        source = code.get(cell.index)
        yield from source.tree.body if source and source.tree else ()


def _slug(title: str) -> str:
    return step_name(re.sub(r"^[\d.\s]+", "", title))[:40].strip("_") or "part"


def _file(stem: str, number: int, name: str, kind: str) -> str:
    folder = posixpath.basename(stem).replace(" ", "_")
    word = re.sub(r"\W", "_", name)
    return f"data/{FOLDER}/{folder}/{word}_{number + 1}.{kind}"


def _texts(nodes: Sequence[ast.stmt], code: dict[int, Source]) -> Iterator[str]:
    """The source of the definitions that a part repeats."""
    for node in nodes:
        for source in code.values():
            if source.tree is not None and node in source.tree.body:
                yield ast.get_source_segment(source.cell.source, _whole(node)) or ast.unparse(node)


def _whole(node: ast.stmt) -> ast.stmt:
    """A definition with its decorators, which come before its own first line."""
    decorators = getattr(node, "decorator_list", [])
    if decorators:
        node = ast.copy_location(ast.Pass(), node)
        node.lineno, node.col_offset = decorators[0].lineno, 0
    return node


def write_part(part: Part, data: bytes, *, marks: bool = False) -> bytes:
    """The notebook of a part, out of the whole one, with what loads and saves the values.

    A part without a result ``marks`` its end by a file, because a step has one.
    """
    fields: dict[str, Any] = json.loads(data.decode("utf-8-sig"))
    cells = [fields["cells"][index - 1] for index in part.cells]
    before = []
    if part.repeats:
        before.append(new_cell("code", _silent(part.repeats)))
    if part.takes:
        takes = {name: _relative(part, path) for name, path in part.takes.items()}
        before.append(new_cell("code", passing.loading(takes)))
    after = []
    if part.gives:
        gives = {name: _relative(part, path) for name, path in part.gives.items()}
        after.append(new_cell("code", passing.saving(gives)))
    if marks:
        stem = posixpath.splitext(part.path)[0]
        path = _relative(part, _file(stem, 0, "done", "txt").replace("done_1", "done"))
        after.append(new_cell("code", passing.marking(path)))
    first = next((n for n, cell in enumerate(cells) if cell["cell_type"] == "code"), len(cells))
    fields["cells"] = [*cells[:first], *before, *cells[first:], *after]
    return as_json(fields, 1) + b"\n"


def _silent(statements: Sequence[str]) -> str:
    """A cell of statements that shows no value of the last one."""
    text = "\n".join(statements)
    return f"{text};" if isinstance(ast.parse(text).body[-1], ast.Expr) else text


def _relative(part: Part, path: str) -> str:
    return posixpath.relpath(path, posixpath.dirname(part.path) or ".")
