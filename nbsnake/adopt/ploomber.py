"""Ploomber's pipeline.yaml: tasks with a notebook as source, their products and parameters."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from nbsnake.adopt.given import Given, GivenFile
from nbsnake.model.paramtype import Value, is_json
from nbsnake.model.quote import string
from nbsnake.model.step import Role

PIPELINE_FILE, ENV_FILE = "pipeline.yaml", "env.yaml"
_PLACE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
# What Ploomber puts into a notebook's cell tagged ``parameters``.
_OWN = frozenset({"upstream", "product"})


def given_by_tasks(pipeline: Mapping[str, Any], env: Mapping[str, Any]) -> Iterator[Given]:
    """What the tasks that run notebooks declare; ``env`` has the values for ``{{name}}``."""
    tasks = _filled(pipeline.get("tasks"), env)
    found = [each for each in tasks if isinstance(each, dict)] if isinstance(tasks, list) else []
    products = {_name(task): _products(task) for task in found}
    for task in found:
        source = task.get("source")
        if isinstance(source, str) and source.endswith(".ipynb"):
            yield _given(task, source, products)


def _filled(value: Any, env: Mapping[str, Any]) -> Any:
    """A value of pipeline.yaml with those of env.yaml; a name that is not there stays."""
    if isinstance(value, dict):
        return {key: _filled(each, env) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, env) for each in value]
    if not isinstance(value, str):
        return value
    whole = _PLACE.fullmatch(value)
    if whole and whole[1] in env:
        return env[whole[1]]
    return _PLACE.sub(lambda match: str(env.get(match[1], match[0])), value)


def _name(task: Mapping[str, Any]) -> str:
    source = str(task.get("source", ""))
    return str(task.get("name") or posixpath.splitext(posixpath.basename(source))[0])


def _products(task: Mapping[str, Any]) -> dict[str, str]:
    """The results of a task by their keys, "" for a single one; executed notebooks are none."""
    product = task.get("product")
    named = product if isinstance(product, dict) else {"": product}
    return {
        str(key): posixpath.normpath(path)
        for key, path in named.items()
        if isinstance(path, str) and not path.endswith((".ipynb", ".html"))
    }


def _given(
    task: Mapping[str, Any], source: str, products: Mapping[str, Mapping[str, str]]
) -> Given:
    files = [
        GivenFile(path=path, role=Role.OUT, expressions=_expressions("product", key))
        for key, path in _products(task).items()
    ]
    files += [
        GivenFile(
            path=path,
            role=Role.DEP,
            expressions=_expressions(f"upstream[{string(name)}]", key),
            optional=True,
        )
        for name, made in products.items()
        for key, path in made.items()
        if name != _name(task)
    ]
    params = task.get("params")
    values: dict[str, Value] = {
        str(key): value
        for key, value in (params if isinstance(params, dict) else {}).items()
        if is_json(value)
    }
    return Given(
        notebook=posixpath.normpath(source),
        tool=f"{PIPELINE_FILE}, task {_name(task)}",
        step=_name(task),
        files=tuple(files),
        values=values,
        drops=_OWN,
    )


def _expressions(start: str, key: str) -> tuple[str, ...]:
    return (f"{start}[{string(key)}]",) if key else (start, f"str({start})")
