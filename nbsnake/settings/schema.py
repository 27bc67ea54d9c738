"""A JSON schema of params.yaml, for Snakemake's ``validate`` and for editors, and a check by it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeGuard

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from nbsnake.errors import NbsnakeError, PipelineError, StaleError, Where
from nbsnake.guess import did_you_mean
from nbsnake.job.regular import read_regular
from nbsnake.job.shape import from_json
from nbsnake.model.paramtype import Kind, ParamType, shown
from nbsnake.model.pipeline import Pipeline
from nbsnake.model.step import Argument, Source, Step
from nbsnake.names import GENERATED
from nbsnake.places import place_of

Schema = dict[str, Any]
SCHEMA_FILE = "workflow/schemas/params.schema.json"
Keys = tuple[str | int, ...]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TYPES: dict[Kind, str] = {
    "str": "string",
    "int": "integer",  # for JSON 1.0 is one too
    "float": "number",
    "bool": "boolean",
    "Path": "string",
    "dict": "object",
    "number": "number",
}

_WORDS = {"$schema", "$comment", "title", "description", "type", "enum", "items"} | {
    *("properties", "additionalProperties", "propertyNames")
}
_JSON: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}


def params_schema(
    sections: Mapping[str, Sequence[Argument]], shared: Sequence[Argument] = ()
) -> Schema:
    """What params.yaml may contain: ``shared`` parameters, and those of each section.

    Nothing has to be there. A section holds nothing else, but the file may.
    """
    return {
        "$schema": DRAFT,
        "$comment": f"{GENERATED}. Do not edit: `nbsnake generate` writes it.",
        "type": "object",
        "properties": {
            **{argument.name: _property(argument) for argument in shared},
            **{name: _section(arguments) for name, arguments in sections.items()},
        },
    }


def _section(arguments: Sequence[Argument]) -> Schema:
    return {
        "type": ["object", "null"],
        "properties": {argument.name: _property(argument) for argument in arguments},
        "additionalProperties": False,
    }


def _property(argument: Argument) -> Schema:
    schema = {"title": str(argument.type), **_type(argument.type)}
    return {**schema, "description": argument.help} if argument.help else schema


def _type(kind: ParamType) -> Schema:
    name = "array" if kind.is_list else _TYPES[kind.kind]
    schema: Schema = {"type": [name, "null"] if kind.optional else name}
    if kind.is_list and kind.kind != "json":
        schema["items"] = {"type": _TYPES[kind.kind]}
    elif kind.choices:
        schema["enum"] = [*kind.choices, None] if kind.optional else [*kind.choices]
    elif kind.kind == "dict":
        schema["propertyNames"] = {"type": "string"}  # of YAML, keys can be anything
    return schema


def schema_of(pipeline: Pipeline) -> Schema:
    """The schema of the params.yaml of a pipeline."""
    sections: dict[str, dict[str, Argument]] = {}
    shared: dict[str, Argument] = {}
    for step in pipeline.steps:
        for argument in step.arguments if not step.command else ():
            if argument.source is Source.AXIS:
                continue
            if argument.source is not Source.FILE or _has_other_paths(step, argument):
                sections.setdefault(step.name, {})[argument.name] = argument
            if argument.source is Source.CONFIG and "." not in argument.key:
                shared[argument.key] = replace(argument, name=argument.key)
    names = sorted(sections)
    schema = params_schema(
        {name: list(sections[name].values()) for name in names},
        [shared[name] for name in sorted(shared)],
    )
    for key, kind in _lists(pipeline).items():
        _add_list(schema, key, kind)
    return schema


def _lists(pipeline: Pipeline) -> dict[str, ParamType]:
    """The lists from which parameters get one value for each variant, by key."""
    return {
        axis.key: replace(argument.type, is_list=True)
        for step in pipeline.steps
        for axis in step.axes
        for argument in step.arguments
        if axis.key and argument.name == axis.name and not argument.type.optional
    }


def _add_list(schema: Schema, key: str, kind: ParamType) -> None:
    """A list at the top level or below one key, which may hold others as well."""
    section, _, name = key.rpartition(".")
    if not section:
        schema["properties"].setdefault(name, {"title": str(kind), **_type(kind)})
    elif "." not in section:
        held = schema["properties"].setdefault(section, {"properties": {}})
        held["properties"].setdefault(name, {"title": str(kind), **_type(kind)})


def _has_other_paths(step: Step, argument: Argument) -> bool:
    """Whether overlays, which the schema is for as well, give paths to the parameter."""
    return any(each.param == argument.name and each.overrides for each in step.artifacts)


def read_schema() -> Schema | None:
    """The schema as it was generated; None where there is none.

    Raises :class:`StaleError` for one with anything else, such as a reference to follow.
    """
    try:
        schema: Schema = from_json(read_regular(SCHEMA_FILE))
    except (OSError, ValueError):
        return None
    if not _is_own(schema):
        raise StaleError(
            "is not a schema as nbsnake writes it",
            where=Where(SCHEMA_FILE),
            hint="remove it, and run: nbsnake generate",
        )
    return schema


def _is_own(schema: object) -> bool:
    """Whether a schema says only what :func:`params_schema` says."""
    return (
        _has_only(schema, "$schema", "$comment", "type", "properties")
        and schema.get("$schema") == DRAFT
        and schema.get("type") == "object"
        and isinstance(schema.get("properties"), dict)
        and all(_is_section(each) or _is_property(each) for each in schema["properties"].values())
    )


def _is_section(schema: object) -> bool:
    return (
        _has_only(schema, "type", "properties", "additionalProperties")
        and _has_type(schema)
        and schema.get("additionalProperties", False) is False
        and isinstance(schema.get("properties"), dict)
        and all(map(_is_property, schema["properties"].values()))
    )


def _is_property(schema: object) -> bool:
    return (
        _has_only(schema, "title", "description", "type", "items", "enum", "propertyNames")
        and _has_type(schema)
        and "type" in schema
        and all(isinstance(schema.get(key, ""), str) for key in ("title", "description"))
        and "title" in schema
        and isinstance(schema.get("enum", []), list)
        and all(
            _has_only(inner, "type") and _has_type(inner)
            for key in ("items", "propertyNames")
            if (inner := schema.get(key, {})) is not None
        )
    )


def _has_only(schema: object, *keys: str) -> TypeGuard[dict[str, Any]]:
    return isinstance(schema, dict) and schema.keys() <= {*keys}


def _has_type(schema: Mapping[str, Any]) -> bool:
    given = schema.get("type", [])
    types = given if isinstance(given, list) else [given]
    return {*map(str, types)} <= {*_TYPES.values(), "array", "null"}


def render_schema(schema: Schema) -> str:
    """ASCII only, for Snakemake may read it in the encoding that the machine's settings say."""
    return json.dumps(schema, indent=2) + "\n"


