"""dvc.yaml with the stages of a pipeline, beside those that a person wrote."""

import io
import re
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import FoldedScalarString

from nbsnake.errors import PipelineError, Where
from nbsnake.job.locktext import LAST_KEY, NotPlain, entry_text, key_text
from nbsnake.model.pipeline import Pipeline
from nbsnake.names import DVC_FILE
from nbsnake.plain_yaml import NotPlainError, read_plain
from nbsnake.render.stage import is_ours, render_stage
from nbsnake.yaml_limits import ADVICE, TooLargeError, check_size, limited_time

WIDTH = 4096  # columns, so that no text of a person is folded
_INDENTED_LIST = re.compile(r"^( *)[\w-]+:[ ]*\n\1  - ", re.MULTILINE)
_REFLOWED = re.compile(r"^\s|\s$|\s\s|[^\S ]")  # what folding would not give back
_BREAK = re.compile(r" (?='?--|\$\{|\| |&& )")


def render_dvc_file(pipeline: Pipeline, text: str) -> str:
    """dvc.yaml with the pipeline's stages; ``text`` is the file as it is, "" for none.

    Hand-written stages stay as they are, with their comments; of ours, those of vanished
    notebooks go. Raises :class:`PipelineError` when a hand-written stage has the name of a step.
    """
    rendered = {step.name: render_stage(step) for step in pipeline.steps}
    if not text and rendered:
        return "".join(("stages:\n", *(_stage_text(*each) for each in rendered.items())))
    if _holds(text, rendered):
        return text
    document = _load(text)
    stages = document["stages"]
    changed = False
    for name, stage in list(stages.items()):
        if is_ours(stage) and name not in rendered:
            del stages[name]
            changed = True
    for step in pipeline.steps:
        if step.name in stages and not is_ours(stages[step.name]):
            raise PipelineError(
                f"the stage {step.name!r} is not generated, but {step.notebook} gives that name",
                where=Where(DVC_FILE, line=stages.lc.key(step.name)[0] + 1),
                hint="rename the notebook or the stage, or name the step with ':step: name'",
            )
        if stages.get(step.name) != rendered[step.name]:
            stages[step.name] = _folded(rendered[step.name])
            changed = True
    return _dump(document, text) if changed else text


def _holds(text: str, rendered: Mapping[str, Any]) -> bool:
    """Whether dvc.yaml has these stages and no other generated ones, as far as that is plain."""
    try:
        with limited_time(text):
            document = read_plain(text)
    except (NotPlainError, TooLargeError):
        return False
    stages = document.get("stages") if isinstance(document, dict) else None
    if not isinstance(stages, dict):
        return False
    return rendered == {name: stage for name, stage in stages.items() if is_ours(stage)}


def _stage_text(name: str, stage: dict[str, Any]) -> str:
    """A stage as a part of dvc.yaml, by ruamel.yaml only where that is needed: it is slow."""
    try:
        if len(name) > LAST_KEY:
            raise NotPlain(name)
        return f"  {key_text(name)}:\n{_plain_text(stage, 4)}"
    except NotPlain:
        document = CommentedMap(stages={name: _folded(stage)})
        return _dump(document, "").removeprefix("stages:\n")


def _plain_text(stage: dict[str, Any], indent: int) -> str:
    """The fields of a stage. Raises :class:`NotPlain` for what needs quotes."""
    fields = ""
    for key, value in stage.items():
        if key == "do":
            fields += f"{' ' * indent}do:\n{_plain_text(value, indent + 2)}"
        elif key == "cmd" and _is_folded(value):
            fields += _folded_text(value, indent)
        else:
            fields += entry_text({key: value}, indent, WIDTH)
    return fields


def _folded_text(cmd: str, indent: int) -> str:
    lines = _BREAK.sub("\n", cmd).splitlines()
    if not cmd.isascii() or not cmd.isprintable() or max(map(len, lines)) > WIDTH - 100:
        raise NotPlain(cmd)
    start = " " * indent
    return f"{start}cmd: >-\n" + "".join(f"{start}  {line}\n" for line in lines)


def _is_folded(cmd: str) -> bool:
    """Whether a command has one option a line, where this reads back as the same text."""
    return len(cmd) > 80 and not _REFLOWED.search(cmd)


def _folded(stage: dict[str, Any]) -> dict[str, Any]:
    """The stage with its command as it is to be written."""
    if "do" in stage:
        return {**stage, "do": _folded(stage["do"])}
    if not _is_folded(stage["cmd"]):
        return stage
    folded = FoldedScalarString(stage["cmd"])
    folded.fold_pos = [match.start() for match in _BREAK.finditer(stage["cmd"])]
    return {**stage, "cmd": folded}


def _load(text: str) -> CommentedMap:
    try:
        with limited_time(text, 3):  # it keeps more than other readers
            document = _yaml(text).load(text) or CommentedMap()
        check_size(document)
    except TooLargeError as error:
        raise PipelineError(str(error), where=Where(DVC_FILE), hint=ADVICE) from None
    except (YAMLError, TypeError, ValueError) as error:  # of a key or a date that cannot be one
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        reason = getattr(error, "problem", None) or error
        raise PipelineError(
            f"is not valid YAML: {reason}",
            where=Where(DVC_FILE, None, line),
            hint="fix it, or restore it: git checkout dvc.yaml",
        ) from None
    stages = document.get("stages") if isinstance(document, CommentedMap) else False
    if stages is not None and not isinstance(stages, dict):
        raise PipelineError(
            "is not a mapping of stages", where=Where(DVC_FILE), hint="write them below 'stages:'"
        )
    if stages is None:
        document["stages"] = CommentedMap()
    return document


def _dump(document: CommentedMap, text: str) -> str:
    stream = io.StringIO()
    _yaml(text).dump(document, stream)
    return stream.getvalue()


def _yaml(text: str) -> YAML:
    """A reader and writer that keeps the way in which ``text`` is written."""
    yaml = YAML()
    yaml.width = WIDTH
    yaml.preserve_quotes = True
    if _INDENTED_LIST.search(text):
        yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml
