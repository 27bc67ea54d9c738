"""The parameters that a notebook declares: by ``:param``, by a cell tagged ``parameters``, or both.

The tag and what it means are papermill's: every literal that the cell assigns is a parameter, an
annotation gives its type, the comment behind it its help.
"""

import ast
import keyword
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from nbsnake.errors import NbsnakeError, NotebookError, Where
from nbsnake.model.literals import Literal, fitted
from nbsnake.model.notes import About, Note
from nbsnake.model.paramtype import SPELLINGS, ParamType, Value, parse_type, shown, type_of
from nbsnake.notebook.code import (
    ARGUMENTS,
    Assignment,
    Code,
    assignments,
    bound_names,
    is_literal,
    other_bindings,
)
from nbsnake.notebook.fields import Field

PARAMETERS_TAG = "parameters"
# What a script calls its own functions and options.
OWN_NAMES = frozenset({ARGUMENTS, "_parse_args", "_set_up"})
OWN_OPTIONS = frozenset({"help", "values_from"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ParamSpec:
    """A declared parameter; ``literal`` is what its cell assigns, if ``has_literal``.

    ``unfit`` says why it is none that a parameter can have.
    """

    name: str
    type: ParamType | None
    help: str
    where: Where
    has_literal: bool = False
    literal: Value = None
    unfit: str = ""


def declared_params(fields: Iterable[Field], faults: list[NbsnakeError]) -> dict[str, ParamSpec]:
    """The parameters that the docstring declares."""
    params: dict[str, ParamSpec] = {}
    for field in fields:
        type_text, _, name = field.argument.rpartition(" ")
        hint = f"write ':param TYPE name: text'; types: {SPELLINGS}"
        try:
            param_type = parse_type(type_text.strip()) if type_text else None
            hint = "choose another name with letters, digits and _"
            _check_name(name, params)
        except ValueError as error:
            message = f"in ':param {field.argument}:': {error}"
            faults.append(NotebookError(message, where=field.where, hint=hint))
        else:
            params[name] = ParamSpec(name=name, type=param_type, help=field.text, where=field.where)
    return params


def _check_name(name: str, taken: Collection[str]) -> None:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise ValueError(f"{name!r} is not a valid Python name")
    if name in OWN_NAMES | OWN_OPTIONS:
        raise ValueError(f"the script needs the name {name!r} itself")
    if name in taken:
        raise ValueError(f"{name!r} is declared twice")


class Tagged(NamedTuple):
    """The parameters of a cell tagged ``parameters``, and its literals that are none, by name."""

    params: dict[str, ParamSpec]
    notes: dict[str, Note]


def tagged_params(code: Code, path: str) -> Tagged:
    """The parameters of a cell tagged ``parameters``.

    What is not a literal is ordinary code.
    """
    params: dict[str, ParamSpec] = {}
    notes = dict(_notes_on_several(code, path))
    for assignment in assignments(code.tree, code.cell.source):
        where = Where(path, code.cell.index, assignment.value.lineno)
        if assignment.literal is None:
            continue
        try:
            _check_name(assignment.name, params)
            kind = _tagged_type(assignment.annotation, assignment.literal)
        except ValueError as reason:
            if assignment.name not in params:
                notes[assignment.name] = _no_param(assignment.name, str(reason), where)
            continue
        params[assignment.name] = ParamSpec(
            name=assignment.name, type=kind, help=assignment.comment, where=where
        )
    return Tagged(params, notes)


def _tagged_type(annotation: str, literal: Literal) -> ParamType | None:
    """The annotated type, None where there is none.

    Raises :class:`ValueError` where no parameter of this type can have the literal.
    """
    if literal.unfit:
        raise ValueError(literal.unfit)
    if annotation.rpartition(".")[2] in ("", "Any", "object", "Final"):
        return None
    try:
        kind = parse_type(annotation)
    except ValueError:
        raise ValueError(f"no parameter can have the type {annotation!r}") from None
    if kind.kind == "Path" and not isinstance(literal.value, list):
        kind = replace(kind, kind="str")  # what the notebook has is a string
    if fitted(kind, literal) is None:
        raise ValueError(f"{shown(literal.value)} is not of its type {annotation!r}")
    return kind


def _no_param(name: str, reason: str, where: Where) -> Note:
    text = f"{name!r} is no parameter: {reason}"
    return Note(About.NO_PARAM, where, text, name=name)


def _notes_on_several(code: Code, path: str) -> Iterator[tuple[str, Note]]:
    """``a, b = 1, 2`` and ``a = b = 1``, whose values no option replaces."""
    for node in code.tree.body:
        if not isinstance(node, ast.Assign) or not is_literal(node.value):
            continue
        if len(node.targets) > 1 or isinstance(node.targets[0], ast.Tuple | ast.List):
            where = Where(path, code.cell.index, node.lineno)
            for name in dict.fromkeys(bound_names(node)):
                yield name, _no_param(name, "it is assigned together with others", where)


def agreed(
    declared: Mapping[str, ParamSpec], tagged: Mapping[str, ParamSpec], faults: list[NbsnakeError]
) -> dict[str, ParamSpec]:
    """What docstring and tagged cell say together; where they differ, that is a fault."""
    params = dict(declared)
    for name, param in tagged.items():
        first = declared.get(name)
        if first and first.type and param.type and first.type != param.type:
            faults.append(
                NotebookError(
                    f"the parameter {name!r} is {param.type} here, but {first.type} in ':param'",
                    where=param.where,
                    hint="declare the type once, or the same type twice",
                )
            )
        kept = replace(first, type=first.type or param.type) if first else param
        params[name] = replace(kept, help=kept.help or param.help)
    return params


def find_assignments(
    params: Mapping[str, ParamSpec], codes: Iterable[Code], path: str, faults: list[NbsnakeError]
) -> dict[int, dict[str, Assignment]]:
    """What the cells that declare parameters assign to them, by the cell's index."""
    seen: set[str] = set()
    found: dict[int, dict[str, Assignment]] = {}
    for code in codes:
        faults += _irreplaceable(params, code, path)
        ours = found[code.cell.index] = {}
        for assignment in assignments(code.tree):
            if assignment.name not in params:
                continue
            if assignment.name in seen:
                faults.append(
                    NotebookError(
                        f"the parameter {assignment.name!r} is assigned twice",
                        where=Where(path, code.cell.index, assignment.value.lineno),
                        hint="assign it once; compute other values under other names",
                    )
                )
            else:
                ours[assignment.name] = assignment
            seen.add(assignment.name)
    return found


def _irreplaceable(params: Collection[str], code: Code, path: str) -> list[NbsnakeError]:
    return [
        NotebookError(
            f"the parameter {name!r} is assigned in a way that nbsnake cannot replace",
            where=Where(path, code.cell.index, line),
            hint=f"assign it in a line of its own: {name} = ...",
        )
        for name, line in other_bindings(code.tree)
        if name in params
    ]


def overruled(unassigned: Collection[str], codes: Iterable[Code], path: str) -> list[NbsnakeError]:
    """Parameters whose value a later cell would overwrite with a literal, and so make useless."""
    return [
        NotebookError(
            f"this cell assigns the parameter {assignment.name!r}, which overrides its value",
            where=Where(path, code.cell.index, assignment.value.lineno),
            hint="move the line to the cell with the docstring, or tag this cell 'parameters', "
            "or mark it '# No effect'",
        )
        for code in codes
        for assignment in assignments(code.tree)
        if assignment.name in unassigned and assignment.literal is not None
    ]


def with_literal(param: ParamSpec, assignment: Assignment | None) -> ParamSpec:
    """The parameter with the literal that a cell assigns to it, if it does.

    Its type is then one that keeps this value as it is.
    """
    if assignment is None or assignment.literal is None:
        return param
    if assignment.literal.unfit:
        return replace(param, unfit=assignment.literal.unfit)
    value = assignment.literal.value
    kind = fitted(param.type, assignment.literal) or param.type
    if kind and kind == type_of(value) and param.type is None:
        kind = None  # which the value tells
    return replace(param, type=kind, has_literal=True, literal=value)


def type_of_param(param: ParamSpec, value: Value = "") -> ParamType:
    """The declared type, or that of the literal, or that of another value."""
    return param.type or type_of(param.literal if param.has_literal else value)
