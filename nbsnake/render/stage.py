"""A pipeline as the stages of dvc.yaml."""

import shlex
from collections.abc import Iterable, Iterator
from typing import Any

from nbsnake.model.paramtype import text_of
from nbsnake.model.quote import MAX_WORD, fits_command, verbatim
from nbsnake.model.step import Argument, Artifact, Role, Source, Step
from nbsnake.model.variants import Variant, fill
from nbsnake.names import PARAMS_FILE
from nbsnake.render.values import STDIN

OWNER = "nbsnake"  # the key below a stage's ``meta`` that names the notebook it comes from
AUTHORED = "dvc-cmd"  # the key there that says that the command is the author's own
FAN_IN = "fan-in"  # the key there for paths that mean all variants of another stage
KEYS = "keys"  # the key there for parameters that take values of another name
LISTS = "lists"  # the key there for the lists of params.yaml that a foreach was written from


def command(step: Step) -> str:
    """The stage's command, with ``${section}`` for the values of params.yaml.

    DVC unpacks such a mapping as options, and quotes them; nothing else can paste a text safely.
    It leaves out what is false or an empty list, so that these are reset in front. Values that DVC
    cannot unpack, or not all of a section, reach the script through a pipe.
    """
    if step.command:
        return verbatim(step.command.text)
    if takes_values_file(step):
        words = [*_fixed_words(step), STDIN]
        return f"nbsnake params {variant_name(step)} | {' '.join(words)}"
    return " ".join([*_fixed_words(step), *_config_words(step)])


def variant_name(step: Step) -> str:
    """The name of the stage, or of each of its variants as DVC fills it in."""
    return f"{step.name}@${{key}}" if step.axes else step.name


def takes_values_file(step: Step) -> bool:
    """Whether the step takes values that a command cannot hold, or that DVC cannot paste there."""
    if any(map(is_in_file, step.arguments)):
        return True
    texts = [text_of(argument.value) for argument in step.config]
    # With files for each value, the form is the same before and after one of them gives a value.
    pastes = step.section and not any(axis.has_files for axis in step.axes)
    fits = all(map(_fits_template, step.config)) and sum(map(len, texts)) <= 10 * MAX_WORD
    return bool(step.config) and not (pastes and fits)


def is_in_file(argument: Argument) -> bool:
    """Whether paths are too many for a command; there are only as many of a fan-in."""
    return argument.source is Source.FILE and argument.required and not is_passed(argument)


def _fits_template(argument: Argument) -> bool:
    if argument.type.optional or argument.type.kind in ("dict", "json"):
        return False
    items = argument.value if isinstance(argument.value, list) else [argument.value]
    texts = [item for item in items if isinstance(item, str)]
    if argument.type.is_list and any(text.startswith("-") for text in texts):
        return False  # DVC writes items as words of their own, where they look like options
    return all(fits_command(text) and "\\${" not in text for text in texts)


def _fixed_words(step: Step) -> Iterator[str]:
    if step.reports:
        paths = (_with_axes(path, step) for path in step.reports)
        yield from ("nbsnake", "record", *paths, "--")
    yield "python"
    yield _quoted(step.script)
    for argument in step.arguments:
        if argument.source is not Source.CONFIG and is_passed(argument):
            yield _word(f"--{argument.name}={text_of(argument.value)}", argument, step)


def _word(text: str, argument: Argument, step: Step) -> str:
    """An option of which axes may be a part; their values need no quotes."""
    if argument.source is Source.LITERAL:
        return _quoted(text)
    for artifact in step.artifacts:
        if artifact.param == argument.name and artifact.overrides:
            return f"--{argument.name}=${{item.{argument.name}.word}}"
    return _with_axes(text, step)


def _with_axes(text: str, step: Step) -> str:
    filled = {axis.name: f"${{item.{axis.name}}}" for axis in step.axes}
    return fill(verbatim(quoted_pattern(text, filled)), filled)


def quoted_pattern(text: str, names: Iterable[str]) -> str:
    """A word for a shell, with ``{axis}`` left in it: the values of axes need no quotes."""
    bare = fill(text, dict.fromkeys(names, "x"))
    return text if shlex.quote(bare) == bare else shlex.quote(text)


def is_passed(argument: Argument) -> bool:
    """Whether the command names the value; the script's own default does where it cannot."""
    return argument.value is not None and fits_command(text_of(argument.value))


def _config_words(step: Step) -> Iterator[str]:
    for argument in step.config:
        if argument.type.is_list:
            yield f"--{argument.name}=[]"
        elif argument.type.is_flag:
            yield f"--no-{argument.name}"
    if step.config:
        yield f"${{{step.section}}}"


