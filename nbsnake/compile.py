"""From what the authors wrote to steps and a pipeline in which all is bound and checked. Pure."""

import difflib
import keyword
import re
from collections.abc import Iterable, Mapping, Sequence

from nbsnake.errors import NbsnakeError, PipelineError, Where, raise_all
from nbsnake.model import Argument, Pipeline, Source, Step
from nbsnake.paramtype import ParamType, Value, text_of, type_of
from nbsnake.spec import ParamSpec, StepSpec

PARAMS_FILE = "params.yaml"
TAKEN_NAMES = ("all", "common", "sync")


def step_name(notebook: str) -> str:
    """The step's name: the notebook's file name, made a word that all three tools accept.

    Lower case; every run of other characters than letters, digits and ``_`` becomes one ``_``; a
    name that begins with a digit gets ``step_`` in front.
    """
    stem = notebook.rpartition("/")[2].removesuffix(".ipynb")
    name = re.sub(r"[^a-z0-9_]+", "_", stem.lower())
    return f"step_{name}" if name[:1].isdigit() else name


def compile_pipeline(specs: Iterable[StepSpec], params: Mapping[str, Value]) -> Pipeline:
    """Bind every parameter and link the steps; ``params`` is what params.yaml holds.

    Raises :class:`NbsnakeError`, all that can be found at once together.
    """
    specs = list(specs)
    steps, faults = [], _section_faults([step_name(spec.notebook) for spec in specs], params)
    for spec in specs:
        try:
            steps.append(compile_step(spec, params.get(step_name(spec.notebook))))
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
    name = step_name(spec.notebook)
    if name in TAKEN_NAMES or keyword.iskeyword(name):
        raise PipelineError(
            f"the step would be called {name!r}, a name that Snakemake or nbsnake needs itself",
            where=Where(spec.notebook),
            hint="rename the notebook",
        )
    faults: list[NbsnakeError] = []
    config = _check_config(spec, name, params, faults)
    extras = _read_extras(spec, faults)
    paths = {each.param: each.path + "/" * each.is_dir for each in spec.artifacts}
    arguments = []
    for param in spec.params:
        try:
            arguments.append(_bind(param, paths, config, extras, name))
        except NbsnakeError as fault:
            faults.append(fault)
    if not any(artifact.is_output for artifact in spec.artifacts):
        faults.append(
            PipelineError(
                "the step declares no output",
                where=spec.where,
                hint="name a file that it writes with ':dvc-out: path'",
            )
        )
    raise_all(faults)
    return Step(
        name=name,
        notebook=spec.notebook,
        description=spec.description,
        arguments=tuple(sorted(arguments, key=lambda argument: argument.source != Source.FILE)),
        artifacts=spec.artifacts,
        cells=spec.cells,
        metadata=spec.metadata,
        unassigned=spec.unassigned,
        where=spec.where,
    )


def _check_config(
    spec: StepSpec, name: str, params: Value, faults: list[NbsnakeError]
) -> Mapping[str, Value]:
    """The step's values in params.yaml; every one of them must be a parameter that it has."""
    if params is None:
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
    paths: Mapping[str | None, str],
    config: Mapping[str, Value],
    extras: Mapping[str, tuple[Sequence[str], Where]],
    step: str,
) -> Argument:
    if param.name in paths:
        if param.name in config:
            raise PipelineError(
                f"{step}.{param.name} is given here, but the parameter carries a file",
                where=Where(PARAMS_FILE),
                hint=f"remove it; the path stands in the notebook: {param.where}",
            )
        path = paths[param.name]
        return _argument(param, ParamType("str"), Source.FILE, path, path)
    if param.name in config:
        value, source, where = config[param.name], Source.CONFIG, Where(PARAMS_FILE)
    elif param.name in extras:
        words, where = extras[param.name]
        declared = param.type or (type_of(param.literal) if param.has_literal else None)
        value, source = _parse(declared or ParamType("str"), words, param, where), Source.LITERAL
    elif param.has_literal:
        value, source, where = param.literal, Source.LITERAL, param.where
    else:
        raise PipelineError(
            f"the parameter {param.name!r} has no value",
            where=param.where,
            hint=f"assign it a literal in this cell, or set {step}.{param.name} in {PARAMS_FILE}",
        )
    kind = param.type or type_of(param.literal if param.has_literal else value)
    if not kind.accepts(value):
        raise PipelineError(
            f"the value {value!r} of {step}.{param.name} is not of the type {kind}",
            where=where,
            hint=f"the parameter is declared in {param.where}",
        )
    if any(char in text_of(value) for char in "\n\r"):
        raise PipelineError(
            f"the value of {step}.{param.name} holds a line break",
            where=where,
            hint="DVC runs a command line by line; read such a text from a file instead",
        )
    default = param.literal if source is Source.CONFIG else value
    return _argument(param, kind, source, value, default)


def _argument(
    param: ParamSpec, kind: ParamType, source: Source, value: Value, default: Value
) -> Argument:
    return Argument(
        name=param.name,
        type=kind,
        help=param.help,
        source=source,
        value=value,
        default=default,
        where=param.where,
    )


def _parse(kind: ParamType, words: Sequence[str], param: ParamSpec, where: Where) -> Value:
    try:
        return kind.parse(list(words))
    except ValueError as error:
        raise PipelineError(
            f"':dvc-extra:' gives {param.name!r} no {kind}: {error}", where=where
        ) from None


def _read_extras(
    spec: StepSpec, faults: list[NbsnakeError]
) -> dict[str, tuple[Sequence[str], Where]]:
    """The words that ``:dvc-extra:`` gives to each parameter it names.

    ``--name value``, ``--name=value`` and, as MLV-tools wrote them, dashes for underscores; a
    flag alone means true, ``--no-flag`` false.
    """
    names = {param.name.replace("_", "-"): param.name for param in spec.params}
    extras: dict[str, tuple[Sequence[str], Where]] = {}
    words = iter(spec.extras)
    pending = next(words, None)
    while pending is not None:
        (option, where), values = pending, []
        pending = None
        for word, place in words:
            if word.startswith("--"):
                pending = word, place
                break
            values.append(word)
        flag, equals, value = option.removeprefix("--").partition("=")
        name = names.get(flag.replace("_", "-"))
        if equals:
            values.insert(0, value)
        elif name is None and not values and flag.startswith("no-"):
            name, values = names.get(flag[3:].replace("_", "-")), ["false"]
        if not option.startswith("--") or name is None:
            near = difflib.get_close_matches(flag, names, n=1)
            faults.append(
                PipelineError(
                    f"':dvc-extra:' passes {option!r}, which is no parameter of this notebook",
                    where=where,
                    hint=f"did you mean '--{near[0]}'?" if near else "declare it with ':param'",
                )
            )
            continue
        extras[name] = (values or ["true"], where)
    return extras
