"""Reading a step's metadata as its author wrote it.

The first code cell of a step begins with a docstring of reST fields, as MLV-tools had them::

    :param float rate: learning rate
    :dvc-in features: data/features.npz
    :dvc-out model: models/model.pkl
"""

import ast
import difflib
import inspect
import keyword
import posixpath
import re
import shlex
from collections.abc import Collection
from dataclasses import dataclass, replace

from nbsnake.errors import NbsnakeError, NotebookError, Where, raise_all
from nbsnake.model import Artifact, Cell, Notebook, Role
from nbsnake.paramtype import KINDS, ParamType, Value, parse_type
from nbsnake.pycode import (
    ARGUMENTS,
    Assignment,
    assignments,
    check_code,
    docstring,
    has_no_effect,
    ipython_faults,
    other_bindings,
    with_arguments,
)

NO_EFFECT = ("No effect",)
ROLES = {
    "dvc-in": Role.DEP,
    "dvc-out": Role.OUT,
    "dvc-out-persist": Role.PERSIST,
    "dvc-metric": Role.METRIC,
    "dvc-plot": Role.PLOT,
}
KEYS = ("param", "dvc-extra", *ROLES)
LATER_KEYS = (
    *("dvc-cmd", "dvc-meta-file"),
    *("threads", "resources", "conda", "container", "step", "foreach"),
)
RESERVED_PATHS = re.compile(
    r"(\.git|\.dvc|\.nbsnake|\.snakemake|workflow)(/|$)"
    r"|(dvc\.yaml|dvc\.lock|params\.yaml|nbsnake\.yaml|.*\.ipynb)$"
)
_FIELD = re.compile(r"\s*:([A-Za-z][\w-]*)\b[ \t]*([^:]*?)[ \t]*:(?:[ \t]+(.*)|[ \t]*)$")


@dataclass(frozen=True, slots=True)
class Field:
    """One ``:key argument: text`` of the docstring; ``text`` runs over continuation lines."""

    key: str
    argument: str
    text: str
    where: Where


@dataclass(frozen=True, slots=True, kw_only=True)
class ParamSpec:
    """A declared parameter; ``literal`` is what the metadata cell assigns, if ``has_literal``."""

    name: str
    type: ParamType | None
    help: str
    where: Where
    has_literal: bool = False
    literal: Value = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSpec:
    """What the author wrote; the fields are those of :class:`nbsnake.model.Step`.

    ``extras`` are the words of ``:dvc-extra:``, each with its place.
    """

    notebook: str
    description: str
    params: tuple[ParamSpec, ...]
    artifacts: tuple[Artifact, ...]
    extras: tuple[tuple[str, Where], ...]
    cells: tuple[Cell, ...]
    metadata: int
    unassigned: tuple[str, ...]
    where: Where


def read_spec(notebook: Notebook, no_effect: tuple[str, ...] = NO_EFFECT) -> StepSpec | None:
    """The step that a notebook declares, or None for a notebook that declares none.

    Raises :class:`NotebookError`, several together, for what is wrong in its cells.
    """
    kept = tuple(cell for cell in notebook.cells if not has_no_effect(cell, no_effect))
    code = [cell for cell in kept if cell.kind == "code" and cell.source.strip()]
    fields, description = _read_docstring(code[0], notebook.path) if code else ([], "")
    if not any(field.key in KEYS + LATER_KEYS for field in fields):
        _check_no_stray_keys(code, notebook.path)
        return None
    _check_language(notebook)
    faults = _key_faults(fields)
    trees = _parse_cells(code, notebook.path, faults)
    faults += ipython_faults(trees, notebook.path)
    params = _read_params([field for field in fields if field.key == "param"], faults)
    artifacts = _read_artifacts(
        [field for field in fields if field.key in ROLES], {param.name for param in params}, faults
    )
    extras = _read_extras([field for field in fields if field.key == "dvc-extra"], faults)
    raise_all(faults)
    assigned = _find_assignments(params, trees[code[0].index], notebook.path, code[0].index)
    return StepSpec(
        notebook=notebook.path,
        description=description,
        params=tuple(_with_literal(param, assigned.get(param.name)) for param in params),
        artifacts=tuple(artifacts),
        extras=tuple(extras),
        cells=tuple(with_arguments(cell, assigned) if cell is code[0] else cell for cell in kept),
        metadata=code[0].index,
        unassigned=tuple(param.name for param in params if param.name not in assigned),
        where=Where(notebook.path, code[0].index),
    )


