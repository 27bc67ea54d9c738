"""Variables that carry the files of a step: ``:dvc-in raw:`` declares one that its cell assigns.

Its path may stand once: in the docstring, relative to the project's root, or in the assignment,
relative to the notebook as Jupyter uses it.
"""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from nbsnake.model.paramtype import ParamType
from nbsnake.notebook.code import Assignment
from nbsnake.notebook.fields import Field
from nbsnake.notebook.params import OWN_NAMES, OWN_OPTIONS, ParamSpec

_LIST = ParamType("str", is_list=True)


def implied_params(
    fields: Iterable[Field], params: Mapping[str, ParamSpec], assigned: Mapping[str, Assignment]
) -> dict[str, ParamSpec]:
    """The parameters that only the lines of files declare, because their cell assigns them."""
    lines = list(fields)
    names = [_name(line, assigned) for line in lines]
    return {
        name: ParamSpec(
            name=name,
            type=_LIST if names.count(name) > 1 or _paths(assigned[name], listed=True) else None,
            help="",
            where=line.where,
        )
        for name, line in zip(names, lines, strict=True)
        if name in assigned and name not in params and name not in OWN_NAMES | OWN_OPTIONS
    }


def with_paths(
    fields: Iterable[Field],
    params: Mapping[str, ParamSpec],
    assigned: Mapping[str, Assignment],
    notebook: str,
) -> Iterator[Field]:
    """The lines, each with its path; a line without one takes those that its variable is given."""
    for field in fields:
        name = _name(field, assigned)
        if field.text or name not in params or name not in assigned:
            yield field
            continue
        found = _paths(assigned[name])
        yield from (replace(field, text=_from_root(path, notebook)) for path in found)
        if not found:
            yield field


def _name(field: Field, assigned: Mapping[str, Assignment]) -> str:
    """The variable that a line names; a dash may replace an underscore."""
    plain = field.argument.replace("-", "_")
    return plain if field.argument not in assigned and plain in assigned else field.argument


def _paths(assignment: Assignment, *, listed: bool = False) -> list[str]:
    """The strings of a literal; with ``listed`` only those of a list."""
    value = assignment.literal.value if assignment.literal else None
    found = value if isinstance(value, list) else [] if listed else [value]
    return [each for each in found if isinstance(each, str)]


def _from_root(path: str, notebook: str) -> str:
    """A path as the notebook has it, from the project's root; a folder keeps its slash."""
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(notebook), path))
    return joined + "/" * path.endswith("/")
