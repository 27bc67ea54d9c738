"""From what the authors wrote to steps and a pipeline in which all is bound and checked.

Files are read only to tell the line of a fault.
"""

import difflib
import keyword
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from nbsnake.artifacts import path_fault
from nbsnake.binding import Given, bind, find_overrides, is_literal, read_extras
from nbsnake.errors import NbsnakeError, PipelineError, Where, raise_all
from nbsnake.foreach import resolve
from nbsnake.model import (
    PARAMS_FILE,
    Argument,
    Artifact,
    FanIn,
    Overlay,
    Override,
    Pipeline,
    Role,
    Source,
    Step,
    script_path,
)
from nbsnake.overlays import OverlaySet
from nbsnake.paramtype import Value
from nbsnake.places import place_of
from nbsnake.project import fits_params
from nbsnake.seeding import Seeds, with_seeds
from nbsnake.spec import StepSpec
from nbsnake.uses import Use
from nbsnake.variants import names_in

TAKEN_NAMES = ("all", "common", "sync")


def compile_pipeline(
    specs: Iterable[StepSpec],
    params: Mapping[str, Any],
    uses: Sequence[Use] = (),
    overlays: Sequence[OverlaySet] = (),
    seeds: Seeds = {},  # noqa: B006  (never changed)
) -> Pipeline:
    """Bind every parameter and link the steps; ``params`` is what params.yaml holds.

    ``seeds`` are the values that it is to get besides.

    Raises :class:`NbsnakeError`, all that can be found at once together.
    """
    faults: list[NbsnakeError] = []
    bound = with_seeds(params, seeds)
    given = _linked([*_uses_of(list(specs), uses, bound, overlays, faults)], faults)
    faults += _section_faults(given, params)
    faults += _overlay_faults(given, params, overlays)
    steps: dict[str, Step] = {}
    for each in given:
        own = steps.get(each.spec.name)
        types = {arg.name: arg.type for arg in own.arguments} if own else {}
        try:
            steps.setdefault(each.name, step := _compile(replace(each, types=types)))
            if steps[each.name] is not step:
                faults.append(_same_name(steps[each.name], each))
        except NbsnakeError as fault:
            faults.append(fault)
    raise_all(faults)
    return Pipeline(tuple(steps.values()))


def find_seeds(
    specs: Iterable[StepSpec],
    params: Mapping[str, Any],
    uses: Sequence[Use] = (),
    overlays: Sequence[OverlaySet] = (),
) -> dict[str, dict[str, Value]]:
    """The literals of notebooks to which params.yaml has no entry yet, by step and parameter."""
    seeds: dict[str, dict[str, Value]] = {}
    for given in _uses_of(list(specs), uses, params, overlays, []):
        if given.name != given.spec.name or given.spec.command:
            continue
        if not isinstance(params.get(given.name) or {}, dict):
            continue
        extras = read_extras(given.spec, [])
        for param in given.spec.params:
            if is_literal(param, given, extras) and fits_params(param.literal):
                seeds.setdefault(given.name, {})[param.name] = param.literal
    return seeds


def compile_step(spec: StepSpec, params: Mapping[str, Any]) -> Step:
    """The notebook's own step, for itself. Raises as :func:`compile_pipeline` does."""
    return compile_pipeline([spec], params).steps[0]


def _same_name(step: Step, given: Given) -> NbsnakeError:
    return PipelineError(
        f"this notebook and {step.notebook} both give the step name {step.name!r}",
        where=given.use.place("name") if given.use else Where(given.spec.notebook),
        hint="rename one of the two, or name its step with ':step: name'",
    )


def _uses_of(
    specs: list[StepSpec],
    uses: Sequence[Use],
    params: Mapping[str, Any],
    overlays: Sequence[OverlaySet],
    faults: list[NbsnakeError],
) -> Iterator[Given]:
    """Each notebook's own step, and then its other uses."""
    notebooks = {spec.notebook: spec for spec in specs}
    for use in uses:
        if use.notebook not in notebooks:
            near = difflib.get_close_matches(use.notebook, notebooks, n=1)
            faults.append(
                PipelineError(
                    f"{use.notebook!r} is no notebook with a step",
                    where=use.place("notebook"),
                    hint=f"did you mean {near[0]!r}?"
                    if near
                    else f"notebooks: {', '.join(notebooks) or 'none'}",
                )
            )
    for spec in specs:
        ours = {use.name: use for use in uses if use.notebook == spec.notebook}
        for name in dict.fromkeys([spec.name, *ours]):
            try:
                yield _given(spec, name, ours.get(name), params, overlays)
            except NbsnakeError as fault:
                faults.append(fault)


