"""The project on disk: its settings, its parameters, its notebooks."""

import json
import math
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from nbsnake.errors import NbsnakeError, PipelineError, Where, raise_all
from nbsnake.guess import did_you_mean
from nbsnake.job.regular import read_regular
from nbsnake.model.paramtype import Value
from nbsnake.model.quote import has_surrogates
from nbsnake.names import PARAMS_FILE
from nbsnake.notebook.dvc_cmd import Variables
from nbsnake.notebook.foreach import name_fault
from nbsnake.notebook.needs import read_changes
from nbsnake.notebook.spec import NO_EFFECT, Reading
from nbsnake.places import place_of
from nbsnake.plain_yaml import load_yaml
from nbsnake.settings.discover import walk_notebooks
from nbsnake.settings.uses import Use, read_uses
from nbsnake.yaml_limits import ADVICE, TooLargeError, check_size, limited_time

SETTINGS_FILE = "nbsnake.yaml"
MLVTOOLS_FILE = ".mlvtools"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """nbsnake.yaml, and what it leaves open of an MLV-tools project's ``.mlvtools``.

    ``notebooks`` are globs below the root; ``ignore_keys`` comment lines that leave a cell out;
    ``docstring_conf`` a YAML file whose values docstrings may use; the ``dvc_var`` names are those
    that ``:dvc-cmd:`` uses for a step's script and stage. ``uses`` are further steps of notebooks;
    ``overlays`` are axes whose values are the files of a folder. ``needs`` change, by step, what
    notebooks say of the machine. ``environment`` is a file on which every result depends, such as
    ``uv.lock``; "" for none. ``executed`` is whether runs leave their notebooks, for all steps or
    by step; in a ``strict`` project, a step fails that touches files that it does not declare.
    """

    notebooks: tuple[str, ...] = ()
    ignore_keys: tuple[str, ...] = NO_EFFECT
    docstring_conf: str = ""
    environment: str = ""
    executed: bool | Mapping[str, bool] = True
    strict: bool = False
    dvc_var_python_cmd_path: str = "MLV_PY_CMD_PATH"
    dvc_var_python_cmd_name: str = "MLV_PY_CMD_NAME"
    dvc_var_meta_filename: str = "MLV_DVC_META_FILENAME"
    uses: tuple[Use, ...] = ()
    needs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    overlays: Mapping[str, str] = field(default_factory=lambda: {"client": "clients"})

    @property
    def unrecorded(self) -> tuple[str, ...]:
        """The steps whose runs leave no notebook, ("*",) for all."""
        if isinstance(self.executed, bool):
            return () if self.executed else ("*",)
        return tuple(sorted(step for step, is_on in self.executed.items() if not is_on))


KNOWN = tuple(field.name for field in fields(Settings))


def read_settings() -> Settings:
    """The settings of the project.

    Raises :class:`PipelineError`, several together, for keys that are not known and values of a
    wrong type.
    """
    own = read_yaml(SETTINGS_FILE)
    given: dict[str, Any] = {**_known(read_mlvtools()), **own}
    places = {
        key: place_of(SETTINGS_FILE, (str(key),)) if key in own else Where(MLVTOOLS_FILE)
        for key in given
    }
    faults = [
        fault
        for key, value in given.items()
        if key not in ("uses", "needs") and (fault := _setting_fault(key, value, places[key]))
    ]
    lists = {key: tuple(value) for key, value in given.items() if isinstance(value, list)}
    if given.get("uses") is not None:
        lists["uses"] = read_uses(given["uses"], SETTINGS_FILE, faults)
    needs = read_changes(given.get("needs") or {}, place_of_needs, faults)
    raise_all(faults)
    return Settings(**{**given, "uses": (), "needs": needs, **lists})


def place_of_needs(*keys: str) -> Where:
    """Where nbsnake.yaml says what steps need; ``keys`` lead to a part of that."""
    return place_of(SETTINGS_FILE, ("needs", *keys))


def _setting_fault(key: str, value: object, where: Where) -> NbsnakeError | None:
    if key not in KNOWN:
        hint = did_you_mean(str(key), KNOWN, f"known: {', '.join(KNOWN)}")
        return PipelineError(f"unknown setting {key!r}", where=where, hint=hint)
    message, hint = _type_fault(key, value)
    return PipelineError(message, where=where, hint=hint) if message else None


