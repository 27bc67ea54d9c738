"""Axes as an author writes them: ``:foreach NAME: VALUES`` or, in nbsnake.yaml, ``foreach:``.

Several values stand for themselves; one word is the key of a list in params.yaml.
"""

import difflib
import keyword
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nbsnake.errors import NbsnakeError, PipelineError, Where
from nbsnake.fields import Field
from nbsnake.model import PARAMS_FILE
from nbsnake.paramspec import ParamSpec
from nbsnake.paramtype import TEXTS, ParamType, has_value_at, leaf_keys, type_of, value_at
from nbsnake.places import place_of
from nbsnake.variants import Axis, Scalar, is_safe

# What Snakemake's wildcards, which are a list, call their own attributes.
RESERVED_NAMES = frozenset(dir(list)) | frozenset(dir(dict)) | {"wildcards"}


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
        fault = _name_fault(field.argument, [axis.name for axis in axes])
        if not fault and not words:
            fault = "it has no values"
        if fault:
            faults.append(
                PipelineError(
                    f"':foreach {field.argument}:' cannot be read: {fault}",
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


def axes_of_mapping(given: Any, where: Where, faults: list[NbsnakeError]) -> list[AxisSpec]:
    """The axes of a ``foreach:`` in nbsnake.yaml: names with lists of values, or with keys."""
    axes: list[AxisSpec] = []
    items: Iterable[tuple[Any, Any]] = given.items() if isinstance(given, dict) else [("", None)]
    for name, told in items:
        fault = _name_fault(str(name), [axis.name for axis in axes])
        if not fault and not (told and isinstance(told, list | str)):
            fault = "it has no list of values"
        if fault:
            faults.append(
                PipelineError(
                    f"'foreach' cannot be read: {fault}",
                    where=where,
                    hint="write 'foreach: {part: [train, test]}', or the key of a list in "
                    f"{PARAMS_FILE}: 'foreach: {{rate: sweep.rates}}'",
                )
            )
        elif isinstance(told, str):
            axes.append(AxisSpec(name=name, where=where, key=told))
        else:
            axes.append(AxisSpec(name=name, where=where, values=tuple(told)))
    return axes


def _name_fault(name: str, taken: Iterable[str]) -> str:
    if not name.isidentifier() or keyword.iskeyword(name):
        return f"{name!r} is no name"
    if name in RESERVED_NAMES or name.startswith("_"):
        return f"Snakemake needs the name {name!r} itself"
    return f"{name!r} is declared twice" if name in taken else ""


def resolve(spec: AxisSpec, param: ParamSpec | None, params: Mapping[str, Any]) -> Axis:
    """The axis with its values, of the type of the parameter of that name, if there is one.

    ``params`` is what params.yaml holds. Raises :class:`PipelineError` for values that no path
    can hold, that are not of the type, or that are not there.
    """
    found, where = (
        (_look_up(spec, params), place_of(PARAMS_FILE, spec.key.split(".")))
        if spec.key
        else (spec.values, spec.where)
    )
    kind = _kind(param)
    values: list[Scalar] = []
    for value in found:
        typed = _typed(value, kind)
        if not is_safe(typed):
            raise PipelineError(
                f"the value {value!r} of {spec.name!r} cannot be part of a path",
                where=where,
                hint="use letters, digits, and _ . + - behind the first character",
            )
        if kind and not kind.accepts(typed):
            raise PipelineError(
                f"the value {value!r} of {spec.name!r} is not of the type {kind}",
                where=where,
                hint=f"the parameter is declared in {param.where if param else ''}",
            )
        values.append(typed)
    return Axis(name=spec.name, values=tuple(values), key=spec.key)


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
    keys = [key for key in leaf_keys(params) if has_value_at(params, key)]
    lists = [key for key in keys if isinstance(value_at(params, key), list)]
    near = difflib.get_close_matches(spec.key, lists, n=1)
    raise PipelineError(
        f"{spec.key!r} is no list in {PARAMS_FILE}, and one value alone makes no variants"
        if found != []
        else f"the list {spec.key!r} in {PARAMS_FILE} is empty",
        where=spec.where,
        hint=f"did you mean {near[0]!r}?" if near else "write several values, or a list's key",
    )