def _given(
    spec: StepSpec,
    name: str,
    use: Use | None,
    params: Mapping[str, Any],
    overlays: Sequence[OverlaySet],
) -> Given:
    faults: list[NbsnakeError] = []
    artifacts = tuple(_artifacts_of_use(spec, use, faults) if use else spec.artifacts)
    if use:
        faults += _use_faults(spec, use)
        if name != spec.name:
            # Of what the use says nothing, the fault is that it says nothing.
            artifacts = tuple(
                replace(each, where=use.place()) if each.where.file == spec.notebook else each
                for each in artifacts
            )
    axes = []
    named = {axis for out in artifacts if out.is_output for axis in names_in(out.path)}
    declared = use.axes if use and (use.axes or name != spec.name) else spec.axes
    for axis_spec in declared:
        param = next((each for each in spec.params if each.name == axis_spec.name), None)
        try:
            axes.append(resolve(axis_spec, param, params))
        except NbsnakeError as fault:
            faults.append(fault)
    own = {axis.name for axis in declared}
    sets = [each for each in overlays if each.axis in named | own]
    for each in sets:
        if not each.files and each.axis not in own:
            faults.append(_no_files(each, artifacts))
    raise_all(faults)
    return Given(
        spec=spec,
        name=name,
        params=params,
        use=use,
        axes=(*(each.as_axis() for each in sets if each.axis not in own), *axes),
        overlays=tuple(sets),
        artifacts=artifacts,
    )


def _no_files(overlays: OverlaySet, artifacts: Iterable[Artifact]) -> NbsnakeError:
    out = next(each for each in artifacts if overlays.axis in names_in(each.path))
    return PipelineError(
        f"the path {out.path!r} names {{{overlays.axis}}}, but {overlays.folder}/ holds no file",
        where=out.where,
        hint=f"write {overlays.folder}/NAME.yaml, which may be empty, for each {overlays.axis}; "
        f"or declare it with ':foreach {overlays.axis}: ...'",
    )


def _use_faults(spec: StepSpec, use: Use) -> Iterator[NbsnakeError]:
    if spec.command:
        yield PipelineError(
            f"{spec.notebook} has a command of its own (':dvc-cmd:'), which has one use only",
            where=use.place(),
            hint="name its files with ':dvc-in' and ':dvc-out' instead",
        )
    names = [param.name for param in spec.params]
    for name in use.values:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            yield PipelineError(
                f"{name!r} is not a parameter of {spec.notebook}",
                where=use.place("values", name),
                hint=f"did you mean {near[0]!r}?"
                if near
                else f"declare it there with ':param {name}: what it is'",
            )


def _artifacts_of_use(spec: StepSpec, use: Use, faults: list[NbsnakeError]) -> Iterator[Artifact]:
    """The step's files, with the paths that the use gives to those that parameters carry."""
    done = set()
    for artifact in spec.artifacts:
        name = artifact.param or ""
        if name not in use.values:
            yield artifact
        elif name not in done:
            done.add(name)
            where = use.place("values", name)
            for path in _paths_of_value(use.values[name]):
                if fault := path_fault(path, artifact.role, where, f"'{name}:'"):
                    faults.append(fault)
                yield replace(
                    artifact,
                    path=posixpath.normpath(path),
                    is_dir=path.endswith("/"),
                    where=where,
                )


def _paths_of_value(value: object) -> list[str]:
    texts = value if isinstance(value, list) else [value]
    return [text if isinstance(text, str) else "" for text in texts]


def _linked(given: list[Given], faults: list[NbsnakeError]) -> list[Given]:
    """Each use with its overlays' paths, and with what its inputs run over."""
    makers = {
        out.path: each for each in given for out in each.artifacts if out.is_output and each.axes
    }
    return [
        replace(
            each,
            artifacts=tuple(_link(artifact, each, makers, faults) for artifact in each.artifacts),
        )
        for each in given
    ]