def _type_fault(key: str, value: object) -> tuple[str, str]:
    """What is wrong with a known setting's value, and what to do; nothing is ("", "")."""
    if key == "overlays":
        sets = value.items() if isinstance(value, dict) else [("", value)]
        fault = next(filter(None, (_set_fault(*each) for each in sets)), "")
        if fault:
            hint = "write, for example: overlays: {client: clients}"
            return f"'overlays' is not a mapping of axes to folders: {fault}", hint
    elif key == "executed" and isinstance(value, dict):
        if not all(isinstance(each, bool) for each in value.values()):
            return (
                "'executed' is not true or false for each step",
                "write: executed: {train: false}",
            )
    elif isinstance(getattr(Settings(), key), bool):
        if not isinstance(value, bool):
            return f"{key!r} is not true or false", f"write, for example: {key}: true"
    elif isinstance(getattr(Settings(), key), tuple):
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            return f"{key!r} is not a list of strings", f'write, for example: "{key}": ["a string"]'
    elif not isinstance(value, str):
        return f"{key!r} is not a string", f'write, for example: "{key}": "a_string"'
    elif key.startswith("dvc_var_") and not re.fullmatch(r"[a-zA-Z]\w*", value):
        return (
            f"{key!r} is not the name of a shell variable: {value!r}",
            "write letters, digits and _",
        )
    return "", ""


def _set_fault(axis: object, folder: object) -> str:
    """What is wrong with an axis and the folder of its files, "" for nothing."""
    if not isinstance(folder, str) or posixpath.normpath(folder).startswith((".", "/")):
        return f"{folder!r} is not a folder of the project"
    return name_fault(str(axis))


def read_mlvtools() -> dict[str, Any]:
    """The settings of MLV-tools, a JSON object; empty where the project has none.

    Raises :class:`PipelineError` for anything else.
    """
    try:
        given = json.loads(read_regular(MLVTOOLS_FILE))
    except FileNotFoundError:
        return {}
    except (ValueError, OSError, RecursionError) as error:
        raise PipelineError(
            f"is not valid JSON: {getattr(error, 'msg', error)}",
            where=Where(MLVTOOLS_FILE, line=getattr(error, "lineno", None)),
            hint=f"fix or remove it; nbsnake's own settings are in {SETTINGS_FILE}",
        ) from None
    if not isinstance(given, dict):
        raise PipelineError(
            "is not a JSON object",
            where=Where(MLVTOOLS_FILE),
            hint=f"fix or remove it; nbsnake's own settings are in {SETTINGS_FILE}",
        )
    return given


def _known(given: Mapping[str, Any]) -> dict[str, Any]:
    """What of MLV-tools' settings has a meaning here; keys that are new in nbsnake have none."""
    names = set(KNOWN) - {"notebooks", "uses", "overlays"}
    return {key: value for key, value in given.items() if key in names}


def meaningless_settings() -> list[str]:
    """The keys of ``.mlvtools`` that mean nothing here, such as its folders for scripts."""
    return [key for key in read_mlvtools() if key not in _known({key: ""})]


def reading(settings: Settings) -> Reading:
    """How the project wants its notebooks read.

    Raises :class:`PipelineError` when ``docstring_conf`` names no readable YAML file.
    """
    conf = None
    if settings.docstring_conf:
        if not Path(settings.docstring_conf).is_file():
            raise PipelineError(
                f"docstring_conf names {settings.docstring_conf!r}, which does not exist",
                where=Where(SETTINGS_FILE if Path(SETTINGS_FILE).exists() else MLVTOOLS_FILE),
                hint="write its path relative to the project's root",
            )
        conf = read_yaml(settings.docstring_conf)
    variables = Variables(
        path=settings.dvc_var_python_cmd_path,
        name=settings.dvc_var_python_cmd_name,
        meta=settings.dvc_var_meta_filename,
    )
    return Reading(no_effect=settings.ignore_keys, conf=conf, variables=variables)


def read_params() -> dict[str, Value]:
    """params.yaml, read as YAML 1.2 like DVC does.

    Raises :class:`PipelineError` for values that DVC cannot read, such as dates.
    """
    return read_values(PARAMS_FILE)