def _check_language(notebook: Notebook) -> None:
    if notebook.language not in ("python", "ipython"):
        raise NotebookError(
            f"is written in {notebook.language}, not in Python"
            if notebook.language
            else "does not say the language of its kernel",
            where=Where(notebook.path),
            hint="open it in Jupyter, choose a Python kernel, and save it",
        )


def _parse_cells(cells: list[Cell], path: str, faults: list[NbsnakeError]) -> dict[int, ast.Module]:
    trees = {}
    for cell in cells:
        try:
            trees[cell.index] = check_code(cell, path)
        except NotebookError as fault:
            faults.append(fault)
    return trees


def _read_docstring(cell: Cell, path: str) -> tuple[list[Field], str]:
    """The fields, and the text before the first of them."""
    found = docstring(cell)
    if found is None:
        if _has_keys(cell):
            check_code(cell, path)  # metadata that cannot be read is a fault, and no absence
        return [], ""
    fields: list[Field] = []
    description: list[str] = []
    for number, line in enumerate(found.text.splitlines(), start=found.line):
        if match := _FIELD.match(line):
            where = Where(path, cell.index, number)
            fields.append(Field(match[1], match[2], (match[3] or "").strip(), where))
        elif fields and line.strip():
            fields[-1] = replace(fields[-1], text=f"{fields[-1].text}\n{line.strip()}".strip())
        elif not fields:
            description.append(line)
    return fields, inspect.cleandoc("\n".join(description))


def _has_keys(cell: Cell) -> bool:
    matches = map(_FIELD.match, cell.source.splitlines())
    return any(match and match[1].startswith("dvc-") for match in matches)


def _check_no_stray_keys(code: list[Cell], path: str) -> None:
    """Metadata anywhere but at the beginning would be overlooked, and its step with it."""
    stray = next((cell for cell in code if _has_keys(cell)), None)
    if stray is not None:
        raise NotebookError(
            "the step's metadata is not where it is read",
            where=Where(path, stray.index),
            hint="move the docstring to the beginning of the first code cell, before any import",
        )


def _key_faults(fields: list[Field]) -> list[NbsnakeError]:
    """Keys that are not ours pass, as reST has many, unless they look like a slip."""
    faults: list[NbsnakeError] = []
    for field in fields:
        if field.key in KEYS:
            continue
        if field.key in LATER_KEYS:
            faults.append(NotebookError(f":{field.key}: is not supported yet", where=field.where))
            continue
        near = difflib.get_close_matches(field.key, KEYS, n=1, cutoff=0.8)
        if near or field.key.startswith("dvc-"):
            faults.append(
                NotebookError(
                    f"unknown key :{field.key}:",
                    where=field.where,
                    hint=f"did you mean :{near[0]}:?" if near else f"known: {', '.join(KEYS)}",
                )
            )
    return faults


def _read_params(fields: list[Field], faults: list[NbsnakeError]) -> list[ParamSpec]:
    params: dict[str, ParamSpec] = {}
    for field in fields:
        type_text, _, name = field.argument.rpartition(" ")
        try:
            _check_name(name, params)
            param_type = parse_type(type_text.strip()) if type_text else None
        except ValueError as error:
            faults.append(
                NotebookError(
                    f"in ':param {field.argument}:': {error}",
                    where=field.where,
                    hint=f"write ':param TYPE name: text'; types: {', '.join(KINDS)}, list[TYPE]",
                )
            )
        else:
            params[name] = ParamSpec(name=name, type=param_type, help=field.text, where=field.where)
    return list(params.values())


def _check_name(name: str, taken: Collection[str]) -> None:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise ValueError(f"{name!r} is no name that Python can assign to")
    if name in (ARGUMENTS, "_parse_args", "help"):
        raise ValueError(f"the script needs the name {name!r} itself")
    if name in taken:
        raise ValueError(f"{name!r} is declared twice")


