"""Binding the parameters of one use of a notebook: where each value comes from.

First wins: the path of the file that the parameter carries, an axis of that name, the use's own
values, params.yaml (the use's section, the notebook's, the top level), ``:dvc-extra:``, the
notebook's literal. An overlay comes before all of them but the first two.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from nbsnake.errors import NbsnakeError, PipelineError, Where
from nbsnake.guess import did_you_mean
from nbsnake.model.paramtype import (
    ParamType,
    Value,
    has_value_at,
    leaf_keys,
    shown,
    text_of,
    value_at,
)
from nbsnake.model.quote import fits_command
from nbsnake.model.step import Argument, Artifact, Override, Source
from nbsnake.model.variants import Axis, names_in
from nbsnake.names import PARAMS_FILE
from nbsnake.notebook.extras import Extra, parse_extra
from nbsnake.notebook.params import ParamSpec, type_of_param
from nbsnake.notebook.spec import StepSpec
from nbsnake.places import place_of
from nbsnake.settings.overlays import OverlaySet
from nbsnake.settings.uses import Use

_DOUBLED = re.compile(r"\{\{([^\W\d]\w*)\}\}")
_INSIDE = re.compile(r"\{\{(?:\s+[\w.]+\s*|\s*\w+(?:\.\w+)+\s*)\}\}")
_REFERENCE = re.compile(r"\{\{\s*([^\W\d]\w*(?:\.\w+)*)\s*\}\}")


class FoundValue(NamedTuple):
    """A value with its place, and its key if it comes from params.yaml or an overlay."""

    value: Value
    where: Where
    source: Source
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the project gives to one use of a notebook; ``params`` is what params.yaml holds.

    ``overlays`` are the sets over whose axes the use runs; ``types`` are those that the script,
    which is made for the notebook's own step, gives to its parameters.
    """

    spec: StepSpec
    name: str
    params: Mapping[str, Any]
    artifacts: tuple[Artifact, ...]
    axes: tuple[Axis, ...] = ()
    use: Use | None = None
    overlays: tuple[OverlaySet, ...] = ()
    types: Mapping[str, ParamType] = field(default_factory=dict)

    @property
    def sections(self) -> list[str]:
        """The keys of params.yaml below which the use's values may be, its own first."""
        return list(dict.fromkeys([self.name, self.spec.name]))

    def axis(self, name: str) -> Axis | None:
        """The axis of that name; None where the use has none."""
        return next((axis for axis in self.axes if axis.name == name), None)

    def carried(self, param: str) -> list[Artifact]:
        """The files that the parameter takes; none for a value."""
        return [artifact for artifact in self.artifacts if artifact.param == param]


def find_key(param: ParamSpec, given: Given, values: Mapping[str, Any]) -> str:
    """The key that leads to the parameter's value in params.yaml or an overlay; "" for none."""
    for section in given.sections:
        held = values.get(section)
        if isinstance(held, dict) and param.name in held:
            return f"{section}.{param.name}"
    shared = param.name in values and param.name not in given.sections
    takes_mapping = param.type is not None and param.type.kind == "dict"
    if shared and (takes_mapping or not isinstance(values[param.name], dict)):
        return param.name
    return ""


def bind(param: ParamSpec, given: Given, extras: Mapping[str, Extra]) -> Argument:
    """The parameter with its value. Raises :class:`PipelineError` where it has none that fits."""
    if carried := given.carried(param.name):
        return _bind_file(param, carried, given)
    if axis := given.axis(param.name):
        return _bind_axis(param, axis, given)
    overrides = tuple(find_overrides(param, given))
    found = _find_value(param, given, extras)
    if found and _is_of_the_use(found, param, given):
        # What is set for this use alone comes before what a client's file sets for the notebook.
        overrides = tuple(each for each in overrides if each.key.startswith(f"{given.name}."))
    found = found or _value_in_all_overlays(overrides, given)
    if found is None:
        return _unbound(param, given)
    kind = given.types.get(param.name) or type_of_param(param, found.value)
    _check(kind, found, param, given)
    for override in overrides:
        other = _overlay_value(override)
        _check(kind, other, param, given)
        if found.source is not Source.CONFIG:
            raise PipelineError(
                f"{other.key} is given here, but for other variants it is set in {found.where}",
                where=other.where,
                hint=f"move that value to {PARAMS_FILE}, below '{given.name}:'",
            )
    return _argument(param, kind, found, overrides)


def _is_of_the_use(found: FoundValue, param: ParamSpec, given: Given) -> bool:
    """Whether a further use of a notebook has a value of its own."""
    own = given.use is not None and param.name in given.use.values
    return given.name != given.spec.name and (own or found.key.startswith(f"{given.name}."))


