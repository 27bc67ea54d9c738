"""Reading a notebook as its author wrote it: its docstring, its parameters, its cells.

The first code cell of a step begins with a docstring of reST fields, as MLV-tools had them::

    :param float rate: learning rate
    :dvc-in features: data/features.npz
    :dvc-out model: models/model.pkl
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nbsnake.errors import NbsnakeError, NotebookError, Where, only_so_deep, raise_all
from nbsnake.ipython.backends import Backend
from nbsnake.ipython.celltext import comment_out
from nbsnake.ipython.kernel import with_modules
from nbsnake.ipython.syntax import lines
from nbsnake.ipython.translation import to_python
from nbsnake.model.needs import Needs
from nbsnake.model.notes import Note
from nbsnake.model.step import RAISES, Artifact, Cell, Command, Notebook, Program
from nbsnake.notebook.code import (
    Assignment,
    Code,
    assignments,
    bound_names,
    has_annotations,
    read_code,
    with_arguments,
)
from nbsnake.notebook.dvc_cmd import Variables
from nbsnake.notebook.fields import (
    Field,
    has_metadata,
    has_second_docstring,
    may_declare,
    read_fields,
)
from nbsnake.notebook.foreach import AxisSpec
from nbsnake.notebook.kept_cells import (
    cell_notes,
    check_language,
    includer,
    is_code,
    kept_cells,
    left_out_cells,
)
from nbsnake.notebook.kernels import as_python
from nbsnake.notebook.keys import KEYS, Declared, declares_step, key_faults, read_keys
from nbsnake.notebook.needs import without_needs
from nbsnake.notebook.params import (
    OWN_NAMES,
    PARAMETERS_TAG,
    ParamSpec,
    find_assignments,
    overruled,
    tagged_params,
    with_literal,
)
from nbsnake.notebook.stray_paths import stray_paths
from nbsnake.python.habits import Habit
from nbsnake.python.references import References, find_references

NO_EFFECT = ("No effect",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a project wants its notebooks read.

    ``no_effect`` are the comments that leave a cell out, ``conf`` the values for templates in
    docstrings (None where there are none), ``variables`` the names that ``:dvc-cmd:`` uses.
    """

    no_effect: tuple[str, ...] = NO_EFFECT
    conf: Mapping[str, Any] | None = None
    variables: Variables = field(default_factory=Variables)


PLAIN = Reading()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSpec:
    """What the author wrote; the fields are those of :class:`nbsnake.model.step.Step`.

    ``extras`` are the words of ``:dvc-extra:``, each with its place; ``axes`` are those of
    ``:foreach``. ``references`` are what its cells import and run; ``modules`` are the files of
    the project that these lead to, which depend on more than the notebook. ``included`` are the
    notebooks whose cells it runs with ``%run``. ``notes`` are for the author.
    """

    name: str
    program: Program
    params: tuple[ParamSpec, ...]
    artifacts: tuple[Artifact, ...]
    extras: tuple[tuple[str, Where], ...]
    command: Command | None
    where: Where
    axes: tuple[AxisSpec, ...] = ()
    needs: Needs = Needs()  # noqa: RUF009  (frozen)
    references: References = References()  # noqa: RUF009  (frozen)
    modules: tuple[str, ...] = ()
    included: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def notebook(self) -> str:
        """The notebook, relative to the project's root."""
        return self.program.notebook


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
    text = _plain_text(notebook, cells, reading, in_step=True)
    fields, _ = _read_docstring(text, reading)
    if not declares_step(fields):
        _check_no_stray_keys(cells, notebook.path)
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
        text = _plain_text(notebook, cells, reading, in_step=False)
        return _read(text, reading, in_step=False)


def with_habits(spec: StepSpec, modules: frozenset[Habit]) -> StepSpec:
    """The step whose modules meet these habits of a kernel, which its script then has."""
    program = spec.program
    cells = with_modules(
        program.cells, Backend(program.backend), frozenset(map(Habit, program.habits)), modules
    )
    habits = program.habits | modules
    return replace(spec, program=replace(program, cells=tuple(cells), habits=habits))


def _metadata_cell(cells: list[Cell], codes: Mapping[int, Code]) -> Cell | None:
    """The first cell with code; the second where one tagged ``parameters`` comes first.

    What holds comments only, or magics that became comments, does not count.
    """
    found = [
        cell
        for cell in filter(is_code, cells)
        if cell.index not in codes or codes[cell.index].tree.body
    ]
    if len(found) > 1 and PARAMETERS_TAG in found[0].tags and not may_declare(found[0], KEYS):
        return found[1]
    return found[0] if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """The kept cells as plain Python; ``codes`` are those with code, by index."""

    notebook: Notebook
    cells: list[Cell]
    codes: dict[int, Code]
    metadata: Cell | None
    faults: list[NbsnakeError]
    habits: frozenset[str]
    backend: str
    included: tuple[str, ...]
    notes: tuple[Note, ...]