def _read_artifacts(
    fields: list[Field], params: Collection[str], faults: list[NbsnakeError]
) -> list[Artifact]:
    artifacts: list[Artifact] = []
    carried: set[str] = set()
    for field in fields:
        fault = _artifact_fault(field, params, carried)
        if fault is None and _is_repeated(field, artifacts):
            continue
        if fault is None:
            carried.add(field.argument)
            artifacts.append(
                Artifact(
                    path=posixpath.normpath(field.text),
                    role=ROLES[field.key],
                    where=field.where,
                    param=field.argument or None,
                    is_dir=field.text.endswith("/"),
                )
            )
        else:
            faults.append(fault)
    return artifacts


def _is_repeated(field: Field, artifacts: list[Artifact]) -> bool:
    """Whether a dependency that no parameter carries is there already."""
    if field.argument or ROLES[field.key] is not Role.DEP:
        return False
    path = posixpath.normpath(field.text)
    return any(each.path == path and not each.is_output for each in artifacts)


def _artifact_fault(
    field: Field, params: Collection[str], carried: Collection[str]
) -> NotebookError | None:
    name, path = field.argument, field.text
    if name and name not in params:
        near = difflib.get_close_matches(name, params, n=1)
        hint = f"declare it with ':param {name}: what it is'"
        return NotebookError(
            f"':{field.key} {name}:' names a parameter that is not declared",
            where=field.where,
            hint=f"did you mean {near[0]!r}? Otherwise {hint}" if near else hint,
        )
    if name and name in carried:
        return NotebookError(f"{name!r} already carries another file", where=field.where)
    if not path or not path.isprintable():
        return NotebookError(f"':{field.key}:' needs the path of one file", where=field.where)
    normal = posixpath.normpath(path)
    if ROLES[field.key] is not Role.DEP and RESERVED_PATHS.match(normal):
        return NotebookError(
            f"the path {path!r} belongs to git, DVC or nbsnake",
            where=field.where,
            hint="write outputs elsewhere, such as data/ or results/",
        )
    if normal == "." or normal.startswith(("/", "../")) or normal == "..":
        return NotebookError(
            f"the path {path!r} names no file inside the project",
            where=field.where,
            hint="write it relative to the project's root, such as data/features.csv",
        )
    if set(path) & set("{}*?"):
        return NotebookError(
            f"the path {path!r} holds one of {{}}*?, which stand for patterns", where=field.where
        )
    return None


def _read_extras(fields: list[Field], faults: list[NbsnakeError]) -> list[tuple[str, Where]]:
    extras = []
    for field in fields:
        try:
            if re.search(r"[$`]", field.text):
                raise ValueError("'$' and '`' would be for a shell to expand")
            extras += [(word, field.where) for word in shlex.split(field.text)]
        except ValueError as error:
            faults.append(
                NotebookError(f"':dvc-extra:' cannot be read: {error}", where=field.where)
            )
    return extras


def _find_assignments(
    params: list[ParamSpec], tree: ast.Module, path: str, cell: int
) -> dict[str, Assignment]:
    """What the metadata cell assigns to each parameter.

    Raises :class:`NotebookError` for a parameter that is assigned more than once.
    """
    names = {param.name for param in params}
    for name, line in other_bindings(tree):
        if name in names:
            raise NotebookError(
                f"the parameter {name!r} is bound in a way that nbsnake cannot replace",
                where=Where(path, cell, line),
                hint=f"assign it in a line of its own: {name} = ...",
            )
    found: dict[str, Assignment] = {}
    for assignment in assignments(tree):
        if assignment.name in names:
            if assignment.name in found:
                raise NotebookError(
                    f"the parameter {assignment.name!r} is assigned twice",
                    where=Where(path, cell, assignment.value.lineno),
                    hint="assign it once; compute other values under other names",
                )
            found[assignment.name] = assignment
    return found


def _with_literal(param: ParamSpec, assignment: Assignment | None) -> ParamSpec:
    if assignment is None or not assignment.is_literal:
        return param
    return replace(param, has_literal=True, literal=assignment.literal)