def read_values(file: str) -> dict[str, Value]:
    """A file of parameter values, such as params.yaml; raises as :func:`read_params` does."""
    params = read_yaml(file)
    raise_all([fault for leaf in _leaves(params) if (fault := _param_fault(file, *leaf))])
    raise_all([*_key_faults(file, params)])
    return params


def fits_params(value: Value) -> bool:
    """Whether params.yaml can hold the value, for DVC and YAML readers alike."""
    leaves = [leaf for _, leaf in _leaves(value)]
    finite = all(math.isfinite(leaf) for leaf in leaves if isinstance(leaf, float))
    return finite and not _has_surrogates(value)


def _param_fault(file: str, key: str, value: object) -> NbsnakeError | None:
    if not isinstance(value, str | int | float | None):
        message = f"{key} is {value}, a {type(value).__name__}, which DVC cannot read"
        hint = "write it as a string, in quotes"
    elif isinstance(value, float) and math.isnan(value):
        message = f"{key} is .nan, which DVC considers changed every time"
        hint = "use null, with the type 'float | None'"
    else:
        return None
    return PipelineError(message, where=place_of(file, key.split(".")), hint=hint)


def _key_faults(file: str, value: object, path: str = "") -> Iterator[NbsnakeError]:
    """Keys of which DVC makes no entry of dvc.lock: it writes and sorts them as JSON."""
    if isinstance(value, list):
        for each in value:
            yield from _key_faults(file, each, path)
    if not isinstance(value, dict):
        return
    odd = [key for key in value if not isinstance(key, str | int | float | None)]
    kinds = {str if isinstance(key, str) else type(None) if key is None else int for key in value}
    if odd or len(kinds) > 1:
        shown = ", ".join(str(key) for key in odd or value)
        reason = "DVC cannot read" if odd else "DVC cannot sort"
        message = f"{path or 'the top level'} has keys that {reason}: {shown:.100}"
        place = place_of(file, path.split(".")) if path else Where(file)
        yield PipelineError(message, where=place, hint="write them as strings, in quotes")
        return
    for key, each in value.items():
        yield from _key_faults(file, each, f"{path}.{key}" if path else str(key))


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """The values that are neither mappings nor lists, each with the keys that lead to it."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _leaves(each, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each, path)
    else:
        yield path, value


def read_yaml(name: str) -> dict[str, Any]:
    """The mapping that the file holds; empty where the file is empty or absent.

    Raises :class:`PipelineError` for anything else.
    """
    try:
        data = read_regular(name)
        text = data.decode()
        with limited_time(text):
            fields = load_yaml(text)
        check_size(fields)
        is_torn = _has_surrogates(fields)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise PipelineError(f"cannot be read: {error.strerror}", where=Where(name)) from None
    except RecursionError:
        raise PipelineError(
            "is nested too deeply, or an alias refers to itself",
            where=Where(name),
            hint="write the values out",
        ) from None
    except TooLargeError as error:
        raise PipelineError(str(error), where=Where(name), hint=ADVICE) from None
    except Exception as error:  # ruamel.yaml raises many kinds of errors for invalid YAML
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or error
        raise PipelineError(
            f"is not valid YAML: {reason}",
            where=Where(name, line=mark.line + 1 if mark else None),
            hint=f"fix it, or restore it: git checkout {name}",
        ) from None
    if fields is None:
        return {}
    if is_torn:
        raise PipelineError(
            "contains an escape that is half a character, such as \\ud83d",
            where=Where(name),
            hint="write the character itself, or all of it as one escape: \\U0001F600",
        )
    if not isinstance(fields, dict):
        raise PipelineError(
            "is not a mapping at its top level",
            where=Where(name),
            hint="write 'name: value' lines, or empty the file",
        )
    return fields


def _has_surrogates(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_has_surrogates, (*value, *value.values())))
    if isinstance(value, list):
        return any(map(_has_surrogates, value))
    return isinstance(value, str) and has_surrogates(value)


def find_notebooks(globs: tuple[str, ...]) -> list[str]:
    """The project's notebooks that one of the globs names; all of them where there are none."""
    found = walk_notebooks()
    return [path for path in found if not globs or any(fnmatchcase(path, glob) for glob in globs)]
