"""The files of other tools in a project: what they declare, and how they become others."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import yaml

from nbsnake.adopt.given import FileEdit, Given
from nbsnake.adopt.ploomber import ENV_FILE, PIPELINE_FILE, given_by_tasks
from nbsnake.adopt.rules import given_by_rules, with_steps, without_rules
from nbsnake.adopt.stages import given_by_stages, without_stages
from nbsnake.job.regular import read_regular
from nbsnake.names import DVC_FILE, PARAMS_FILE
from nbsnake.notebook.keys import step_name
from nbsnake.settings.settings import read_yaml

# In the order in which Snakemake looks for them.
_SNAKEFILES = ("Snakefile", "snakefile", "workflow/Snakefile", "workflow/snakefile")
_OURS = "# Written once by nbsnake"


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What other tools declare, by notebook, and the edits of their files."""

    given: Mapping[str, Given]
    edits: tuple[FileEdit, ...]


def find_neighbours(notebooks: Iterable[str]) -> Neighbours:
    """What the tools of the project at the working directory declare of these notebooks."""
    wanted = set(notebooks)
    given: dict[str, Given] = {}
    edits = [_of_stages(wanted, given), _of_snakefile(wanted, given)]
    for each in given_by_tasks(read_yaml(PIPELINE_FILE), read_yaml(ENV_FILE)):
        if each.notebook in wanted:
            given.setdefault(each.notebook, each)
    edits.append(_values(given.values()))
    return Neighbours(given, tuple(edit for edit in edits if edit and edit.old != edit.new))


def _of_stages(wanted: set[str], given: dict[str, Given]) -> FileEdit | None:
    stages = read_yaml(DVC_FILE).get("stages")
    names = []
    for name, each in given_by_stages(stages if isinstance(stages, dict) else {}):
        if each.notebook in wanted and each.notebook not in given:
            given[each.notebook] = each
            names.append(name)
    return without_stages(_text(DVC_FILE), names) if names else None


def _of_snakefile(wanted: set[str], given: dict[str, Given]) -> FileEdit | None:
    path = next((path for path in _SNAKEFILES if os.path.isfile(path)), "")
    old = _text(path) if path else ""
    if not old or old.startswith(_OURS):
        return None
    rules = []
    for rule, each in given_by_rules(old, os.path.dirname(path)):
        if each.notebook in wanted and each.notebook not in given:
            given[each.notebook] = each
            rules.append(rule)
    folder = os.path.relpath("workflow/rules", os.path.dirname(path) or ".")
    return FileEdit(path, old, with_steps(without_rules(old, rules), folder))


def _values(given: Iterable[Given]) -> FileEdit | None:
    """The values that tools set, in params.yaml, which has none of such a step yet."""
    old = _text(PARAMS_FILE)
    new = {}
    for each in given:
        plain = {
            name: value
            for name, value in each.values.items()
            if name not in each.expressions.values()
        }
        step = step_name(each.step)
        if plain and not re.search(rf"^{re.escape(step)}\s*:", old, re.MULTILINE):
            new[step] = plain
    if not new:
        return None
    text = yaml.safe_dump(new, sort_keys=False, allow_unicode=True)
    return FileEdit(PARAMS_FILE, old, f"{old.rstrip()}\n{text}".lstrip("\n"))


def _text(path: str) -> str:
    try:
        return read_regular(path).decode().replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError):
        return ""
