"""The project on disk: its root, its settings, its parameters, its notebooks.

All paths are relative to the project's root, which is the working directory from the moment that
the command line has found it.
"""

import difflib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from nbsnake.errors import PipelineError, UsageError, Where
from nbsnake.paramtype import Value
from nbsnake.spec import NO_EFFECT

SETTINGS_FILE = "nbsnake.yaml"
PARAMS_FILE = "params.yaml"
LEFT_OUT = frozenset({"__pycache__", "node_modules", "site-packages"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """nbsnake.yaml. ``notebooks`` are globs below the root; ``ignore_keys`` comment lines that
    leave a cell out."""

    notebooks: tuple[str, ...] = ()
    ignore_keys: tuple[str, ...] = NO_EFFECT


def find_root(start: Path) -> Path:
    """The nearest folder upwards that holds a DVC project.

    Raises :class:`UsageError` where there is none.
    """
    for folder in (start, *start.parents):
        if (folder / ".dvc").is_dir():
            return folder
    raise UsageError(
        f"no DVC project in {start} or above it", hint="set one up here with: nbsnake init"
    )


def read_settings() -> Settings:
    """Raises :class:`PipelineError` for a key that is not known or a value of a wrong type."""
    fields = read_yaml(SETTINGS_FILE)
    known = tuple(Settings.__dataclass_fields__)
    for key, value in fields.items():
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            raise PipelineError(
                f"unknown setting {key!r}",
                where=Where(SETTINGS_FILE),
                hint=f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}",
            )
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise PipelineError(f"{key!r} is no list of texts", where=Where(SETTINGS_FILE))
    return Settings(**{key: tuple(value) for key, value in fields.items()})


def read_params() -> dict[str, Value]:
    """params.yaml, read as YAML 1.2 like DVC does."""
    return read_yaml(PARAMS_FILE)


def read_yaml(name: str) -> dict[str, Any]:
    """The mapping that the file holds; empty where the file is empty or absent.

    Raises :class:`PipelineError` for anything else.
    """
    try:
        fields = YAML(typ="safe", pure=True).load(Path(name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (YAMLError, UnicodeDecodeError, OSError) as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or error
        raise PipelineError(
            f"is not valid YAML: {reason}", where=Where(name, line=mark.line + 1 if mark else None)
        ) from None
    if fields is None:
        return {}
    if not isinstance(fields, dict):
        raise PipelineError("holds no mapping at its top level", where=Where(name))
    return fields


def find_notebooks(globs: tuple[str, ...]) -> list[str]:
    """Every notebook of the project, sorted, as paths relative to its root.

    Hidden folders, checkpoints, virtual environments and links to folders are left out.
    """
    found = sorted(_walk())
    if not globs:
        return found
    return [path for path in found if any(fnmatchcase(path, glob) for glob in globs)]


def _walk() -> Iterator[str]:
    for parent, folders, files in os.walk("."):
        folder = Path(parent)
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".")
            and name not in LEFT_OUT
            and not (folder / name / "pyvenv.cfg").exists()
        ]
        for name in files:
            if name.endswith(".ipynb") and not name.startswith("."):
                yield (folder / name).as_posix()
