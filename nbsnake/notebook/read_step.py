"""Reading a notebook as its author wrote it: its docstring, its parameters, its cells.

The first code cell of a step begins with a docstring of reST fields, as MLV-tools had them::

    :param float rate: learning rate
    :dvc-in features: data/features.npz
    :dvc-out model: models/model.pkl
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from nbsnake.errors import NbsnakeError, NotebookError, Where, only_so_deep, raise_all
from nbsnake.ipython.backends import Backend
from nbsnake.ipython.kernel import with_modules
from nbsnake.model.needs import Needs
from nbsnake.model.notes import Note
from nbsnake.model.step import Cell, Notebook, Program
from nbsnake.notebook.code import (
    Assignment,
    assignments,
    bound_names,
    has_annotations,
    with_arguments,
)
from nbsnake.notebook.fields import (
    Field,
    has_metadata,
    may_declare,
    read_fields,
)
from nbsnake.notebook.kept_cells import (
    check_language,
    is_code,
    kept_cells,
    left_out_cells,
)
from nbsnake.notebook.kernels import as_python
from nbsnake.notebook.keys import KEYS, Declared, declares_step, key_faults, read_keys
from nbsnake.notebook.needs import without_needs
from nbsnake.notebook.params import (
    OWN_NAMES,
    ParamSpec,
    find_assignments,
    overruled,
    tagged_params,
    with_literal,
)
from nbsnake.notebook.plain_text import PlainText, declaring_cells, plain_text, tagged_cell
from nbsnake.notebook.spec import PLAIN, Reading, StepSpec
from nbsnake.notebook.stray_fields import check_no_stray_keys, lost_fields
from nbsnake.notebook.stray_paths import stray_paths
from nbsnake.python.habits import Habit
from nbsnake.python.references import find_references


def read_step(notebook: Notebook, reading: Reading = PLAIN) -> StepSpec | None:
    """The step that a notebook declares, or None for a notebook that declares none.

    Raises :class:`NotebookError`, several together, for what is wrong in its cells.
    """
    with only_so_deep(notebook.path):
        return _read_step(as_python(notebook, reading.no_effect), reading)


def _read_step(notebook: Notebook, reading: Reading) -> StepSpec | None:
    cells = kept_cells(notebook, reading.no_effect)
    if notebook.is_report or not any(is_code(cell) and may_declare(cell, KEYS) for cell in cells):
        return None
    text = plain_text(notebook, cells, reading, in_step=True)
    fields, _ = _read_docstring(text, reading)
    if not declares_step(fields):
        check_no_stray_keys(cells, notebook.path)
        return None
    check_language(notebook)
    return _read(text, reading, in_step=True)


def read_any(notebook: Notebook, reading: Reading = PLAIN) -> StepSpec:
    """A notebook read for its script alone, whether it declares a step or not.

    Raises :class:`NotebookError`, several together, for what is wrong in its cells.
    """
    with only_so_deep(notebook.path):
        notebook = as_python(notebook, reading.no_effect)
        check_language(notebook)
        cells = kept_cells(notebook, reading.no_effect)
        text = plain_text(notebook, cells, reading, in_step=False)
        return _read(text, reading, in_step=False)


def with_habits(spec: StepSpec, modules: frozenset[Habit]) -> StepSpec:
    """The step whose modules meet these habits of a kernel, which its script then has."""
    program = spec.program
    cells = with_modules(
        program.cells, Backend(program.backend), frozenset(map(Habit, program.habits)), modules
    )
    habits = program.habits | modules
    return replace(spec, program=replace(program, cells=tuple(cells), habits=habits))


def _read_docstring(text: PlainText, reading: Reading) -> tuple[list[Field], str]:
    if text.metadata is None:
        return [], ""
    if text.metadata.index not in text.codes and has_metadata(text.metadata):
        raise_all(text.faults)  # metadata that cannot be read is a fault, and no absence
    return read_fields(text.metadata, text.notebook.path, KEYS, reading.conf)


def _read(text: PlainText, reading: Reading, *, in_step: bool) -> StepSpec:
    path, faults = text.notebook.path, list(text.faults)
    fields, description = _read_docstring(text, reading)
    declared = _declared(text, fields, reading)
    faults += declared.param_faults
    if in_step:  # what is wrong with the rest of a step does not matter to its script alone
        faults += key_faults(fields) + lost_fields(text) + declared.faults
    params = declared.params
    assigned = find_assignments(params, declaring_cells(text), path, faults)
    literals = {name: each for found in assigned.values() for name, each in found.items()}
    unassigned = tuple(name for name in params if name not in literals)
    others = [code for index, code in text.codes.items() if index not in assigned]
    faults += overruled(unassigned, others, path)
    faults += _name_faults(text, params)
    futures = _futures(text, faults)
    raise_all(faults)
    return StepSpec(
        name=declared.name,
        program=Program(
            notebook=path,
            description=description,
            cells=_program_cells(text, assigned, declared.needs),
            metadata=text.metadata.index if text.metadata else 0,
            unassigned=unassigned,
            futures=futures,
            left_out=tuple(left_out_cells(text.notebook, reading.no_effect)),
            habits=text.habits,
            backend=text.backend,
        ),
        params=tuple(with_literal(each, literals.get(each.name)) for each in params.values()),
        artifacts=tuple(declared.artifacts),
        extras=tuple(declared.extras),
        command=declared.call.command if declared.call else None,
        where=Where(path, text.metadata.index if text.metadata else None),
        axes=tuple(declared.axes),
        needs=declared.needs,
        included=text.included,
        notes=tuple(_notes(text, declared, in_step=in_step)),
        references=find_references(code.tree for code in text.codes.values()),
    )


def _declared(text: PlainText, fields: list[Field], reading: Reading) -> Declared:
    whole = [each for each in fields if each.whole]
    code = tagged_cell(text)
    tagged = tagged_params(code, text.notebook.path) if code else None
    own = declaring_cells(text)
    declared = Declared(
        path=text.notebook.path,
        variables=reading.variables,
        tagged=tagged.params if tagged else None,
        keys=frozenset(each.key for each in whole),
        assigned={each.name: each for cell in own for each in assignments(cell.tree)},
    )
    read_keys(whole, declared)
    notes = tagged.notes if tagged else {}
    declared.notes += [note for name, note in notes.items() if name not in declared.params]
    return declared


def _notes(text: PlainText, declared: Declared, *, in_step: bool) -> Iterator[Note]:
    yield from text.notes
    yield from declared.notes
    if in_step and not declared.call:
        path = text.notebook.path
        yield from stray_paths(text.codes, declared.params, declared.artifacts, path)


def _program_cells(
    text: PlainText, assigned: Mapping[int, Mapping[str, Assignment]], needs: Needs
) -> tuple[Cell, ...]:
    """The kept cells without the literals of parameters and the lines of needs."""
    cells = [
        with_arguments(cell, found) if (found := assigned.get(cell.index)) else cell
        for cell in text.cells
    ]
    if needs == Needs():
        return tuple(cells)
    return tuple(
        replace(cell, source=without_needs(cell.source)) if _is_metadata(cell, text) else cell
        for cell in cells
    )


def _is_metadata(cell: Cell, text: PlainText) -> bool:
    return text.metadata is not None and cell.index == text.metadata.index


def _name_faults(text: PlainText, params: Mapping[str, ParamSpec]) -> list[NbsnakeError]:
    """Cells that bind a name that the script needs itself."""
    own = OWN_NAMES if params else OWN_NAMES - {"_args", "_parse_args"}
    return [
        NotebookError(
            f"the script needs the name {name!r} itself",
            where=Where(text.notebook.path, index),
            hint="choose another name",
        )
        for index, code in text.codes.items()
        if any(each in code.cell.source for each in own)
        for name in sorted(own.intersection(bound_names(code.tree)))
    ]


def _futures(text: PlainText, faults: list[NbsnakeError]) -> tuple[str, ...]:
    """What the cells import from ``__future__``: for the whole script, as it cannot be otherwise.

    In a notebook it holds from its cell on, so that for cells above it nothing may change.
    """
    annotated = False
    names: dict[str, None] = {}
    for index, code in text.codes.items():
        for name, line in code.futures:
            if name == "annotations" and annotated and name not in names:
                faults.append(
                    NotebookError(
                        "cells above it have annotations, which this line would change in a script",
                        where=Where(text.notebook.path, index, line),
                        hint="move the line to the first code cell",
                    )
                )
            names[name] = None
        annotated = annotated or has_annotations(code.tree)
    return tuple(names)