def _plain_text(notebook: Notebook, cells: list[Cell], reading: Reading, *, in_step: bool) -> _Text:
    indexes = {cell.index for cell in cells}
    left_out = [cell for cell in notebook.cells if cell.index not in indexes]
    included = list[str]()
    plain, faults, habits, backend, dropped = to_python(
        cells,
        notebook.path,
        in_step=in_step,
        left_out=left_out,
        include=includer(notebook.path, reading.no_effect, included),
    )
    codes = {}
    for cell in filter(is_code, plain):
        try:
            codes[cell.index] = read_code(cell, notebook.path, notebook.version)
        except NotebookError as fault:
            if RAISES not in cell.tags:
                faults.append(fault)
    kept = [codes[cell.index].cell if cell.index in codes else _failing(cell) for cell in plain]
    return _Text(
        notebook=notebook,
        cells=kept,
        codes=codes,
        metadata=_metadata_cell(kept, codes),
        faults=faults,
        habits=habits,
        backend=backend,
        included=tuple(dict.fromkeys(included)),
        notes=tuple(cell_notes(notebook, reading.no_effect, dropped)),
    )


def _failing(cell: Cell) -> Cell:
    """A cell that is not Python, and that is to fail: all that it does is to show its error."""
    if cell.kind != "code" or RAISES not in cell.tags:
        return cell
    return replace(cell, source="".join(map(comment_out, lines(cell.source))))


def _read_docstring(text: _Text, reading: Reading) -> tuple[list[Field], str]:
    if text.metadata is None:
        return [], ""
    if text.metadata.index not in text.codes and has_metadata(text.metadata):
        raise_all(text.faults)  # metadata that cannot be read is a fault, and no absence
    return read_fields(text.metadata, text.notebook.path, KEYS, reading.conf)


def _read(text: _Text, reading: Reading, *, in_step: bool) -> StepSpec:
    path, faults = text.notebook.path, list(text.faults)
    fields, description = _read_docstring(text, reading)
    declared = _declared(text, fields, reading)
    faults += declared.param_faults
    if in_step:  # what is wrong with the rest of a step does not matter to its script alone
        faults += key_faults(fields) + _lost_fields(text) + declared.faults
    params = declared.params
    assigned = find_assignments(params, _declaring(text), path, faults)
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


def _declared(text: _Text, fields: list[Field], reading: Reading) -> Declared:
    whole = [each for each in fields if each.whole]
    code = _tagged(text)
    tagged = tagged_params(code, text.notebook.path) if code else None
    declared = Declared(
        path=text.notebook.path,
        variables=reading.variables,
        tagged=tagged.params if tagged else None,
        keys=frozenset(each.key for each in whole),
        assigned={each.name: each for own in _declaring(text) for each in assignments(own.tree)},
    )
    read_keys(whole, declared)
    notes = tagged.notes if tagged else {}
    declared.notes += [note for name, note in notes.items() if name not in declared.params]
    return declared


def _notes(text: _Text, declared: Declared, *, in_step: bool) -> Iterator[Note]:
    yield from text.notes
    yield from declared.notes
    if in_step and not declared.call:
        path = text.notebook.path
        yield from stray_paths(text.codes, declared.params, declared.artifacts, path)


def _program_cells(
    text: _Text, assigned: Mapping[int, Mapping[str, Assignment]], needs: Needs
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


def _is_metadata(cell: Cell, text: _Text) -> bool:
    return text.metadata is not None and cell.index == text.metadata.index


def _check_no_stray_keys(cells: list[Cell], path: str) -> None:
    """Metadata anywhere but at the beginning would be overlooked, and its step with it."""
    stray = next((cell for cell in cells if is_code(cell) and has_metadata(cell)), None)
    if stray is not None:
        raise NotebookError(
            "the step's metadata is not in the first code cell",
            where=Where(path, stray.index),
            hint="move the docstring to the beginning of the first code cell, before any import",
        )


def _lost_fields(text: _Text) -> list[NbsnakeError]:
    """Metadata below the docstring or in a later cell, which nothing would read."""
    lost = [
        cell
        for cell in filter(is_code, text.cells)
        if (has_second_docstring(cell) if cell is text.metadata else has_metadata(cell))
    ]
    return [
        NotebookError(
            "this step metadata is not in the docstring of the first code cell",
            where=Where(text.notebook.path, cell.index),
            hint="move these lines into the docstring at the start of the first code cell",
        )
        for cell in lost
    ]


def _tagged(text: _Text) -> Code | None:
    """The first cell tagged ``parameters``; papermill, too, knows only one."""
    return next((each for each in text.codes.values() if PARAMETERS_TAG in each.cell.tags), None)


def _declaring(text: _Text) -> list[Code]:
    """The cells that assign values to parameters."""
    tagged = _tagged(text)
    metadata = text.codes.get(text.metadata.index) if text.metadata else None
    found = [code for code in (metadata, tagged) if code is not None]
    return list({code.cell.index: code for code in found}.values())


def _name_faults(text: _Text, params: Mapping[str, ParamSpec]) -> list[NbsnakeError]:
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


def _futures(text: _Text, faults: list[NbsnakeError]) -> tuple[str, ...]:
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
