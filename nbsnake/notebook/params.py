"""The parameters that a notebook declares: by ``:param``, by a cell tagged ``parameters``, or both.

The tag and what it means are papermill's: every literal that the cell assigns is a parameter, an
annotation gives its type, the comment behind it its help.
"""

import keyword
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from nbsnake.errors import NbsnakeError, NotebookError, Where
from nbsnake.model.paramtype import SPELLINGS, ParamType, Value, parse_type, type_of
from nbsnake.notebook.code import ARGUMENTS, Assignment, Code, assignments, other_bindings
from nbsnake.notebook.fields import Field

PARAMETERS_TAG = "parameters"
# What a script calls its own functions and options.
OWN_NAMES = frozenset({ARGUMENTS, "_parse_args", "_set_up"})
OWN_OPTIONS = frozenset({"help", "values_from"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ParamSpec:
    """A declared parameter; ``literal`` is what its cell assigns, if ``has_literal``."""

    name: str
    type: ParamType | None
    help: str
    where: Where
    has_literal: bool = False
    literal: Value = None


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


def tagged_params(code: Code, path: str) -> dict[str, ParamSpec]:
    """The parameters of a cell tagged ``parameters``.

    What is not a literal, or of a type that no parameter can have, is ordinary code.
    """
    params: dict[str, ParamSpec] = {}
    for assignment in assignments(code.tree, code.cell.source):
        try:
            _check_name(assignment.name, params)
            kind = parse_type(assignment.annotation) if assignment.annotation else None
        except ValueError:
            continue
        inferred = kind or type_of(assignment.literal)
        if assignment.is_literal and inferred.accepts(assignment.literal):
            params[assignment.name] = ParamSpec(
                name=assignment.name,
                type=kind,
                help=assignment.comment,
                where=Where(path, code.cell.index, assignment.value.lineno),
            )
    return params


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
        if assignment.name in unassigned and assignment.is_literal
    ]


def with_literal(param: ParamSpec, assignment: Assignment | None) -> ParamSpec:
    """The parameter with the literal that a cell assigns to it, if it does."""
    if assignment is None or not assignment.is_literal:
        return param
    return replace(param, has_literal=True, literal=assignment.literal)


def type_of_param(param: ParamSpec, value: Value = "") -> ParamType:
    """The declared type, or that of the literal, or that of another value."""
    return param.type or type_of(param.literal if param.has_literal else value)