def _link(
    artifact: Artifact, given: Given, makers: Mapping[str, Given], faults: list[NbsnakeError]
) -> Artifact:
    own = {axis.name for axis in given.axes}
    free = [name for name in names_in(artifact.path) if name not in own]
    if not free:
        return replace(artifact, overrides=tuple(_other_paths(artifact, given, faults)))
    maker = makers.get(artifact.path)
    names = [axis.name for axis in maker.axes] if maker else []
    if artifact.is_output or maker is None or not set(free) <= set(names):
        faults.append(_unknown_axis(artifact, free[0], given, makers))
    elif artifact.param is None:
        faults.append(
            PipelineError(
                f"{artifact.path!r} stands for several files, and no parameter takes them",
                where=artifact.where,
                hint="name one: ':dvc-in scores: path', with ':param scores: ...'",
            )
        )
    elif len(given.carried(artifact.param)) > 1:
        faults.append(
            PipelineError(
                f"{artifact.param!r} already carries another file",
                where=artifact.where,
                hint="give what runs over all variants a parameter of its own",
            )
        )
    else:
        over = tuple(axis for axis in maker.axes if axis.name in free)
        return replace(artifact, fan_in=FanIn(maker=maker.name, axes=over))
    return artifact


def _unknown_axis(
    artifact: Artifact, name: str, given: Given, makers: Mapping[str, Given]
) -> NbsnakeError:
    known = [axis.name for axis in given.axes]
    paths = difflib.get_close_matches(artifact.path, makers, n=1, cutoff=0.8)
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        hint = f"did you mean '{{{near[0]}}}'?"
    elif not artifact.is_output and paths:
        hint = f"did you mean {paths[0]!r}, which {makers[paths[0]].name!r} writes?"
    else:
        hint = f"declare it with ':foreach {name}: VALUES'"
        hint += f"; axes here: {', '.join(known)}" if known else ""
    many = "" if artifact.is_output else ", and no step writes such paths for each"
    return PipelineError(
        f"{{{name}}} in {artifact.path!r} is no axis of {given.name!r}{many}",
        where=artifact.where,
        hint=hint,
    )


def _other_paths(
    artifact: Artifact, given: Given, faults: list[NbsnakeError]
) -> Iterator[Override]:
    """The paths that overlays give to the parameter that carries the file."""
    param = next((each for each in given.spec.params if each.name == artifact.param), None)
    for override in find_overrides(param, given) if param else ():
        where = place_of(override.overlay.file, override.key.split("."))
        path = override.value if isinstance(override.value, str) else ""
        if told := _other_path_fault(artifact, path, override.key, given):
            faults.append(PipelineError(told[0], where=where, hint=told[1]))
        elif fault := path_fault(path, Role.DEP, where, f"'{override.key}'"):
            faults.append(fault)
        else:
            yield override._replace(value=posixpath.normpath(path))


def _other_path_fault(
    artifact: Artifact, path: str, key: str, given: Given
) -> tuple[str, str] | None:
    if artifact.is_output:
        return (
            f"{key} is the path of an output, which follows from the notebook",
            f"remove it; the path is {artifact.path!r}",
        )
    if len(given.carried(artifact.param or "")) > 1:
        return f"{key} carries several files, which no overlay can give", "remove it"
    if path.endswith("/") != artifact.is_dir:
        return f"{key} is no path of a {'folder' if artifact.is_dir else 'file'}", (
            f"write one, such as {artifact.path}{'/' * artifact.is_dir}"
        )
    unknown = [name for name in names_in(path) if given.axis(name) is None]
    if unknown:
        return f"{{{unknown[0]}}} is no axis of {given.name!r}", "name the file"
    return None


def _section_faults(given: list[Given], params: Mapping[str, Any]) -> Iterator[NbsnakeError]:
    """Of params.yaml: a step's section with what is no parameter, or named almost like a step."""
    names = list(dict.fromkeys(section for each in given for section in each.sections))
    own = {each.name: each for each in reversed(given) if not each.spec.command}
    for key, value in params.items():
        if key in own:
            yield from _param_faults(own[key], value)
        elif isinstance(value, dict):
            near = difflib.get_close_matches(str(key), names, n=1, cutoff=0.8)
            if key not in names and near and near[0] not in params:
                yield PipelineError(
                    f"no step is called {key!r}",
                    where=place_of(PARAMS_FILE, (str(key),)),
                    hint=f"did you mean {near[0]!r}?",
                )


def _param_faults(given: Given, section: Any) -> Iterator[NbsnakeError]:
    if section is None:
        return
    if not isinstance(section, dict):
        yield PipelineError(
            f"{given.name!r} is the name of a step ({given.spec.notebook}) but holds no mapping",
            where=place_of(PARAMS_FILE, (given.name,)),
            hint=f"write the step's parameters below '{given.name}:'",
        )
        return
    names = [param.name for param in given.spec.params]
    for key in section:
        if key not in names:
            yield _unknown_param(given.name, str(key), given, PARAMS_FILE)