def is_literal(param: ParamSpec, given: Given, extras: Mapping[str, Extra]) -> bool:
    """Whether the parameter has the value of the notebook, and none from elsewhere."""
    if not param.has_literal or given.carried(param.name) or given.axis(param.name):
        return False
    try:
        found = _find_value(param, given, extras)
    except NbsnakeError:
        return False
    inside = found is not None and found.source is Source.LITERAL and found.where == param.where
    return inside and type_of_param(param).accepts(param.literal)


def _find_value(param: ParamSpec, given: Given, extras: Mapping[str, Extra]) -> FoundValue | None:
    use = given.use
    if use and param.name in use.values:
        return _value_or_reference(use.values[param.name], given, use.place("values", param.name))
    if not given.spec.command and (key := find_key(param, given, given.params)):
        value = value_at(given.params, key)
        return FoundValue(value, place_of(PARAMS_FILE, key.split(".")), Source.CONFIG, key)
    if param.name in extras:
        words, _, where = extras[param.name]
        if len(words) == 1 and _REFERENCE.fullmatch(words[0]):
            return _value_or_reference(words[0], given, where)
        return _value_or_reference(parse_extra(param, extras[param.name]), given, where)
    if param.has_literal or (param.type and param.type.optional):
        return FoundValue(param.literal, param.where, Source.LITERAL)
    return None


def _value_or_reference(value: Value, given: Given, where: Where) -> FoundValue:
    """A value that an author wrote; ``{{ key }}`` means one of params.yaml."""
    match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return _written_value(value, given, where)
    if has_value_at(given.params, match[1]):
        place = place_of(PARAMS_FILE, match[1].split("."))
        return FoundValue(value_at(given.params, match[1]), place, Source.CONFIG, match[1])
    raise PipelineError(
        f"{PARAMS_FILE} has no {match[1]!r}",
        where=where,
        hint=did_you_mean(
            match[1],
            leaf_keys(given.params),
            f"set it there: {match[1]}: value",
            show=lambda near: f"'{{{{ {near} }}}}'",
        ),
    )


def _written_value(value: Value, given: Given, where: Where) -> FoundValue:
    """A value of a step, of which a text may name axes if the step has some.

    There ``{{x}}`` is the text ``{x}``, unless ``x`` is an axis.
    """
    if isinstance(value, str) and (inside := _INSIDE.search(value)):
        raise PipelineError(
            f"{inside[0]!r} is inside a string, and is replaced only as the whole value",
            where=where,
            hint=f"write the whole text in {PARAMS_FILE}",
        )
    axes = [axis.name for axis in given.axes]
    names = names_in(_DOUBLED.sub("", value)) if isinstance(value, str) and axes else []
    if unknown := [name for name in names if name not in axes]:
        raise PipelineError(
            f"{{{unknown[0]}}} is not an axis of {given.name!r}",
            where=where,
            hint=did_you_mean(
                unknown[0],
                axes,
                f"axes: {', '.join(axes)}; a string with braces can be in {PARAMS_FILE}",
                show=lambda near: f"'{{{near}}}'",
            ),
        )
    if not fits_command(text_of(value)):
        raise PipelineError(
            "this value is more than a command can hold",
            where=where,
            hint=f"move it to {PARAMS_FILE}, below '{given.name}:'",
        )
    if isinstance(value, str) and axes:
        value = _DOUBLED.sub(r"{\1}", value)
    return FoundValue(value, where, Source.PATTERN if names else Source.LITERAL)


def find_overrides(param: ParamSpec, given: Given) -> Iterator[Override]:
    """What the overlays give to the parameter."""
    for each in given.overlays:
        for overlay, values in each.files.items():
            if key := find_key(param, given, values):
                yield Override(overlay, key, value_at(values, key))


def _overlay_value(override: Override) -> FoundValue:
    where = place_of(override.overlay.file, override.key.split("."))
    return FoundValue(override.value, where, Source.CONFIG, override.key)


def _value_in_all_overlays(overrides: Sequence[Override], given: Given) -> FoundValue | None:
    """The first overlay's value, if each of its set has one, so that no other is needed."""
    for each in given.overlays:
        found = [override for override in overrides if override.overlay in each.files]
        if found and len(found) == len(each.files):
            return _overlay_value(found[0])
    return None