def schema_faults(
    schema: Mapping[str, Any], params: Mapping[str, Any], file: str
) -> list[NbsnakeError]:
    """Where ``params``, which ``file`` holds, is not as a :func:`params_schema` says."""
    return list(_faults(schema, params, file).values())


def word_faults(
    schema: Mapping[str, Any], words: Mapping[str, Any], option: str
) -> list[NbsnakeError]:
    """What of an option fits neither as the given words nor as YAML reads them."""
    faults = _faults(schema, words, option)
    others = _faults(schema, _read_words(words), option)
    return [fault for keys, fault in faults.items() if keys in others]


def _read_words(value: Any) -> Any:
    """A value with its texts read as YAML, as Snakemake reads the words of a command line."""
    if isinstance(value, dict):
        return {key: _read_words(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_read_words(each) for each in value]
    try:
        return YAML(typ="safe", pure=True).load(value) if isinstance(value, str) else value
    except YAMLError:
        return value


def fits(schema: Mapping[str, Any], value: object) -> bool:
    """Whether a value is for certain as a schema says that :func:`params_schema` gave.

    It has few of JSON Schema's words. Where it does not fit, jsonschema says what is wrong: to
    import it takes longer than all else that a command does.
    """
    if schema.keys() - _WORDS or not _has_one_of(schema.get("type"), value):
        return False
    if "enum" in schema and (type(value), value) not in [(type(e), e) for e in schema["enum"]]:
        return False
    if isinstance(value, list):
        return all(fits(schema.get("items", {}), each) for each in value)
    if not isinstance(value, dict):
        return True
    known = schema.get("properties", {})
    others = schema.get("additionalProperties", True) is True or not value.keys() - known.keys()
    named = "propertyNames" not in schema or all(isinstance(key, str) for key in value)
    return others and named and all(fits(known.get(key, {}), value[key]) for key in value)


def _has_one_of(types: str | list[str] | None, value: object) -> bool:
    names = [types] if isinstance(types, str) else types
    return names is None or any(type(value) in _JSON.get(name, ()) for name in names)


def _faults(
    schema: Mapping[str, Any], params: Mapping[str, Any], file: str
) -> dict[Keys, NbsnakeError]:
    if fits(schema, params):
        return {}
    from jsonschema import Draft202012Validator  # slow, and for faults only

    faults: dict[Keys, NbsnakeError] = {}  # one for each value, whatever is wrong with it
    for error in Draft202012Validator(schema).iter_errors(params):
        path = tuple(error.absolute_path)
        wanted, held = schema["properties"][path[0]], params[path[0]]
        if error.validator == "additionalProperties":
            known = list(wanted["properties"])
            unknown = [key for key in held if key not in known]
            faults.update(((*path, key), _unknown(path[0], key, known, file)) for key in unknown)
        elif "properties" not in wanted:
            faults.setdefault(path[:1], _wrong(path[:1], wanted, held, place_of(file, path)))
        elif len(path) == 1:
            faults[path] = _no_mapping(path[0], file)
        else:
            wanted, held = wanted["properties"][path[1]], held[path[1]]
            faults.setdefault(path[:2], _wrong(path[:2], wanted, held, place_of(file, path)))
    return faults


def _unknown(section: str, key: str, known: list[str], file: str) -> NbsnakeError:
    return PipelineError(
        f"{section}.{key} is not a parameter of the step",
        where=place_of(file, (section, key)),
        hint=did_you_mean(str(key), known, f"known: {', '.join(known) or 'none'}"),
    )


def _no_mapping(section: str, file: str) -> NbsnakeError:
    return PipelineError(
        f"{section!r} is the name of a step but its value is not a mapping",
        where=place_of(file, (section,)),
        hint=f"write the step's parameters below '{section}:'",
    )


def _wrong(keys: Keys, wanted: Schema, held: object, where: Where) -> NbsnakeError:
    key = ".".join(map(str, keys))
    return PipelineError(
        f"the value {shown(held)} of {key} is not of the type {wanted['title']}",
        where=where,
        hint=_advice(wanted, held),
    )


def _advice(wanted: Schema, held: object) -> str:
    if "boolean" in wanted["type"]:  # alone, or beside null
        return "write true or false"
    if isinstance(held, dict) and "object" in wanted["type"]:
        return "its keys must be texts"
    if held is None:
        return f"{wanted['title']} | None allows null"
    return "fix it, or the type that the notebook declares"