def _unknown_param(section: str, key: str, given: Given, file: str) -> NbsnakeError:
    names = [param.name for param in given.spec.params]
    near = difflib.get_close_matches(key, names, n=1)
    return PipelineError(
        f"{section}.{key} is not a parameter of {given.spec.notebook}",
        where=place_of(file, (section, key)),
        hint=f"did you mean {near[0]!r}?"
        if near
        else f"declare it there with ':param {key}: what it is'",
    )


def _overlay_faults(
    given: list[Given], params: Mapping[str, Any], overlays: Sequence[OverlaySet]
) -> Iterator[NbsnakeError]:
    """Of overlays: what no step takes, and what a step takes that does not run for each file."""
    for each in overlays:
        for overlay, values in each.files.items():
            for key, value in values.items():
                yield from _key_faults(given, params, each, overlay, str(key), value)


def _key_faults(
    given: list[Given],
    params: Mapping[str, Any],
    overlays: OverlaySet,
    overlay: Overlay,
    key: str,
    value: Any,
) -> Iterator[NbsnakeError]:
    takers = [each for each in given if key in each.sections]
    if takers and value is None:
        return
    if takers and isinstance(value, dict):
        names = {param.name for each in takers for param in each.spec.params}
        for name in value:
            if name not in names:
                yield _unknown_param(key, str(name), takers[0], overlay.file)
            elif not any(overlays in each.overlays for each in takers):
                yield _runs_once(overlay, f"{key}.{name}", takers)
        return
    takers = [each for each in given if any(param.name == key for param in each.spec.params)]
    if not takers or isinstance(value, dict):
        known = [*(section for each in given for section in each.sections), *map(str, params)]
        near = difflib.get_close_matches(key, known, n=1)
        yield PipelineError(
            f"{key!r} is neither a step nor a parameter of one",
            where=place_of(overlay.file, (key,)),
            hint=f"did you mean {near[0]!r}?" if near else "write 'STEP: {PARAMETER: value}'",
        )
    elif not any(overlays in each.overlays for each in takers):
        yield _runs_once(overlay, key, takers)


def _runs_once(overlay: Overlay, key: str, takers: list[Given]) -> NbsnakeError:
    name = takers[0].name
    out = next((each.path for each in takers[0].artifacts if each.is_output), "")
    return PipelineError(
        f"{key} is given here, but {name!r} runs once for all, and not for each {overlay.axis}",
        where=place_of(overlay.file, key.split(".")),
        hint=f"write '{{{overlay.axis}}}' in the paths that it writes, here {out!r}",
    )


def _compile(given: Given) -> Step:
    spec, name = given.spec, given.name
    if name in TAKEN_NAMES or keyword.iskeyword(name):
        raise PipelineError(
            f"the step would be called {name!r}, a name that Snakemake or nbsnake needs itself",
            where=Where(spec.notebook),
            hint="rename the notebook, or name the step with ':step: name' in its docstring",
        )
    faults: list[NbsnakeError] = []
    extras = read_extras(spec, faults)
    arguments = []
    for param in spec.params:
        try:
            arguments.append(bind(param, given, extras))
        except NbsnakeError as fault:
            faults.append(fault)
    if not any(artifact.is_output for artifact in spec.artifacts):
        faults.append(_no_output(spec))
    raise_all(faults)
    return Step(
        name=name,
        script=script_path(spec.name),
        program=spec.program,
        arguments=tuple(sorted(arguments, key=lambda argument: argument.source != Source.FILE)),
        artifacts=given.artifacts,
        where=given.use.place() if given.use else spec.where,
        command=spec.command,
        section=_section(arguments, given.params),
        axes=given.axes,
    )


def _no_output(spec: StepSpec) -> NbsnakeError:
    return PipelineError(
        "the step declares no output",
        where=spec.where,
        hint="name a file that it writes: dvc run -o PATH ..."
        if spec.command
        else "name a file that it writes with ':dvc-out: path'",
    )


def _section(arguments: Iterable[Argument], params: Mapping[str, Any]) -> str:
    """The section of params.yaml that the step takes as a whole, "" where there is none."""
    config = [argument for argument in arguments if argument.source is Source.CONFIG]
    sections = {argument.key.rpartition(".")[0] for argument in config}
    if len(sections) != 1 or any(argument.overrides for argument in config):
        return ""
    section = sections.pop()
    names = {argument.name for argument in config}
    return section if section and set(params.get(section) or ()) == names else ""
