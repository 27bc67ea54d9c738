"""Taking over a project of MLV-tools: what is done with each file that it and old DVC left behind.

All is read and planned before anything is written. What may be written by hand is never
removed: a file goes only where the notebook says all that is in it.
"""

import io
import os
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from nbsnake.errors import NbsnakeError, PipelineError, UsageError, Where, raise_all
from nbsnake.job.atomic import write_atomically
from nbsnake.job.inside import inside
from nbsnake.mlvtools.files import (
    Use,
    is_same_code,
    notebook_of_script,
    script_of_command_file,
    use_of_command_file,
    use_of_stage,
)
from nbsnake.mlvtools.project import OLD, OldProject, read_old_project
from nbsnake.mlvtools.stage import meaningless_keys, pipeline_stage, stage_name, unknown_keys
from nbsnake.names import DVC_FILE
from nbsnake.settings.settings import KNOWN, MLVTOOLS_FILE, SETTINGS_FILE, Settings

GUIDE = "nbsnake's docs/from-mlvtools.md"
LEFT = "left: remove it, or run again with --force"
ORDER = ("write", "rename", "remove", "keep")  # a crash in between loses nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What is done with one file, and why; ``text`` is for a file to write."""

    path: str
    what: Literal["keep", "write", "rename", "remove"]
    why: str
    text: str = ""


def plan_takeover(*, force: bool) -> list[Action]:
    """What is to be done with the project in the working directory; nothing is written.

    Raises :class:`UsageError` where MLV-tools left nothing, and :class:`PipelineError` for what
    cannot be read.
    """
    old = read_old_project()
    if not old.has_traces and not os.path.exists(MLVTOOLS_FILE):
        raise UsageError("MLV-tools left nothing here", hint="set up a project with: nbsnake init")
    actions = make_plan(old, force=force)
    targets = [each.path + OLD for each in actions if each.what == "rename"]
    raise_all([_in_the_way(target) for target in targets if os.path.lexists(target)])
    return actions


def _in_the_way(path: str) -> NbsnakeError:
    return PipelineError(
        f"is in the way: {path.removesuffix(OLD)} is to get this name",
        where=Where(path),
        hint="move it away, then run this again",
    )


def make_plan(old: OldProject, *, force: bool) -> list[Action]:
    """What is to be done with what was read. Pure."""
    return [
        *_plan_settings(old),
        *(_plan_script(old, path, force=force) for path in old.scripts),
        *(_plan_command(old, path, force=force) for path in old.commands),
        *_plan_stages(old, force=force),
        *_plan_aside(old, force=force),
    ]


def carry_out(actions: Iterable[Action]) -> None:
    """Do what was planned."""
    for action in sorted(actions, key=lambda action: ORDER.index(action.what)):
        if action.what == "write":
            write_atomically(action.path, action.text.encode())
        elif action.what == "rename":
            os.rename(inside(action.path), action.path + OLD)
        elif action.what == "remove":
            os.unlink(inside(action.path))


def _plan_settings(old: OldProject) -> Iterator[Action]:
    present = _present(old.texts[SETTINGS_FILE])
    meant = {
        key: old.given[key]
        for key in KNOWN
        if key in old.given
        and key not in {*old.meaningless, *present}
        and not _is_default(key, old.given[key])
    }
    if meant:
        yield Action(
            path=SETTINGS_FILE,
            what="write",
            why=f"{', '.join(meant)}, from {MLVTOOLS_FILE}",
            text=_extended(old.texts[SETTINGS_FILE], meant),
        )
    if old.given:
        keys = old.meaningless
        idle = f"; {', '.join(keys)} mean{'s' * (len(keys) == 1)} nothing here" if keys else ""
        why = f"read only for what {SETTINGS_FILE} leaves open{idle}"
        yield Action(path=MLVTOOLS_FILE, what="keep", why=why)


def _is_default(key: str, value: object) -> bool:
    default = getattr(Settings(), key)
    if isinstance(default, tuple) and isinstance(value, list):
        return tuple(str(each).lstrip("# ") for each in value) == default
    return bool(value == default)


def _plan_script(old: OldProject, path: str, *, force: bool) -> Action:
    notebook = old.sources.get(posixpath.basename(path), "")
    if notebook not in old.notebooks:
        why = f"no notebook here gives it ({notebook_of_script(old.scripts[path])}?)"
        return Action(path=path, what="keep", why=why)
    keys = old.given.get("ignore_keys") or ["# No effect"]
    if is_same_code(old.scripts[path], old.notebooks[notebook], map(str, keys)):
        return _gone(path, f"{notebook} gives it", force=force)
    why = f"{notebook} gives another: one of them was changed; remove it if you need nothing in it"
    return Action(path=path, what="keep", why=why)


def _gone(path: str, why: str, *, force: bool) -> Action:
    if force:
        return Action(path=path, what="remove", why=why)
    return Action(path=path, what="keep", why=f"{why}; {LEFT}")


def _plan_command(old: OldProject, path: str, *, force: bool) -> Action:
    """A bash file that hands a generated script to ``dvc run``."""
    script = script_of_command_file(old.commands[path], old.variables)
    use = use_of_command_file(old.commands[path], old.variables)
    notebook = old.sources.get(script, "")
    if old.says_the_same(notebook, script, use):
        return _gone(path, f"{notebook} says all that it does", force=force)
    return Action(path=path, what="keep", why=_variant(old, script, use))


def _variant(old: OldProject, script: str, use: Use | None) -> str:
    notebook = old.sources.get(script, "")
    summary = str(use) if use else "it does more than one plain 'dvc run'"
    if notebook and notebook not in old.specs:
        return f"{notebook} cannot be read as a step, to compare them: {summary}"
    return f"a use of {notebook or script} written by hand: {summary}; how to continue: {GUIDE}"


