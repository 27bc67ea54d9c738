"""Axes as an author writes them: ``:foreach NAME: VALUES`` or, in nbsnake.yaml, ``foreach:``.

Several values are literal; one word is the key of a list in params.yaml.
"""

import keyword
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nbsnake.errors import NbsnakeError, PipelineError, Where, raise_all
from nbsnake.guess import did_you_mean
from nbsnake.model.paramtype import TEXTS, ParamType, has_value_at, leaf_keys, type_of, value_at
from nbsnake.model.variants import UNSAFE, Axis, Scalar, is_safe, scalar_text
from nbsnake.names import PARAMS_FILE
from nbsnake.notebook.fields import Field
from nbsnake.notebook.params import ParamSpec
from nbsnake.places import place_of

# What Snakemake's wildcards, which are a list, call their own attributes.
RESERVED_NAMES = frozenset(dir(list)) | frozenset(dir(dict)) | {"wildcards"}
_IN_SETTINGS = (
    "write 'foreach: {part: [train, test]}', or the key of a list in "
    f"{PARAMS_FILE}: 'foreach: {{rate: sweep.rates}}'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisSpec:
    """An axis before params.yaml is read: it has ``values``, or a ``key`` that leads to them."""

    name: str
    where: Where
    values: tuple[Scalar, ...] = ()
    key: str = ""


def read_foreach(fields: Iterable[Field], faults: list[NbsnakeError]) -> list[AxisSpec]:
    """The axes that a docstring declares."""
    axes: list[AxisSpec] = []
    for field in fields:
        words = tuple(field.text.split())
        fault = name_fault(field.argument, [axis.name for axis in axes])
        if not fault and not words:
            fault = "it has no values"
        if fault:
            faults.append(
                PipelineError(
                    f"{_shown(field)} cannot be read: {fault}",
                    where=field.where,
                    hint="write ':foreach part: train test', or ':foreach rate: sweep.rates' "
                    f"for a list in {PARAMS_FILE}",
                )
            )
        elif len(words) == 1:
            axes.append(AxisSpec(name=field.argument, where=field.where, key=words[0]))
        else:
            axes.append(AxisSpec(name=field.argument, where=field.where, values=words))
    return axes


def _shown(field: Field) -> str:
    return f"':foreach {field.argument}:'" if field.argument else "':foreach:'"


def axes_of_mapping(
    given: Any, place: Callable[..., Where], faults: list[NbsnakeError]
) -> list[AxisSpec]:
    """The axes of a ``foreach:`` in nbsnake.yaml: names with lists of values, or with keys.

    ``place`` gives the line of an entry.
    """
    axes: list[AxisSpec] = []
    if not isinstance(given, dict):
        faults.append(PipelineError("'foreach' is not a mapping", where=place(), hint=_IN_SETTINGS))
        return axes
    for name, values in given.items():
        where = place(str(name))
        fault = name_fault(str(name), [axis.name for axis in axes])
        if not fault and not (values and isinstance(values, list | str)):
            fault = f"{name!r} has no list of values"
        if fault:
            message = f"'foreach' cannot be read: {fault}"
            faults.append(PipelineError(message, where=where, hint=_IN_SETTINGS))
        elif isinstance(values, str):
            axes.append(AxisSpec(name=name, where=where, key=values))
        else:
            axes.append(AxisSpec(name=name, where=where, values=tuple(values)))
    return axes


def name_fault(name: str, taken: Iterable[str] = ()) -> str:
    """Why an axis cannot have this name, "" where it can."""
    if not name:
        return "it has no name"
    if not name.isidentifier() or keyword.iskeyword(name):
        return f"{name!r} is not a valid name"
    if name in RESERVED_NAMES or name.startswith("_"):
        return f"Snakemake needs the name {name!r} itself"
    return f"{name!r} is declared twice" if name in taken else ""


def resolve(spec: AxisSpec, param: ParamSpec | None, params: Mapping[str, Any]) -> Axis:
    """The axis with its values, of the type of the parameter of that name, if there is one.

    ``params`` is what params.yaml holds. Raises :class:`PipelineError`, several together, for
    values that no path can hold, that are not of the type, or that are not there.
    """
    kind = _kind(param)
    found = _look_up(spec, params) if spec.key else spec.values
    values = [_typed(value, kind) for value in found]
    faults: list[NbsnakeError] = []
    for index, value in enumerate(values):
        if refusal := _value_fault(value, values[:index], spec, kind, param):
            where = _place(spec, index)
            faults.append(PipelineError(refusal[0], where=where, hint=refusal[1]))
    raise_all(faults)
    return Axis(name=spec.name, values=tuple(values), key=spec.key)


def _place(spec: AxisSpec, index: int) -> Where:
    return place_of(PARAMS_FILE, (*spec.key.split("."), index)) if spec.key else spec.where


def _value_fault(
    value: Any, before: list[Any], spec: AxisSpec, kind: ParamType | None, param: ParamSpec | None
) -> tuple[str, str] | None:
    """What is wrong with one of the values, and what to do."""
    subject = f"the value {value!r} of {spec.name!r}"
    if spec.key and isinstance(value, bool):  # DVC writes these with a capital in names
        return f"{subject} is true or false", f"write ':foreach {spec.name}: true false' instead"
    if not is_safe(value):
        if isinstance(value, str) and set(value) & set("[],"):
            return (
                f"{subject} cannot be part of a path",
                "separate values by spaces, without brackets",
            )
        return f"{subject} cannot be part of a path", UNSAFE
    if kind and param and not kind.accepts(value):
        return f"{subject} is not of the type {kind}", f"the parameter is declared in {param.where}"
    if scalar_text(value) in map(scalar_text, before):
        return f"{subject} appears twice", "give each value once"
    return None


def _kind(param: ParamSpec | None) -> ParamType | None:
    if param is None:
        return None
    return param.type or (type_of(param.literal) if param.has_literal else None)


def _typed(value: Any, kind: ParamType | None) -> Any:
    """A word of a docstring as a value of the parameter's type, if it is one."""
    if not isinstance(value, str) or kind is None or kind.is_list or kind.kind in TEXTS:
        return value
    try:
        return kind.parse([value])
    except ValueError:
        return value


def _look_up(spec: AxisSpec, params: Mapping[str, Any]) -> list[Any]:
    found = value_at(params, spec.key) if has_value_at(params, spec.key) else None
    if isinstance(found, list) and found:
        return found
    if found == []:
        raise PipelineError(
            f"the list {spec.key!r} is empty; it gives the values of {spec.name!r} runs",
            where=place_of(PARAMS_FILE, spec.key.split(".")),
            hint="write at least one value",
        )
    keys = [key for key in leaf_keys(params) if has_value_at(params, key)]
    lists = [key for key in keys if isinstance(value_at(params, key), list)]
    raise PipelineError(
        f"{spec.key!r} is not a list in {PARAMS_FILE}, and a single value makes no variants",
        where=spec.where,
        hint=did_you_mean(spec.key, lists, "write several values, or the key of a list"),
    )
