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
from nbsnake.model import (
    PARAMS_FILE,
    Argument,
    Artifact,
    Pipeline,
    Role,
    Source,
    Step,
)
from nbsnake.paramtype import Value, text_of
from nbsnake.quote import MAX_WORD, fits_command, verbatim
from nbsnake.values import OPTION, STDIN, values_path

DVC_FILE = "dvc.yaml"
_INDENTED_LIST = re.compile(r"^( *)[\w-]+:[ ]*\n\1  - ", re.MULTILINE)
_BREAK = re.compile(r" (?=--|\$\{|\| |&& )")
OWNER = "nbsnake"  # the key below a stage's ``meta`` that names the notebook it comes from
AUTHORED = "dvc-cmd"  # the key there that says that the command is the author's own


def command(step: Step) -> str:
    """The stage's command, with ``${step}`` for the values of params.yaml.

    DVC unpacks such a mapping as options, and quotes them; nothing else can paste a text safely.
    It leaves out what is false or an empty list, so that these are reset in front. Values that DVC
    cannot unpack reach the script through a pipe.
    """
    if step.command:
        return verbatim(step.command.text)
    if takes_values_file(step):
        words = [*_fixed_words(step), STDIN]
        return f"nbsnake params {step.name} | {' '.join(words)}"
    return " ".join([*_fixed_words(step), *_config_words(step)])


def takes_values_file(step: Step) -> bool:
    """Whether one of the step's values in params.yaml is more than a command can hold."""
    texts = [text_of(argument.value) for argument in step.config]
    return not all(map(_fits_template, step.config)) or sum(map(len, texts)) > 10 * MAX_WORD


def _fits_template(argument: Argument) -> bool:
    if argument.type.optional or argument.type.kind == "dict":
        return False
    items = argument.value if isinstance(argument.value, list) else [argument.value]
    texts = [item for item in items if isinstance(item, str)]
    if argument.type.is_list and any(text.startswith("-") for text in texts):
        return False  # DVC writes items as words of their own, where they look like options
    return all(fits_command(text) and "\\${" not in text for text in texts)


def _fixed_words(step: Step) -> Iterator[str]:
    yield "python"
    yield _quoted(step.script)
    for argument in step.arguments:
        if argument.source is not Source.CONFIG and is_told(argument):
            yield _quoted(f"--{argument.name}={text_of(argument.value)}")


def is_told(argument: Argument) -> bool:
    """Whether the command names the value; the script's own default does where it cannot."""
    return argument.value is not None and fits_command(text_of(argument.value))


def _config_words(step: Step) -> Iterator[str]:
    for argument in step.config:
        if argument.type.is_list:
            yield f"--{argument.name}=[]"
        elif argument.type.is_flag:
            yield f"--no-{argument.name}"
    if step.config:
        yield f"${{{step.name}}}"


def rule_argv(
    template: Mapping[str, Any], step: str, values: Mapping[str, Value]
) -> tuple[str, ...]:
    """The words of the rule's command that do what a stage's command does.

    ``template`` is the stage as dvc.yaml has it, ``values`` what params.yaml gives for
    ``step.name``. In the rule each such value is an option of its own, or all are in one file; a
    command that the author wrote is for a shell.
    """
    cmd: str = template["cmd"]
    if template["meta"].get(AUTHORED):
        return ("bash", "-c", _unescaped(cmd))
    config = {key.removeprefix(f"{step}."): value for key, value in values.items()}
    piped = f"nbsnake params {step} | "
    if cmd.startswith(piped):
        words = [_unescaped(word) for word in shlex.split(cmd.removeprefix(piped))]
        file = f"{OPTION}={values_path(step, config)}"
        return tuple(file if word == STDIN else word for word in words)
    resets = {f"--no-{name}" for name in config} | {f"--{name}=[]" for name in config}
    words = [word for word in shlex.split(cmd) if word != f"${{{step}}}"]
    fixed = [_unescaped(word) for word in words if word not in resets]
    return (*fixed, *(f"--{name}={text_of(value)}" for name, value in config.items()))


def _quoted(word: str) -> str:
    """A word that both the shell and DVC's templates read as it is."""
    return shlex.quote(word).replace("${", "\\${")


def _unescaped(text: str) -> str:
    return text.replace("\\${", "${")


def render_stage(step: Step) -> dict[str, Any]:
    """The stage in the order in which DVC writes its keys; empty keys are left out."""
    stage = {
        "desc": verbatim(step.description.partition("\n")[0].strip()),
        "cmd": command(step),
        "deps": sorted({verbatim(path) for path in (step.script, *_paths(step.inputs))}),
        "params": _params(step),
        "outs": _outs(step, Role.OUT, Role.PERSIST),
        "metrics": _outs(step, Role.METRIC),
        "plots": _outs(step, Role.PLOT),
        "meta": {OWNER: verbatim(step.notebook), **({AUTHORED: True} if step.command else {})},
    }
    return {key: value for key, value in stage.items() if value}


def _paths(artifacts: tuple[Artifact, ...]) -> Iterator[str]:
    return (artifact.path for artifact in artifacts)


def _outs(step: Step, *roles: Role) -> list[Any]:
    outs = sorted(
        (out for out in step.outputs if out.role in roles), key=lambda artifact: artifact.path
    )
    return [_out(out) for out in outs]


def _out(out: Artifact) -> Any:
    flags = {} if out.cache else {"cache": False}
    flags |= {"persist": True} if out.role is Role.PERSIST else {}
    return {verbatim(out.path): flags} if flags else verbatim(out.path)


def _params(step: Step) -> list[Any]:
    """The keys of params.yaml, then those of other files that the author's command names."""
    own = [f"{step.name}.{argument.name}" for argument in step.config] if not step.command else []
    named = dict(step.command.params if step.command else ())
    keys = sorted({*own, *named.pop(PARAMS_FILE, ())})
    return [*keys, *({file: list(keys)} for file, keys in named.items())]


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
                hint="rename the notebook or the stage, or name the step with ':step: name'",
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
    folded.fold_pos = [match.start() for match in _BREAK.finditer(stage["cmd"])]
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
