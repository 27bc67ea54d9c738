"""The form of params.yaml: a field for each value, with the type that its notebook declares.

It works in the project's root. Values travel as text, for JavaScript has no 4.0 that is not 4.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nbsnake.dvc.current import current_plan
from nbsnake.errors import NbsnakeError, StaleError, UsageError, Where
from nbsnake.job.atomic import write_atomically
from nbsnake.job.regular import read_regular
from nbsnake.model.paramtype import (
    ParamType,
    Value,
    has_value_at,
    parse_type,
    text_of,
    value_at,
)
from nbsnake.names import PARAMS_FILE, base_name
from nbsnake.settings.changing import changed
from nbsnake.settings.schema import SCHEMA_FILE, Schema, read_schema
from nbsnake.settings.settings import fits_params, read_params

Keys = tuple[str, ...]
Answer = dict[str, Any]


def fields(notebook: str) -> Answer:
    """All fields, those of the notebook's steps first; ``digest`` is that of the file."""
    steps = current_plan().steps.values()
    own = {base_name(step.name) for step in steps if step.notebook == notebook}
    params = read_params()
    found = [_field(keys, schema, params, own) for keys, schema in _properties()]
    found.sort(key=lambda field: not field["own"])
    return {"fields": found, "digest": _digest(_text())}


def change(changes: Sequence[Mapping[str, Any]], digest: str) -> Answer:
    """Write values to params.yaml; with faults, by field, it stays as it is.

    ``digest`` is that of the file that the user saw. Raises :class:`StaleError` where it is another
    one now, :class:`UsageError` for what is no field, and :class:`PipelineError` for a file that
    cannot be read.
    """
    read_params()
    text = _text()
    if _digest(text) != digest:
        hint = "reload the form"
        raise StaleError("has changed since it was shown", where=Where(PARAMS_FILE), hint=hint)
    types, faults = dict(_properties()), []
    for each in changes:
        keys = _keys(each)
        if keys not in types:
            raise UsageError(f"no such parameter: {'.'.join(keys)}")
        kind = _kind(types[keys])
        try:
            text = changed(text, keys, _value(kind, each))
        except ValueError as error:
            faults.append({"keys": keys, "message": str(error)})
        except NbsnakeError as error:
            faults.append({"keys": keys, "message": error.message})
    if not faults:
        write_atomically(PARAMS_FILE, text.encode())
    return {"faults": faults, "digest": digest if faults else _digest(text)}


def _keys(given: object) -> Keys:
    """The parameter that a change names. Raises :class:`UsageError` for one of another form."""
    keys = given.get("keys") if isinstance(given, dict) else None
    if not isinstance(keys, list):
        raise UsageError("a change names no parameter")
    return tuple(map(str, keys))


def _kind(schema: Schema) -> ParamType:
    """The type of a parameter. Raises :class:`StaleError` where the schema says none."""
    try:
        return parse_type(schema["title"])
    except ValueError as error:
        hint = "remove it, and run: nbsnake generate"
        raise StaleError(str(error), where=Where(SCHEMA_FILE), hint=hint) from None


def _properties() -> Iterator[tuple[Keys, Schema]]:
    """What the generated schema says of each parameter; of shared ones, the key is alone."""
    for name, schema in ((read_schema() or {}).get("properties") or {}).items():
        if "properties" not in schema:
            yield (name,), schema
            continue
        for each, inner in schema["properties"].items():
            yield (name, each), inner


def _field(keys: Keys, schema: Schema, params: Mapping[str, Value], own: set[str]) -> Answer:
    kind, key = _kind(schema), ".".join(keys)
    is_set = has_value_at(params, key)
    value = value_at(params, key) if is_set else None
    return {
        "keys": keys,
        "type": schema["title"],
        "help": schema.get("description", ""),
        "text": "" if value is None else text_of(value),
        "null": is_set and value is None,
        "set": is_set,
        "optional": kind.optional,
        "choices": [text_of(each) for each in kind.choices],
        "flag": kind.is_flag,
        "own": len(keys) == 1 or keys[0] in own,
    }


def _value(kind: ParamType, given: Mapping[str, Any]) -> Value:
    """The value that a field means. Raises :class:`ValueError` where it is not of its type."""
    text = str(given.get("text", ""))
    try:
        value = None if given.get("null") else _parsed(kind, text)
    except ValueError:  # json's names a place in the text, which the user sees anyway
        raise ValueError(f"{text!r} is not of the type {kind}") from None
    if not kind.accepts(value) or not fits_params(value):
        raise ValueError(f"{'null' if value is None else repr(text)} is not of the type {kind}")
    return value


def _parsed(kind: ParamType, text: str) -> Value:
    if kind.is_list:
        value: Value = json.loads(text)
        return value
    return kind.parse([text])


def _text() -> str:
    try:
        return read_regular(PARAMS_FILE).decode()
    except FileNotFoundError:
        return ""


def _digest(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