def _quoted(word: str) -> str:
    """A word that both the shell and DVC's templates read as it is."""
    return verbatim(shlex.quote(word))


def render_stage(step: Step) -> dict[str, Any]:
    """The stage in the order in which DVC writes its keys; empty keys are left out.

    Variants that differ in nothing but their axes are a ``matrix``. Where overlays come in, a
    ``foreach`` has a row for each: its axes, and what it takes from which file.
    """
    if not step.axes:
        return _body(step)
    if not step.has_overlays:
        lists = {
            axis.name: f"${{{axis.key}}}" if axis.key else [*axis.values] for axis in step.axes
        }
        return {"matrix": lists, **_body(step)}
    rows = {variant.key: _row(step, variant) for variant in step.variants}
    return {"foreach": rows, "do": _body(step)}


def _body(step: Step) -> dict[str, Any]:
    stage = {
        "desc": verbatim(step.description.partition("\n")[0].strip()),
        "cmd": command(step),
        "deps": sorted({*map(verbatim, (step.script, *step.undeclared)), *_deps(step)}),
        "params": _params(step),
        "outs": _outs(step, Role.OUT, Role.PERSIST, Role.NOTEBOOK),
        "metrics": _outs(step, Role.METRIC),
        "plots": _outs(step, Role.PLOT),
        "meta": _meta(step),
    }
    return {key: value for key, value in stage.items() if value}


def _meta(step: Step) -> dict[str, Any]:
    """What marks a stage as generated, and what only nbsnake reads of it."""
    fan_ins = {each.param: each.path for each in step.inputs if each.fan_in}
    lists = {axis.name: axis.key for axis in step.axes if axis.key and step.has_overlays}
    keys = {each.name: each.key for each in step.config if each.key.split(".")[-1] != each.name}
    return {
        OWNER: verbatim(step.notebook),
        **({AUTHORED: True} if step.command else {}),
        **({FAN_IN: fan_ins} if fan_ins else {}),
        **({LISTS: lists} if lists else {}),
        **({KEYS: keys} if keys else {}),
    }


def _row(step: Step, variant: Variant) -> dict[str, Any]:
    """One variant's axes, and the files, keys and paths in which overlays make it differ."""
    texts = zip(step.axes, variant.values.values(), strict=True)
    row: dict[str, Any] = {axis.name: axis.values[axis.texts.index(text)] for axis, text in texts}
    for argument in step.arguments:
        if argument.overrides:
            file, key = PARAMS_FILE, argument.key
            for override in argument.overrides:
                if override.holds_for(variant):
                    file, key = override.overlay.file, override.key
            row[argument.name] = {"file": file, "key": key}
    for artifact in step.artifacts:
        if artifact.overrides and artifact.param:
            path = artifact.paths(variant)[0]
            row[artifact.param] = {"path": path, "word": shlex.quote(path + "/" * artifact.is_dir)}
    return row


def _filled(text: str, step: Step) -> str:
    return fill(verbatim(text), {axis.name: f"${{item.{axis.name}}}" for axis in step.axes})


def _deps(step: Step) -> Iterator[str]:
    for artifact in step.inputs:
        if artifact.overrides:
            yield f"${{item.{artifact.param}.path}}"
        else:
            yield from (_filled(path, step) for path in artifact.patterns)


def _outs(step: Step, *roles: Role) -> list[Any]:
    outs = sorted(
        (out for out in step.outputs if out.role in roles), key=lambda artifact: artifact.path
    )
    return [_out(out, step) for out in outs]


def _out(out: Artifact, step: Step) -> Any:
    flags = {} if out.cache else {"cache": False}
    flags |= {"persist": True} if out.role is Role.PERSIST else {}
    path = _filled(out.path, step)
    return {path: flags} if flags else path


def _params(step: Step) -> list[Any]:
    """The keys of params.yaml, then those of other files."""
    config = () if step.command else step.config
    own = [argument.key for argument in config if not argument.overrides]
    named = dict(step.command.params if step.command else ())
    keys = sorted({*own, *named.pop(PARAMS_FILE, ())})
    others: list[dict[str, list[str]]] = [{file: list(keys)} for file, keys in named.items()]
    others += [
        {f"${{item.{argument.name}.file}}": [f"${{item.{argument.name}.key}}"]}
        for argument in config
        if argument.overrides
    ]
    return [*keys, *others]


def is_ours(stage: object) -> bool:
    """Whether a stage of dvc.yaml was generated."""
    if not isinstance(stage, dict):
        return False
    body = stage["do"] if isinstance(stage.get("do"), dict) else stage
    meta = body.get("meta")
    return isinstance(meta, dict) and OWNER in meta
