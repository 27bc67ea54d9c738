"""Edits of params.yaml that change no generated file: another plain value of the same type.

Generated files depend on which parameters there are, on their types, and on whether a command line
can hold their values. A number that looks like no option, true or false, and a plain string stay
so in each of these; only a type with choices may refuse them, which the schema says. All other
edits are compared in full.
"""

import json
import math
from typing import Any

from nbsnake.errors import NbsnakeError
from nbsnake.generate.memo import content_of
from nbsnake.job.own import note_own, read_own
from nbsnake.model.quote import MAX_WORD, OPTION_LIKE, fits_command
from nbsnake.names import PARAMS_FILE
from nbsnake.settings.schema import read_schema, schema_faults
from nbsnake.settings.settings import read_params

VALUES_FILE = ".nbsnake/values.json"
MOST = 10 * MAX_WORD  # characters of a step's values on a command line (nbsnake.render.stage)


def note_values() -> None:
    """Keep the values of params.yaml, from which the generated files were made."""
    content = content_of(PARAMS_FILE)
    try:
        data = json.dumps({"content": content, "values": read_params()}, allow_nan=False)
    except (NbsnakeError, TypeError, ValueError):  # nothing to compare with: the long way is right
        return
    if content == content_of(PARAMS_FILE):
        note_own(VALUES_FILE, data.encode())


def only_plain_values_changed(before: str, now: str) -> bool:
    """Whether params.yaml has other plain values, and no other change, than when it was noted.

    ``before`` and ``now`` are its contents as :func:`content_of` gives them, then and today.
    """
    noted = read_own(VALUES_FILE)
    if not isinstance(noted, dict) or noted.get("content") != before:
        return False
    try:
        values = read_params()
        faults = schema_faults(read_schema() or {}, values, PARAMS_FILE)
    except NbsnakeError:
        return False
    same = not faults and _are_alike(noted.get("values"), values)
    if same and content_of(PARAMS_FILE) == now:
        data = json.dumps({"content": now, "values": values}, allow_nan=False)
        note_own(VALUES_FILE, data.encode())
        return True
    return False


def _are_alike(before: Any, now: Any) -> bool:
    """Whether two values differ in plain values of mappings at most."""
    if isinstance(before, dict) and isinstance(now, dict):
        if [*before] != [*now]:
            return False
        changed = [key for key in now if _text(before[key]) != _text(now[key])]
        fits = not changed or max(len(_text(before)), len(_text(now))) <= MOST
        nested = all(isinstance(now[key], dict) for key in changed)
        return (fits or nested) and all(_are_alike(before[key], now[key]) for key in changed)
    return _text(before) == _text(now) or (
        type(before) is type(now) and _is_plain(before) and _is_plain(now)
    )


def _is_plain(value: Any) -> bool:
    """Whether a command holds the value as it holds most others of its type."""
    if isinstance(value, str):
        return value.isprintable() and value[:1] not in ("", "-") and _fits(value)
    is_number = isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
    return is_number and not OPTION_LIKE.match(_text(value))


def _fits(text: str) -> bool:
    return fits_command(text) and "${" not in text


def _text(value: Any) -> str:
    """Values of several types may be equal, and their texts are not."""
    return json.dumps(value)
