"""A pipeline as the stages of dvc.yaml."""

import io
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import FoldedScalarString

from nbsnake.errors import PipelineError, Where
from nbsnake.model import Artifact, Pipeline, Role, Source, Step
from nbsnake.paramtype import Value, text_of

DVC_FILE = "dvc.yaml"
_INDENTED_LIST = re.compile(r"^( *)[\w-]+:[ ]*\n\1  - ", re.MULTILINE)
OWNER = "nbsnake"  # the key below a stage's ``meta`` that names the notebook it comes from


def command(step: Step) -> str:
    """The stage's command, with ``${step}`` for the values of params.yaml.

    DVC unpacks such a mapping as options, and quotes them; nothing else can paste a text safely.
    It leaves out what is false or an empty list, so that these are reset in front.
    """
    return " ".join(_words(step))


def _words(step: Step) -> Iterator[str]:
    yield "python"
    yield _quoted(step.script)
    for argument in step.arguments:
        if argument.source is not Source.CONFIG:
            yield _quoted(f"--{argument.name}={text_of(argument.value)}")
        elif argument.type.is_list:
            yield f"--{argument.name}=[]"
        elif argument.type.kind == "bool":
            yield f"--no-{argument.name}"
    if step.config:
        yield f"${{{step.name}}}"


def rule_argv(template: str, step: str, values: Mapping[str, Value]) -> tuple[str, ...]:
    """The words of the rule's command that do what a stage's command does.

    ``template`` is the stage's command as dvc.yaml has it, ``values`` what params.yaml gives for
    ``step.name``. In the rule each such value is an option of its own.
    """
    config = {key.removeprefix(f"{step}."): value for key, value in values.items()}
    resets = {f"--no-{name}" for name in config} | {f"--{name}=[]" for name in config}
    words = [word for word in shlex.split(template) if word != f"${{{step}}}"]
    fixed = [word.replace("\\${", "${") for word in words if word not in resets]
    return (*fixed, *(f"--{name}={text_of(value)}" for name, value in config.items()))


def _quoted(word: str) -> str:
    """A word that both the shell and DVC's templates read as it is."""
    return shlex.quote(word).replace("${", "\\${")


def render_stage(step: Step) -> dict[str, Any]:
    """The stage in the order in which DVC writes its keys; empty keys are left out."""
    stage = {
        "desc": _escaped(step.description.partition("\n")[0].strip()),
        "cmd": command(step),
        "deps": sorted({_escaped(path) for path in (step.script, *_paths(step.inputs))}),
        "params": sorted(f"{step.name}.{argument.name}" for argument in step.config),
        "outs": _outs(step, Role.OUT, Role.PERSIST),
        "metrics": _outs(step, Role.METRIC),
        "plots": _outs(step, Role.PLOT),
        "meta": {OWNER: _escaped(step.notebook)},
    }
    return {key: value for key, value in stage.items() if value}


def _paths(artifacts: tuple[Artifact, ...]) -> Iterator[str]:
    return (artifact.path for artifact in artifacts)


def _escaped(text: str) -> str:
    return text.replace("${", "\\${")


def _outs(step: Step, *roles: Role) -> list[Any]:
    outs = sorted(
        (out for out in step.outputs if out.role in roles), key=lambda artifact: artifact.path
    )
    return [
        {_escaped(out.path): {"persist": True}} if out.role is Role.PERSIST else _escaped(out.path)
        for out in outs
    ]


def render_dvc_file(pipeline: Pipeline, text: str) -> str:
    """dvc.yaml with the pipeline's stages; ``text`` is the file as it is, "" for none.

    Stages that a person wrote stay as they are, with their comments; of ours, those of vanished
    notebooks go. Raises :class:`PipelineError` when a step's name is taken by a person's stage.
    """
    document = _load(text)
    stages = document["stages"]
    rendered = {step.name: render_stage(step) for step in pipeline.steps}
    changed = not text
    for name, stage in list(stages.items()):
        if is_ours(stage) and name not in rendered:
            del stages[name]
            changed = True
    for step in pipeline.steps:
        if step.name in stages and not is_ours(stages[step.name]):
            raise PipelineError(
                f"the stage {step.name!r} is not generated, but {step.notebook} gives that name",
                where=Where(DVC_FILE, line=stages.lc.key(step.name)[0] + 1),
                hint="rename the notebook or the stage",
            )
        if stages.get(step.name) != rendered[step.name]:
            stages[step.name] = _folded(rendered[step.name])
            changed = True
    return _dump(document, text) if changed else text


def is_ours(stage: object) -> bool:
    """Whether a stage of dvc.yaml was generated."""
    meta = stage.get("meta") if isinstance(stage, dict) else None
    return isinstance(meta, dict) and OWNER in meta


def _folded(stage: dict[str, Any]) -> dict[str, Any]:
    """Write a command one option a line, where this reads back as the same text."""
    words = stage["cmd"].split(" ")
    if len(stage["cmd"]) <= 80 or shlex.split(stage["cmd"]) != words:
        return stage
    folded = FoldedScalarString(stage["cmd"])
    breaks = [i for i, char in enumerate(stage["cmd"]) if char == " "]
    folded.fold_pos = breaks[1:]
    return {**stage, "cmd": folded}


def _load(text: str) -> CommentedMap:
    try:
        document = _yaml(text).load(text) or CommentedMap()
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        reason = getattr(error, "problem", None) or error
        raise PipelineError(
            f"is not valid YAML: {reason}",
            where=Where(DVC_FILE, None, line),
            hint="mend it, or restore it: git checkout dvc.yaml",
        ) from None
    stages = document.get("stages") if isinstance(document, CommentedMap) else False
    if stages is not None and not isinstance(stages, dict):
        raise PipelineError(
            "has no mapping of stages", where=Where(DVC_FILE), hint="write them below 'stages:'"
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
    yaml.width = 4096  # never fold a text of the user's
    yaml.preserve_quotes = True
    if _INDENTED_LIST.search(text):
        yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml
