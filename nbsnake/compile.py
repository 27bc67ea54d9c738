"""From what the authors wrote to steps and a pipeline in which all is bound and checked. Pure."""

import difflib
import keyword
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from nbsnake.errors import NbsnakeError, PipelineError, Where, raise_all
from nbsnake.model import PARAMS_FILE, Argument, Pipeline, Source, Step
from nbsnake.paramspec import ParamSpec
from nbsnake.paramtype import ParamType, Value, type_of
from nbsnake.spec import StepSpec

TAKEN_NAMES = ("all", "common", "sync")
TEXT = ParamType("str")


class Extra(NamedTuple):
    """``:dvc-extra:`` on one parameter: ``--name words`` or, ``negated``, ``--no-name``."""

    words: tuple[str, ...]
    negated: bool
    where: Where


def compile_pipeline(specs: Iterable[StepSpec], params: Mapping[str, Value]) -> Pipeline:
    """Bind every parameter and link the steps; ``params`` is what params.yaml holds.

    Raises :class:`NbsnakeError`, all that can be found at once together.
    """
    specs = list(specs)
    steps, faults = [], _section_faults([spec.name for spec in specs], params)
    for spec in specs:
        try:
            steps.append(compile_step(spec, params.get(spec.name)))
        except NbsnakeError as fault:
            faults.append(fault)
    raise_all(faults)
    return Pipeline(tuple(steps))


def _section_faults(steps: list[str], params: Mapping[str, Value]) -> list[NbsnakeError]:
    """A mapping in params.yaml that is named almost like a step, but like none, is a slip."""
    faults: list[NbsnakeError] = []
    for key, value in params.items():
        near = difflib.get_close_matches(str(key), steps, n=1, cutoff=0.8)
        if key not in steps and isinstance(value, dict) and near and near[0] not in params:
            faults.append(
                PipelineError(
                    f"no step is called {key!r}",
                    where=Where(PARAMS_FILE),
                    hint=f"did you mean {near[0]!r}?",
                )
            )
    return faults


def compile_step(spec: StepSpec, params: Value) -> Step:
    """Bind the parameters of one step.

    ``params`` is the step's mapping in params.yaml, None where there is none. A value comes from,
    first wins: the path of the artifact it carries, ``params``, ``:dvc-extra:``, the literal.
    """
    name = spec.name
    if name in TAKEN_NAMES or keyword.iskeyword(name):
        raise PipelineError(
            f"the step would be called {name!r}, a name that Snakemake or nbsnake needs itself",
            where=Where(spec.notebook),
            hint="rename the notebook, or name the step with ':step: name' in its docstring",
        )
    faults: list[NbsnakeError] = []
    config = _check_config(spec, name, params, faults)
    extras = _read_extras(spec, faults)
    paths = _paths(spec)
    arguments = []
    for param in spec.params:
        try:
            arguments.append(_bind(param, paths, config, extras, spec))
        except NbsnakeError as fault:
            faults.append(fault)
    if not any(artifact.is_output for artifact in spec.artifacts):
        faults.append(
            PipelineError(
                "the step declares no output",
                where=spec.where,
                hint="name a file that it writes: dvc run -o PATH ..."
                if spec.command
                else "name a file that it writes with ':dvc-out: path'",
            )
        )
    raise_all(faults)
    return Step(
        name=name,
        program=spec.program,
        arguments=tuple(sorted(arguments, key=lambda argument: argument.source != Source.FILE)),
        artifacts=spec.artifacts,
        where=spec.where,
        command=spec.command,
    )


def script_arguments(spec: StepSpec) -> tuple[Argument, ...]:
    """The parameters of a notebook's script alone: what has no value must be told when it runs."""
    paths = _paths(spec)
    return tuple(
        _file_argument(param, paths[param.name])
        if param.name in paths
        else _argument(param, _type_of(param), Source.LITERAL, param.literal)
        for param in spec.params
    )


def _paths(spec: StepSpec) -> dict[str, list[str]]:
    """The paths that each parameter carries; a folder's ends in a slash."""
    paths: dict[str, list[str]] = {}
    for each in spec.artifacts:
        if each.param:
            paths.setdefault(each.param, []).append(each.path + "/" * each.is_dir)
    return paths


def _check_config(
    spec: StepSpec, name: str, params: Value, faults: list[NbsnakeError]
) -> Mapping[str, Value]:
    """The step's values in params.yaml; every one of them must be a parameter that it has."""
    if params is None or spec.command:  # its author tells the script what it needs
        return {}
    if not isinstance(params, dict):
        faults.append(
            PipelineError(
                f"{name!r} is the name of a step ({spec.notebook}) but holds no mapping",
                where=Where(PARAMS_FILE),
                hint=f"write the step's parameters below '{name}:'",
            )
        )
        return {}
    names = [param.name for param in spec.params]
    for key in params:
        if key not in names:
            near = difflib.get_close_matches(str(key), names, n=1)
            faults.append(
                PipelineError(
                    f"{name}.{key} is not a parameter of {spec.notebook}",
                    where=Where(PARAMS_FILE),
                    hint=f"did you mean {near[0]!r}?"
                    if near
                    else f"declare it there with ':param {key}: what it is'",
                )
            )
    return params


def _bind(
    param: ParamSpec,
    paths: Mapping[str, list[str]],
    config: Mapping[str, Value],
    extras: Mapping[str, Extra],
    spec: StepSpec,
) -> Argument:
    if param.name in paths:
        if param.name in config:
            raise PipelineError(
                f"{spec.name}.{param.name} is given here, but the parameter carries a file",
                where=Where(PARAMS_FILE),
                hint=f"remove it; the path stands in the notebook: {param.where}",
            )
        return _file_argument(param, paths[param.name])
    if param.name in config:
        value, source, where = config[param.name], Source.CONFIG, Where(PARAMS_FILE)
    elif param.name in extras:
        words, negated, where = extras[param.name]
        value, source = _parse(param, words, where, negated=negated), Source.LITERAL
    elif param.has_literal or (param.type and param.type.optional):
        value, source, where = param.literal, Source.LITERAL, param.where
    elif spec.command:
        return _argument(param, _type_of(param), Source.LITERAL, None)
    else:
        raise PipelineError(
            f"the parameter {param.name!r} has no value",
            where=param.where,
            hint=f"assign it a literal in this cell, or set {spec.name}.{param.name} "
            f"in {PARAMS_FILE}",
        )
    kind = param.type or type_of(param.literal if param.has_literal else value)
    if not kind.accepts(value):
        raise PipelineError(
            f"the value {_shown(value)} of {spec.name}.{param.name} is not of the type {kind}",
            where=where,
            hint=f"{_advice(kind, value)}the parameter is declared in {param.where}",
        )
    return _argument(param, kind, source, value)


def _advice(kind: ParamType, value: Value) -> str:
    if kind.is_flag:
        return "write true or false; "
    if kind.kind == "dict" and isinstance(value, dict):
        return "its keys must be texts, its values what JSON can say; "
    return f"{kind} | None allows null; " if value is None else ""


def _shown(value: Value) -> str:
    text = repr(value)
    return text if len(text) < 100 else f"{text[:80]}..."


def _type_of(param: ParamSpec) -> ParamType:
    return param.type or (type_of(param.literal) if param.has_literal else TEXT)


def _file_argument(param: ParamSpec, paths: list[str]) -> Argument:
    kind = param.type or TEXT
    value: Value = list(paths) if kind.is_list else paths[0]
    return Argument(
        name=param.name,
        type=kind,
        help=param.help,
        source=Source.FILE,
        value=value,
        default=value,
        required=False,
        where=param.where,
    )


def _argument(param: ParamSpec, kind: ParamType, source: Source, value: Value) -> Argument:
    """A parameter with a value; the script's default is never one of params.yaml."""
    default = param.literal if source is Source.CONFIG else value
    return Argument(
        name=param.name,
        type=kind,
        help=param.help,
        source=source,
        value=value,
        default=default,
        required=default is None and not kind.optional,
        where=param.where,
    )


def _parse(param: ParamSpec, words: Sequence[str], where: Where, *, negated: bool) -> Value:
    """The value that ``:dvc-extra:`` gives; a flag alone is true, ``--no-flag`` false or None."""
    kind = _type_of(param)
    if negated and not kind.is_flag:
        return None
    if kind.is_flag and not words:
        return not negated
    try:
        return kind.parse(list(words))
    except ValueError as error:
        raise PipelineError(
            f"':dvc-extra:' gives {param.name!r} no {kind}: {error}",
            where=where,
            hint=f"the parameter is declared in {param.where}",
        ) from None


def _read_extras(spec: StepSpec, faults: list[NbsnakeError]) -> dict[str, Extra]:
    """What ``:dvc-extra:`` gives to each parameter it names.

    ``--name value``, ``--name=value`` and, as MLV-tools wrote them, dashes for underscores.
    """
    names = {param.name.replace("_", "-"): param.name for param in spec.params}
    extras: dict[str, Extra] = {}
    for option, words, where in _options(spec.extras):
        flag, equals, value = option.removeprefix("--").partition("=")
        values = (value, *words) if equals else words
        plain = flag.replace("_", "-")
        negated = plain not in names and not values and plain.removeprefix("no-") in names
        name = names.get(plain.removeprefix("no-") if negated else plain)
        if option.startswith("--") and name:
            extras[name] = Extra(values, negated, where)
            continue
        near = difflib.get_close_matches(flag, names, n=1)
        faults.append(
            PipelineError(
                f"':dvc-extra:' passes {option!r}, which is no parameter of this notebook",
                where=where,
                hint=f"did you mean '--{near[0]}'?" if near else "declare it with ':param'",
            )
        )
    return extras


def _options(words: Iterable[tuple[str, Where]]) -> Iterator[tuple[str, tuple[str, ...], Where]]:
    """Each option with the words behind it; a word that no option precedes comes alone."""
    option: tuple[str, list[str], Where] | None = None
    for word, where in words:
        if option and not word.startswith("--"):
            option[1].append(word)
            continue
        if option:
            yield option[0], tuple(option[1]), option[2]
        option = (word, [], where)
    if option:
        yield option[0], tuple(option[1]), option[2]
