"""Configuration files of a project, whose values the code of notebooks takes for paths."""

import json
import os
import posixpath
import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

from nbsnake.errors import NbsnakeError
from nbsnake.follow.values import Items, Known, Values
from nbsnake.job.inside import ends_inside
from nbsnake.job.regular import read_regular
from nbsnake.settings.settings import read_yaml

_LARGEST = 100_000  # bytes; more is data, and no configuration
_CONFIG = re.compile(r"conf|cfg|setting|param|path", re.IGNORECASE)
_JSON, _TOML, _YAML = (".json",), (".toml",), (".yaml", ".yml")
_READERS: Mapping[str, tuple[tuple[str, ...], Callable[[str], Any]]] = {
    "json.load": (_JSON, lambda path: json.loads(read_regular(path))),
    "json.loads": (_JSON, lambda path: json.loads(read_regular(path))),
    "tomllib.load": (_TOML, lambda path: tomllib.loads(read_regular(path).decode())),
    "tomllib.loads": (_TOML, lambda path: tomllib.loads(read_regular(path).decode())),
    "yaml.safe_load": (_YAML, read_yaml),
    "yaml.load": (_YAML, read_yaml),
    "omegaconf.OmegaConf.load": (_YAML, read_yaml),
}


def is_config_reader(dotted: str) -> bool:
    """Whether a function reads a file of configuration."""
    return dotted in _READERS


def read_config(dotted: str, path: str) -> Values:
    """What the function gives for a file, by its path from the root; nothing where it is no config.

    The file is read as data: safe YAML, JSON or TOML. Nothing is executed.
    """
    endings, reader = _READERS[dotted]
    path = posixpath.normpath(path)
    if not path.endswith(endings) or path.startswith(("/", "../")) or not ends_inside(path):
        return ()
    if endings == _JSON and not _CONFIG.search(posixpath.basename(path)):
        return ()  # a result, more often than not
    try:
        if not os.path.isfile(path) or os.path.getsize(path) > _LARGEST:
            return ()
        return _values(reader(path))
    except (NbsnakeError, OSError, ValueError, RecursionError):
        return ()


def _values(value: Any) -> Values:
    if isinstance(value, dict):
        keys = tuple((Known(str(key)),) for key in value)
        return (Items(tuple(map(_values, value.values())), keys),)
    if isinstance(value, list):
        return (Items(tuple(map(_values, value))),)
    return (Known(value),) if isinstance(value, str | int | float) else ()
