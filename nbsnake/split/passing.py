"""How values pass from one part of a notebook to the next: the kind of file, loading and saving."""

import ast
import importlib.util
import posixpath
from collections.abc import Iterator, Mapping, Sequence

from nbsnake.model.quote import string
from nbsnake.split.nameflow import STATE

_JSON = frozenset({"len", "int", "float", "str", "bool"})
_TABLES = frozenset({"read_csv", "read_excel", "read_table", "read_parquet"})
# With one of these, a function gives several tables.
_SEVERAL_TABLES = frozenset({"chunksize", "iterator", "sheet_name"})
_LEARNS = frozenset({"sklearn", "joblib"})
SEVERAL = "pickle"  # the ending of a file of several values by name, which may be one object
_IMPORTS = {
    "json": "import json",
    "pkl": "import pickle",
    SEVERAL: "import pickle",
    "joblib": "import joblib",
    "parquet": "import pandas",
}
_LOADS = {
    "json": 'with open({path}, encoding="utf-8") as _file:\n    {name} = json.load(_file)',
    "pkl": 'with open({path}, "rb") as _file:\n    {name} = pickle.load(_file)',
    SEVERAL: 'with open({path}, "rb") as _file:\n    _values = pickle.load(_file)',
    "joblib": "{name} = joblib.load({path})",
    "parquet": "{name} = pandas.read_parquet({path})",
}
_SAVES = {
    "json": 'with open({path}, "w", encoding="utf-8") as _file:\n    json.dump({name}, _file)',
    "pkl": 'with open({path}, "wb") as _file:\n    pickle.dump({name}, _file)',
    SEVERAL: 'with open({path}, "wb") as _file:\n    pickle.dump({name}, _file)',
    "joblib": 'with open({path}, "wb") as _file:\n    joblib.dump({name}, _file)',
    "parquet": "{name}.to_parquet({path})",
}
_STATES = {  # how the state of a random generator is read and set
    "numpy.random": (
        "import numpy as _numpy",
        "_numpy.random.get_state()",
        "_numpy.random.set_state",
    ),
    "random": ("import random as _random", "_random.getstate()", "_random.setstate"),
    "torch": ("import torch as _torch", "_torch.get_rng_state()", "_torch.set_rng_state"),
}
_LOADS_STATE = 'with open({path}, "rb") as _file:\n    {name}(pickle.load(_file))'


def kind_of(name: str, giver: Sequence[ast.stmt], all_parts: Sequence[Sequence[ast.stmt]]) -> str:
    """The ending of the file for a value, by what the part that gives it assigns.

    Python's own numbers and strings pass as JSON, tables as they were read as parquet, all else as
    pickles, by joblib where the notebook uses scikit-learn.
    """
    if name.startswith(STATE):
        return "pkl"
    values = _values_of(name, giver)
    if values and all(map(_is_for_json, values)):
        return "json"
    if values and all(map(_is_table, values)) and not _is_changed(name, giver) and _has("pyarrow"):
        return "parquet"
    used = {top for part in all_parts for node in part for top in _imported(node)}
    return "joblib" if used & _LEARNS else "pkl"


def _values_of(name: str, giver: Sequence[ast.stmt]) -> list[ast.expr]:
    """What a part assigns to a name; nothing where it binds the name in another way too."""
    nodes = [node for statement in giver for node in ast.walk(statement)]
    assigned = [
        (node.value, target)
        for node in nodes
        if isinstance(node, ast.Assign)
        for target in node.targets
        if getattr(target, "id", "") == name
    ]
    bound = {
        id(node)
        for node in nodes
        if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load)
    }
    is_all = bound == {id(target) for _, target in assigned}
    return [value for value, _ in assigned] if is_all else []


def _is_for_json(value: ast.expr) -> bool:
    """Whether a value is a number or string of Python's own, which JSON gives back as it is."""
    if isinstance(value, ast.Constant):
        return isinstance(value.value, str | int | float | None)
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Name):
        return False
    if value.func.id == "round":
        return bool(value.args) and _is_for_json(value.args[0])
    return value.func.id in _JSON


def _is_table(value: ast.expr) -> bool:
    """Whether a value is a table as a function of pandas has read it, and not several of them."""
    return (
        isinstance(value, ast.Call)
        and str(getattr(value.func, "attr", getattr(value.func, "id", ""))) in _TABLES
        and not _SEVERAL_TABLES & {each.arg for each in value.keywords}
    )


def _is_changed(name: str, body: Sequence[ast.stmt]) -> bool:
    """Whether a part stores into a value, which may then be more than a plain table."""
    return any(
        isinstance(node, ast.Subscript | ast.Attribute)
        and not isinstance(node.ctx, ast.Load)
        and getattr(node.value, "id", "") == name
        for statement in body
        for node in ast.walk(statement)
    )


def _imported(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    return [(node.module or "").partition(".")[0]] if isinstance(node, ast.ImportFrom) else []


def _has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def loading(paths: Mapping[str, str]) -> str:
    """The cell that loads values, by name, from paths; of a file of several, those that it names.

    Values of one file that are the same object stay so.
    """
    lines = []
    for path, names in _by_path(paths):
        state = _state(names[0])
        form = _LOADS_STATE if state else _LOADS[_kind(path)]
        lines.append(form.format(name=state[2] if state else names[0], path=string(path)))
        if _kind(path) == SEVERAL:
            lines += [f"{name} = _values[{string(name)}]" for name in names]
    return "\n".join([*_imports(paths), "", *lines])


def saving(paths: Mapping[str, str]) -> str:
    """The cell that saves values, by name, to paths in one folder, which :func:`loading` loads."""
    folder = posixpath.dirname(next(iter(paths.values())))
    lines = []
    for path, names in _by_path(paths):
        state = _state(names[0])
        value = state[1] if state else names[0]
        if _kind(path) == SEVERAL:
            value = f"{{{', '.join(f'{string(name)}: {name}' for name in names)}}}"
        lines.append(_SAVES[_kind(path)].format(name=value, path=string(path)))
    made = f"os.makedirs({string(folder)}, exist_ok=True)"
    return "\n".join(["import os", *_imports(paths), "", made, *lines])


def _by_path(paths: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    for path in dict.fromkeys(paths.values()):
        yield path, [name for name, own in paths.items() if own == path]


def marking(path: str) -> str:
    """The cell that writes an empty file, as a sign that a part has come to its end."""
    made = f"os.makedirs({string(posixpath.dirname(path))}, exist_ok=True)"
    return "\n".join(["import os", "", made, f'open({string(path)}, "w").close()'])


def _state(name: str) -> tuple[str, str, str] | None:
    return _STATES[name.removeprefix(STATE)] if name.startswith(STATE) else None


def _imports(paths: Mapping[str, str]) -> list[str]:
    states = [state[0] for name in paths if (state := _state(name))]
    return sorted({*states, *(_IMPORTS[_kind(path)] for path in paths.values())})


def _kind(path: str) -> str:
    return path.rpartition(".")[2]
