"""Notebooks that run in a Jupyter kernel, such as those in R and Julia, as notebooks in Python.

Their docstring is the comment with which the first code cell begins. Each cell of the notebook in
Python has the kernel execute one cell; the cell of the docstring gives the kernel the values
of the parameters in place of the lines that assign them. All else of a step is then as ever.
"""

import keyword
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from nbsnake.errors import NbsnakeError, NotebookError, Where, raise_all
from nbsnake.ipython.celltext import comment_out
from nbsnake.ipython.syntax import lines
from nbsnake.model.quote import literal, string
from nbsnake.model.step import Cell, Notebook
from nbsnake.notebook.fields import read_fields
from nbsnake.notebook.foreign_literals import (
    LANGUAGES,
    Language,
    assigned_literal,
    assigned_name,
    holds_integers,
)
from nbsnake.notebook.kept_cells import PYTHON, is_code, kept_cells, other_language
from nbsnake.notebook.keys import KEYS

_COMMENT = re.compile(r"#+'?(?: |$)?")  # R's roxygen comments begin with #'
_FIELD = re.compile(r"\s*:(?:param|step|kernel|foreach|dvc-[\w-]+)(?:[ \t][^:]*)?:")
_KERNEL = re.compile(r"\s*:kernel:\s*(.*)$")
_HINT = "assign a number, a string, a truth value or a list of these, in a line of its own"


@dataclass(frozen=True, slots=True)
class _Head:
    """The comment that declares a step: its lines without comment signs, and what follows it."""

    cell: Cell
    comment: tuple[str, ...]
    rest: tuple[str, ...]

    @property
    def kernels(self) -> list[str]:
        return [match[1].strip() for line in self.comment if (match := _KERNEL.match(line))]

    @property
    def docstring(self) -> str:
        """The comment as a docstring of as many lines; the kernel's key is for nobody else."""
        kept = ["" if _KERNEL.match(line) else line for line in self.comment]
        text = "\n".join(kept).replace("\\", "\\\\").replace('"', '\\"')
        return f'"""{text}"""'

    def names(self, path: str) -> set[str]:
        """The parameters that it declares."""
        fields, _ = read_fields(replace(self.cell, source=self.docstring), path, KEYS)
        found = {each.argument.split(" ")[-1].replace("-", "_") for each in fields}
        return {name for name in found if name.isidentifier() and not keyword.iskeyword(name)}


def runs_in_kernel(notebook: Notebook, no_effect: Sequence[str]) -> bool:
    """Whether a notebook declares in a comment that it is a step.

    One in Python does so by ``:kernel:``, others by any key of a step.
    """
    return _head(notebook, no_effect) is not None


def as_python(notebook: Notebook, no_effect: Sequence[str]) -> Notebook:
    """The notebook as one in Python whose cells a kernel executes, if it runs in one.

    Raises :class:`NotebookError`, several together, for parameters that cannot be given.
    """
    head = _head(notebook, no_effect)
    if head is None:
        return notebook
    language = LANGUAGES.get("python" if notebook.language in PYTHON else notebook.language)
    if language is None:
        raise other_language(notebook)
    name = next(filter(None, head.kernels), notebook.kernel)
    if not name:
        raise NotebookError(
            "does not say which kernel runs it",
            where=Where(notebook.path, head.cell.index),
            hint="write ':kernel: NAME', with a name that jupyter kernelspec list shows",
        )
    kept = {cell.index for cell in kept_cells(notebook, no_effect)}
    first = _first_cell(head, name, language, notebook.path)
    _check_not_overruled(notebook, head, kept, language)
    cells = [
        replace(cell, source=first)
        if cell is head.cell
        else replace(cell, source=_executing(cell.source) if cell.index in kept else _silent(cell))
        if is_code(cell)
        else cell
        for cell in notebook.cells
    ]
    return replace(notebook, language="python", version="", cells=tuple(cells))


def _head(notebook: Notebook, no_effect: Sequence[str]) -> _Head | None:
    cell = next(filter(is_code, kept_cells(notebook, no_effect)), None)
    if cell is None or not cell.source.lstrip().startswith("#") or notebook.is_report:
        return None
    text = cell.source.split("\n")
    blank = next(n for n, line in enumerate(text) if line.strip())
    count = next((n for n, line in enumerate(text) if n >= blank and line[:1] != "#"), len(text))
    comment = tuple(_COMMENT.sub("", line, count=1) for line in text[:count])
    head = _Head(cell, comment, tuple(text[count:]))
    wanted = _KERNEL if notebook.language in PYTHON else _FIELD
    return head if any(map(wanted.match, comment)) else None


def _first_cell(head: _Head, kernel: str, language: Language, path: str) -> str:
    """The cell of the docstring: its lines are where they were, as are those of the literals."""
    faults: list[NbsnakeError] = []
    own, rest, names = list[str](), list[str](), head.names(path)
    integers = set[str]()
    for number, line in enumerate(head.rest, start=len(head.comment) + 1):
        name = assigned_name(line, language)
        if name not in names:
            own.append("")
            rest.append(line)
            continue
        try:
            own.append(f"{name} = {literal(assigned_literal(line, language))}")
            rest.append("")
            integers |= {name} if holds_integers(line, language) else set()
        except ValueError as error:
            where = Where(path, head.cell.index, number)
            message = f"the parameter {name!r} is not assigned a literal: {error}"
            faults.append(NotebookError(message, where=where, hint=_HINT))
    raise_all(faults)
    values = ", ".join(
        [*map(string, sorted(integers)), *(f"{name}={name}" for name in sorted(names))]
    )
    assigned = [f"_nb_execute({language.printer}({values}))"] if names else []
    more = "\n".join(rest).strip("\n")
    return "\n".join(
        [
            head.docstring,
            *("\n".join(own).rstrip("\n").split("\n") if any(own) else []),
            f"_nb_kernel({string(kernel)}, {string(language.name)})",
            *assigned,
            *([_executing(more)] if more.strip() else []),
        ]
    )


def _executing(source: str) -> str:
    """The call by which the kernel executes a cell, on lines of its own where that reads back."""
    readable = all(line.isprintable() for line in source.replace("\t", " ").split("\n"))
    if not readable or '"""' in source or source.endswith(("\\", '"')) or "\t" in source:
        return f"_nb_execute({string(source)})"
    start = "r" if "\\" in source else ""
    return f'_nb_execute({start}"""{source}""")'


def _silent(cell: Cell) -> str:
    """A cell that is left out, as a comment of which the first mark is still one."""
    return "".join(
        line if line.lstrip().startswith("#") else comment_out(line) for line in lines(cell.source)
    )


def _check_not_overruled(
    notebook: Notebook, head: _Head, kept: set[int], language: Language
) -> None:
    """A later cell that assigns a parameter would make its value useless."""
    faults, names = list[NbsnakeError](), head.names(notebook.path)
    for cell in notebook.cells:
        if is_code(cell) and cell.index in kept and cell is not head.cell:
            faults += _overruling(cell, names, notebook.path, language)
    raise_all(faults)


def _overruling(
    cell: Cell, names: set[str], path: str, language: Language
) -> Iterator[NbsnakeError]:
    for number, line in enumerate(cell.source.split("\n"), start=1):
        name = assigned_name(line, language)
        if name in names and _is_plain(line, language):
            yield NotebookError(
                f"this cell assigns the parameter {name!r}, which overrides its value",
                where=Where(path, cell.index, number),
                hint="move the line to the first code cell, below the comment with ':param'",
            )


def _is_plain(line: str, language: Language) -> bool:
    try:
        assigned_literal(line, language)
    except ValueError:
        return False
    return True
