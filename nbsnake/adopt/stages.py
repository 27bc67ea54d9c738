"""Stages of dvc.yaml that run notebooks by papermill or nbconvert."""

import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from nbsnake.adopt.given import FileEdit, Given, GivenFile
from nbsnake.model.paramtype import Value
from nbsnake.model.step import Role

_ROLES = {"deps": Role.DEP, "outs": Role.OUT, "metrics": Role.METRIC, "plots": Role.PLOT}
_VALUES = ("-p", "--parameters", "-r", "--parameters_raw")


def given_by_stages(stages: Mapping[str, Any]) -> Iterator[tuple[str, Given]]:
    """The stages that run a notebook, with what they declare of it."""
    for name, stage in stages.items():
        cmd = stage.get("cmd") if isinstance(stage, dict) else None
        if isinstance(cmd, str) and (call := _call(cmd)) is not None:
            yield name, _given(name, stage, *call)


def _call(cmd: str) -> tuple[str, str, dict[str, Value], str] | None:
    """The notebook that a command runs, the executed one, values, and the folder to run in."""
    try:
        words = shlex.split(cmd)
    except ValueError:
        return None
    while words[:1] == ["python"] and words[1:2] == ["-m"]:
        words = words[2:]
    if words[:1] == ["papermill"]:
        return _papermill(words[1:])
    if words[:2] in (["jupyter", "nbconvert"], ["jupyter", "execute"]) or words[:1] == [
        "nbconvert"
    ]:
        return _nbconvert(words)
    return None


def _papermill(words: Sequence[str]) -> tuple[str, str, dict[str, Value], str] | None:
    values: dict[str, Value] = {}
    plain, cwd, place = list[str](), "", 0
    while place < len(words):
        word = words[place]
        if word in _VALUES and place + 2 < len(words) + 1:
            text = words[place + 2] if place + 2 < len(words) else ""
            values[words[place + 1]] = text if word.endswith(("r", "raw")) else _value(text)
            place += 3
        elif word.startswith("-"):
            option, _, given = word.partition("=")
            cwd = (given or words[place + 1]) if option == "--cwd" else cwd
            place += 1 if given or option.startswith("--no-") else 2
        else:
            plain.append(word)
            place += 1
    if not plain or not plain[0].endswith(".ipynb"):
        return None
    return plain[0], (plain[1:] or [""])[0], values, cwd


def _nbconvert(words: Sequence[str]) -> tuple[str, str, dict[str, Value], str] | None:
    notebook = next((word for word in words if word.endswith(".ipynb")), "")
    runs = "execute" in words or "--execute" in words
    # nbconvert runs a notebook in its own folder.
    return (notebook, "", {}, posixpath.dirname(notebook) or ".") if notebook and runs else None


def _value(text: str) -> Value:
    """A value as papermill reads it."""
    try:
        found: Value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    return found if isinstance(found, str | int | float | list | dict) else text


def _given(
    name: str,
    stage: Mapping[str, Any],
    notebook: str,
    executed: str,
    values: dict[str, Value],
    cwd: str,
) -> Given:
    wdir = stage.get("wdir") or "."
    files = []
    for key, role in _ROLES.items():
        for path in _paths(stage.get(key)):
            full = posixpath.normpath(posixpath.join(wdir, path))
            is_notebook = full in (_under(wdir, notebook), _under(wdir, executed))
            if not is_notebook and not full.endswith((".ipynb", ".py")):
                named = [key for key, value in values.items() if value == path]
                files.append(GivenFile(path=full, role=role, name=(named or [""])[0]))
    others = {key: value for key, value in values.items() if key not in {f.name for f in files}}
    return Given(
        notebook=_under(wdir, notebook),
        tool=f"dvc.yaml, stage {name}",
        step=name,
        files=tuple(files),
        values=others,
        at_root=not cwd,
    )


def _under(wdir: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(wdir, path)) if path else ""


def _paths(entries: object) -> Iterator[str]:
    for each in entries if isinstance(entries, list) else ():
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            yield from (key for key in each if isinstance(key, str))


def without_stages(text: str, names: Sequence[str]) -> FileEdit:
    """dvc.yaml without some stages; comments and the other stages stay as they are."""
    lines = text.splitlines(keepends=True)
    kept, skipping = list[str](), -1
    for line in lines:
        indent = len(line) - len(line.lstrip())
        match = re.match(r"\s+(['\"]?)([\w-]+)\1:\s*(?:#.*)?$", line)
        if skipping >= 0 and line.strip() and indent <= skipping:
            skipping = -1
        if skipping < 0 and match and match[2] in names and indent:
            skipping = indent
        if skipping < 0:
            kept.append(line)
    new = "".join(kept)
    if re.fullmatch(r"\s*stages:\s*", new):
        new = ""
    return FileEdit("dvc.yaml", text, new)