def _bind_file(param: ParamSpec, carried: list[Artifact], given: Given) -> Argument:
    for section in given.sections:
        if isinstance(held := given.params.get(section), dict) and param.name in held:
            raise PipelineError(
                f"{section}.{param.name} is given here, but the parameter takes a file path",
                where=place_of(PARAMS_FILE, (section, param.name)),
                hint=f"remove it; the path is set in the notebook: {param.where}",
            )
    if axis := given.axis(param.name):
        raise PipelineError(
            f"the parameter {param.name!r} takes a file path, and is an axis as well",
            where=carried[0].where,
            hint=f"give the axis another name, and write '{{{axis.name}}}' in the path",
        )
    many = any(artifact.fan_in for artifact in carried)
    kind = given.types.get(param.name) or param.type or ParamType("str")
    kind = replace(kind, is_list=kind.is_list or many)
    value = _paths(carried, kind)
    if given.use and not many and not fits_command(text_of(value)):
        raise PipelineError(
            f"the paths of {param.name!r} are more than a command can hold",
            where=given.use.place("values", param.name),
            hint="name a folder",
        )
    own = [artifact for artifact in given.spec.artifacts if artifact.param == param.name]
    differs = any(names_in(artifact.path) for artifact in own)
    return Argument(
        name=param.name,
        type=kind,
        help=param.help,
        source=Source.FILE,
        value=value,
        default=None if differs else _paths(own, kind),
        required=differs,
        where=param.where,
    )


def _paths(carried: list[Artifact], kind: ParamType) -> Value:
    """A folder's path ends in a slash."""
    paths: list[Value] = [
        path + "/" * artifact.is_dir for artifact in carried for path in artifact.patterns
    ]
    return paths if kind.is_list else paths[0]


def _bind_axis(param: ParamSpec, axis: Axis, given: Given) -> Argument:
    key = f"{given.name}.{param.name}"
    section = given.params.get(given.name)
    if isinstance(section, dict) and param.name in section:
        raise PipelineError(
            f"{key} is given here, but it is an axis of the step, with several values",
            where=place_of(PARAMS_FILE, key.split(".")),
            hint=f"remove it; the values are: {', '.join(axis.texts[:5])}",
        )
    kind = given.types.get(param.name) or type_of_param(param, axis.values[0])
    return Argument(
        name=param.name,
        type=kind,
        help=param.help,
        source=Source.AXIS,
        value=f"{{{axis.name}}}",
        default=param.literal,
        required=not param.has_literal and not kind.optional,
        where=param.where,
    )


def _unbound(param: ParamSpec, given: Given) -> Argument:
    if param.unfit:
        raise _unfit(param)
    if given.spec.command:
        kind = type_of_param(param)
        return _argument(param, kind, FoundValue(None, param.where, Source.LITERAL))
    raise PipelineError(
        f"the parameter {param.name!r} has no value",
        where=param.where,
        hint=f"assign it a literal in this cell, or set {given.name}.{param.name} in {PARAMS_FILE}",
    )


def _unfit(param: ParamSpec) -> PipelineError:
    return PipelineError(
        f"the parameter {param.name!r} cannot have the value of its cell: {param.unfit}",
        where=param.where,
        hint=f"use strings, numbers, lists and mappings, or remove ':param {param.name}:'",
    )


def _check(kind: ParamType, found: FoundValue, param: ParamSpec, given: Given) -> None:
    if found.source is not Source.PATTERN and not kind.accepts(found.value):
        name = found.key or f"{given.name}.{param.name}"
        raise PipelineError(
            f"the value {shown(found.value)} of {name} is not of the type {kind}",
            where=found.where,
            hint=f"{_advice(kind, found.value)}the parameter is declared in {param.where}",
        )


def _advice(kind: ParamType, value: Value) -> str:
    if kind.is_flag:
        return "write true or false; "
    if kind.kind == "dict" and isinstance(value, dict):
        return "its keys must be strings, its values JSON; "
    return f"{kind} | None allows null; " if value is None else ""


def _argument(
    param: ParamSpec,
    kind: ParamType,
    found: FoundValue,
    overrides: tuple[Override, ...] = (),
) -> Argument:
    """A parameter with a value; the script's default is never one from outside of it."""
    inside = found.source is Source.LITERAL and found.where.file == param.where.file
    default = found.value if inside else param.literal
    return Argument(
        name=param.name,
        type=kind,
        help=param.help,
        source=found.source,
        value=found.value,
        default=default,
        required=default is None and not kind.optional,
        where=param.where,
        key=found.key,
        overrides=overrides,
    )


def script_arguments(spec: StepSpec) -> tuple[Argument, ...]:
    """The parameters of a notebook's script alone; those without a value must be passed to it.

    Raises :class:`PipelineError` for a literal that is not of its parameter's type.
    """
    given = Given(spec=spec, name=spec.name, params={}, artifacts=spec.artifacts)
    return tuple(_script_argument(param, given) for param in spec.params)


def _script_argument(param: ParamSpec, given: Given) -> Argument:
    if carried := given.carried(param.name):
        return _bind_file(param, carried, given)
    if param.unfit:
        raise _unfit(param)
    kind = type_of_param(param)
    found = FoundValue(param.literal, param.where, Source.LITERAL)
    if param.has_literal:
        _check(kind, found, param, given)
    return _argument(param, kind, found)