def _plan_stages(old: OldProject, *, force: bool) -> Iterator[Action]:
    new: dict[str, dict[str, Any]] = {}
    taken = {*_present(old.texts[DVC_FILE], "stages"), *(each.name for each in old.specs.values())}
    for path, stage in old.stages.items():
        if script := old.script_of(stage):
            yield _plan_generated(old, path, script, force=force)
        elif stage.get("cmd"):
            yield _plan_own(path, stage, taken, new)
        else:
            yield _plan_data(old, path, stage)
    if new:
        yield Action(
            path=DVC_FILE,
            what="write",
            why=f"with the stage{'s' * (len(new) > 1)} {', '.join(new)}",
            text=_edited(old.texts[DVC_FILE], lambda document: _add_stages(document, new)),
        )


def _plan_generated(old: OldProject, path: str, script: str, *, force: bool) -> Action:
    """A stage that ran a generated script."""
    use = use_of_stage(posixpath.dirname(path), old.stages[path], script)
    notebook = old.sources[script]
    if not old.says_the_same(notebook, script, use):
        return Action(path=path, what="rename", why=_variant(old, script, use))
    why = f"{notebook} says all that it does"
    return Action(path=path, what="remove" if force else "rename", why=why)


def _plan_own(
    path: str, stage: Mapping[str, Any], taken: set[str], new: dict[str, dict[str, Any]]
) -> Action:
    """A stage with a command of the user's own; it joins the ``new`` ones of dvc.yaml."""
    name = stage_name(path)
    try:
        if name in taken:
            raise ValueError(f"there is another stage {name!r}")
        new[name] = pipeline_stage(path, stage)
    except ValueError as reason:
        why = f"DVC 3 reads no command there, and {reason}; write it into {DVC_FILE} by hand"
    else:
        taken.add(name)
        why = f"now the stage {name} in {DVC_FILE}; to run it: dvc repro {name}"
    return Action(path=path, what="rename", why=why)


def _plan_aside(old: OldProject, *, force: bool) -> Iterator[Action]:
    """Stages that an earlier run renamed."""
    for path, stage in old.aside.items():
        script = old.script_of(stage) or ""
        use = use_of_stage(posixpath.dirname(path), stage, script) if script else None
        if script and old.says_the_same(old.sources[script], script, use):
            yield _gone(path, f"{old.sources[script]} says all that it does", force=force)
        elif script:
            yield Action(path=path, what="keep", why=_variant(old, script, use))
        else:
            yield Action(path=path, what="keep", why="DVC does not read it")


def _plan_data(old: OldProject, path: str, fields: Mapping[str, Any]) -> Action:
    """A file that ``dvc add`` or ``dvc import`` made."""
    if fields.get("deps") and not fields.get("outs"):
        return Action(path=path, what="rename", why="DVC 3 has no stages without a command")
    kind = "an import" if fields.get("deps") else "data"
    if unknown := unknown_keys(fields):
        why = f"{kind}, but DVC 3 refuses the project until you remove its {', '.join(unknown)}"
        return Action(path=path, what="keep", why=why)
    if fields.get("deps") and not any("hash" in out for out in fields["outs"]):
        kind += f"; if 'dvc status' calls its checksum changed: dvc commit --force {path}"
    places = meaningless_keys(fields)
    if not places:
        return Action(path=path, what="keep", why=kind)
    keys = ", ".join(sorted({str(place[-1]) for place in places}))
    why = f"{kind}; without {keys}, which DVC 3 does not read as DVC 0.x did"
    text = _edited(old.texts[path], lambda document: _remove(document, places))
    return Action(path=path, what="write", why=why, text=text)


def _present(text: str, key: str = "") -> Mapping[str, Any]:
    """The mapping in a YAML text, or the one below its ``key``; empty where there is none."""
    document = YAML(typ="safe", pure=True).load(text) or {}
    found = document.get(key) or {} if key else document
    return found if isinstance(found, dict) else {}


def _extended(text: str, values: Mapping[str, Any]) -> str:
    """The text of a YAML mapping with more keys, below what is there where that can be."""
    head = text if text.endswith("\n") or not text else f"{text}\n"
    below = head + _edited("", lambda document: document.update(values))
    try:
        is_right = _present(below) == {**_present(text), **values}
    except YAMLError:
        is_right = False
    return below if is_right else _edited(text, lambda document: document.update(values))


def _edited(text: str, edit: Callable[[CommentedMap], object]) -> str:
    """The YAML text with a change made, and all else as it was written."""
    yaml = YAML()
    yaml.width = 4096
    yaml.preserve_quotes = True
    if re.search(r"^( *)[\w-]+:[ ]*\n\1  - ", text, re.MULTILINE):
        yaml.indent(mapping=2, sequence=4, offset=2)
    document = yaml.load(text)
    if document is None:
        document = CommentedMap()
        text = text and text.rstrip("\n") + "\n"  # comments alone
    else:
        text = ""
    edit(document)
    stream = io.StringIO()
    yaml.dump(document, stream)
    return text + stream.getvalue()


def _add_stages(document: CommentedMap, stages: Mapping[str, Any]) -> None:
    if document.get("stages") is None:
        document["stages"] = CommentedMap()
    document["stages"].update(stages)


def _remove(document: Any, places: Iterable[tuple[str | int, ...]]) -> None:
    for *above, key in places:
        entry = document
        for step in above:
            entry = entry[step]
        del entry[key]
