"""Reading what a step needs: from the docstring of its notebook, and from nbsnake.yaml.

In a docstring each key is on one line::

    :threads: 4
    :resources: mem_mb=8000*attempt runtime=60 gpu=1
    :conda: workflow/envs/torch.yaml

In nbsnake.yaml the same keys change or add to what the notebook says::

    needs:
      train: {threads: 8, resources: {mem_mb: 16000}, retries: 2}
"""

import ast
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nbsnake.errors import NbsnakeError, NotebookError, PipelineError, Where
from nbsnake.guess import did_you_mean
from nbsnake.ipython.edit import Edit, edited
from nbsnake.model.needs import KEYS, Needs, parse_need, parse_resource
from nbsnake.notebook.fields import Field

EXAMPLES = {
    "threads": "4",
    "resources": "mem_mb=8000 runtime=60 (MB, minutes); mem_mb=8000*attempt grows with retries",
    "conda": "workflow/envs/torch.yaml",
    "container": "docker://python:3.12",
    "retries": "2",
    "group": "tiny",
}
_LINE = re.compile(rf"\s*:(?:{'|'.join(KEYS)})[ \t]*:.*")


def read_needs(fields: Iterable[Field], faults: list[NbsnakeError]) -> Needs:
    """The needs in a docstring's fields; what cannot be read is added to ``faults``."""
    found: dict[str, Any] = {}
    for field in fields:
        try:
            if field.argument:
                raise ValueError("it takes no name before the second colon")
            if "\n" in field.text:
                raise ValueError("it spans several lines")
            if field.key in found:
                raise ValueError("it appears twice")
            found[field.key] = _parsed(field)
        except ValueError as error:
            faults.append(
                NotebookError(
                    f"':{field.key}:' cannot be read: {error}",
                    where=field.where,
                    hint=f"write, on one line: :{field.key}: {EXAMPLES[field.key]}",
                )
            )
    return Needs().changed(found)


def _parsed(field: Field) -> Any:
    if field.key != "resources":
        return parse_need(field.key, field.text)
    words = shlex.split(re.sub(r"\s*(\*\*?)\s*", r"\1", field.text))
    resources: dict[str, str] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise ValueError(f"{word!r} is not of the form name=value")
        if name in resources:
            raise ValueError(f"{name!r} appears twice")
        resources[name] = parse_resource(name, text).text
    if not resources:
        raise ValueError("it names none")
    return resources


def without_needs(source: str) -> str:
    """A cell without the lines of its docstring that are needs: no script depends on them."""
    return edited(source, [Edit(ast.parse(source).body[0], _kept)])


def _kept(docstring: str) -> str:
    match = re.fullmatch(r'([rRuU]?("""|\'\'\'))(.*)(\2)', docstring, re.DOTALL)
    if match is None:
        return docstring
    lines = [line for line in match[3].split("\n") if not _LINE.fullmatch(line)]
    return match[1] + "\n".join(lines) + match[4]


def read_changes(
    given: Any, place: Callable[..., Where], faults: list[NbsnakeError]
) -> dict[str, dict[str, Any]]:
    """What nbsnake.yaml says of each step, for :meth:`nbsnake.model.needs.Needs.changed`.

    ``place`` gives the line of keys below ``needs:``.
    """
    if not isinstance(given, dict):
        faults.append(
            PipelineError("'needs' is not a mapping of steps", where=place(), hint=_EXAMPLE)
        )
        return {}
    changes: dict[str, dict[str, Any]] = {}
    for step, needs in given.items():
        if not isinstance(needs, dict):
            faults.append(
                PipelineError(
                    f"the needs of {step!r} are not a mapping", where=place(step), hint=_EXAMPLE
                )
            )
            continue
        for key, value in needs.items():
            try:
                changes.setdefault(str(step), {})[key] = _change(key, value)
            except ValueError as error:
                faults.append(
                    PipelineError(
                        f"{key!r} of {step!r} cannot be read: {error}",
                        where=place(step, key),
                        hint=_EXAMPLE,
                    )
                )
    return changes


_EXAMPLE = "write, for example: needs: {train: {threads: 8, resources: {mem_mb: 16000}}}"


def _change(key: str, value: object) -> Any:
    if key not in KEYS:
        hint = did_you_mean(str(key), KEYS, f"known: {', '.join(KEYS)}")
        raise ValueError(f"unknown name, {hint}")
    if value is None:
        return None
    if key != "resources":
        return parse_need(key, value)
    if not isinstance(value, dict):
        raise ValueError("it is not a mapping of resources")
    return {
        str(name): None if each is None else parse_resource(str(name), each).text
        for name, each in value.items()
    }


def change_faults(
    changes: Mapping[str, Any], steps: Iterable[str], place: Callable[..., Where]
) -> list[NbsnakeError]:
    """Names in nbsnake.yaml that are not a step's."""
    names = list(steps)
    unknown = [name for name in changes if name not in names]
    return [
        PipelineError(
            f"no step is called {name!r}",
            where=place(name),
            hint=did_you_mean(name, names, f"steps: {', '.join(names) or 'none'}"),
        )
        for name in unknown
    ]
