"""Files of parameter values, for what no command line can carry to a script.

Texts of several lines, None, mappings and whatever is very long reach the script as a JSON object
that its option ``--values-from`` reads. The file's name depends on its content,
so that a job's command shows its values.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from nbsnake.job.own import read_own_bytes, write_own
from nbsnake.model.paramtype import Value
from nbsnake.names import file_name

FOLDER = ".nbsnake/params"
OPTION = "--values-from"
STDIN = f"{OPTION}=-"


def by_param(values: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    """Values of parameter files, by key, as a script takes them, by parameter.

    A key's last part is the parameter, unless ``keys`` gives a parameter another one.
    """
    named = {key: value for key, value in values.items() if key not in keys.values()}
    own = {key.rpartition(".")[2]: value for key, value in named.items()}
    return own | {param: values[key] for param, key in keys.items() if key in values}


def to_json(values: Mapping[str, Value]) -> str:
    """ASCII only, for pipes have the encoding that the machine's settings say."""
    return json.dumps(dict(values))


def values_path(step: str, values: Mapping[str, Value]) -> str:
    """The file for a step's values, by its name relative to the project's root.

    The order of a mapping's keys does not count, as it does not for DVC.
    """
    text = json.dumps(dict(values), sort_keys=True)
    return f"{FOLDER}/{file_name(step)}-{hashlib.sha256(text.encode()).hexdigest()[:20]}.json"


def write_values(step: str, values: Mapping[str, Value]) -> str:
    """Write the file unless it is there, and return its path."""
    path, data = values_path(step, values), to_json(values).encode()
    if read_own_bytes(path) != data:
        write_own(path, data)
    return path
