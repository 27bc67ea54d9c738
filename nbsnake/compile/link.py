"""Which steps there are, and which file each path means.

Every notebook has a step of its own, and one for each further use. Their axes are resolved, and
inputs are linked to the variants that write them.
"""

import math
import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from nbsnake.compile.bind import Given, find_overrides
from nbsnake.errors import NbsnakeError, PipelineError, raise_all
from nbsnake.guess import did_you_mean, nearest
from nbsnake.model.paths import path_fault
from nbsnake.model.step import Artifact, FanIn, Override, Role
from nbsnake.model.variants import MOST_VARIANTS, Axis, is_instance, names_in
from nbsnake.notebook.foreach import AxisSpec, resolve
from nbsnake.notebook.spec import StepSpec
from nbsnake.places import place_of
from nbsnake.settings.overlays import OverlaySet
from nbsnake.settings.uses import Use


def find_uses(
    specs: list[StepSpec],
    uses: Sequence[Use],
    params: Mapping[str, Any],
    overlays: Sequence[OverlaySet],
    faults: list[NbsnakeError],
) -> Iterator[Given]:
    """Each notebook's own step, and then its other uses."""
    notebooks = {spec.notebook: spec for spec in specs}
    known = f"notebooks: {', '.join(notebooks) or 'none'}"
    faults += [
        PipelineError(
            f"{use.notebook!r} is not a notebook with a step",
            where=use.place("notebook"),
            hint=did_you_mean(use.notebook, notebooks, known),
        )
        for use in uses
        if use.notebook not in notebooks
    ]
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
    named = {axis for out in artifacts if out.is_output for axis in names_in(out.path)}
    declared = use.axes if use and (use.axes or name != spec.name) else spec.axes
    own = {axis.name for axis in declared}
    sets = [each for each in overlays if each.axis in named | own]
    empty = [each for each in sets if not each.files and each.axis not in own]
    faults += [_no_files(each, artifacts) for each in empty]
    axes = _resolved(declared, spec, params, {each.axis for each in sets}, faults)
    axes = [*(each.as_axis() for each in sets if each.axis not in own), *axes]
    if (count := math.prod(len(axis.values) for axis in axes)) > MOST_VARIANTS:
        message = f"{name!r} would have {count:,} variants; {MOST_VARIANTS:,} are the most"
        faults.append(PipelineError(message, where=spec.where, hint="remove an axis, or values"))
    raise_all(faults)
    return Given(
        spec=spec,
        name=name,
        params=params,
        use=use,
        axes=tuple(axes),
        overlays=tuple(sets),
        artifacts=artifacts,
    )


def _resolved(
    declared: Iterable[AxisSpec],
    spec: StepSpec,
    params: Mapping[str, Any],
    with_files: Collection[str],
    faults: list[NbsnakeError],
) -> list[Axis]:
    """The axes that an author declares; there may be files for the values of some."""
    named = {param.name: param for param in spec.params}
    axes = []
    for each in declared:
        try:
            axis = resolve(each, named.get(each.name), params)
            axes.append(replace(axis, has_files=axis.name in with_files))
        except NbsnakeError as fault:
            faults.append(fault)
    return axes


def _no_files(overlays: OverlaySet, artifacts: Iterable[Artifact]) -> NbsnakeError:
    out = next(each for each in artifacts if overlays.axis in names_in(each.path))
    return PipelineError(
        f"the path {out.path!r} names {{{overlays.axis}}}, but {overlays.folder}/ has no file",
        where=out.where,
        hint=f"write {overlays.folder}/NAME.yaml, which may be empty, for each {overlays.axis}; "
        f"or declare it with ':foreach {overlays.axis}: ...'",
    )


def _use_faults(spec: StepSpec, use: Use) -> Iterator[NbsnakeError]:
    if spec.command:
        yield PipelineError(
            f"{spec.notebook} has a command of its own (':dvc-cmd:'), so it can be used only once",
            where=use.place(),
            hint="name its files with ':dvc-in' and ':dvc-out' instead",
        )
    names = [param.name for param in spec.params]
    for name in use.values:
        if name not in names:
            yield PipelineError(
                f"{name!r} is not a parameter of {spec.notebook}",
                where=use.place("values", name),
                hint=did_you_mean(
                    name, names, f"declare it there with ':param {name}: what it is'"
                ),
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
            paths = _paths_of_value(use.values[name])
            if message := _kind_fault(spec, name, paths, artifact):
                hint = f"in the notebook it is {artifact.path + '/' * artifact.is_dir!r}"
                faults.append(PipelineError(message, where=where, hint=hint))
            for path in paths:
                if fault := path_fault(path, artifact.role, where, f"'{name}:'"):
                    faults.append(fault)
                yield replace(
                    artifact,
                    path=posixpath.normpath(path),
                    is_dir=path.endswith("/"),
                    where=where,
                )


def _kind_fault(spec: StepSpec, name: str, paths: list[str], artifact: Artifact) -> str:
    """Why these cannot be the paths of a parameter, "" where they can."""
    kind = next((param.type for param in spec.params if param.name == name), None)
    if not paths:
        return f"{name!r} needs at least one path"
    if len(paths) > 1 and not (kind and kind.is_list):
        return f"{name!r} takes one path, not a list"
    if artifact.is_output and any(path.endswith("/") != artifact.is_dir for path in paths if path):
        slash = "with" if artifact.is_dir else "without"
        return f"{name!r} takes the path of a {_kind(artifact)}, {slash} a trailing slash"
    return ""


def _kind(artifact: Artifact) -> str:
    return "folder" if artifact.is_dir else "file"


def _paths_of_value(value: object) -> list[str]:
    texts = value if isinstance(value, list) else [value]
    return [text if isinstance(text, str) else "" for text in texts]


def linked(given: list[Given], faults: list[NbsnakeError]) -> list[Given]:
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
    maker = next((each for path, each in makers.items() if _is_of(artifact, path, each)), None)
    names = [axis.name for axis in maker.axes] if maker else []
    if artifact.is_output or maker is None or not set(free) <= set(names):
        faults.append(_unknown_axis(artifact, free[0], given, makers))
    elif artifact.param is None:
        faults.append(
            PipelineError(
                f"{artifact.path!r} means several files, but no parameter takes them",
                where=artifact.where,
                hint="name one: ':dvc-in scores: path', with ':param scores: ...'",
            )
        )
    elif len(given.carried(artifact.param)) > 1:
        faults.append(
            PipelineError(
                f"{artifact.param!r} already takes another file",
                where=artifact.where,
                hint="use a separate parameter for the files of all variants",
            )
        )
    else:
        over = tuple(axis for axis in maker.axes if axis.name in free)
        return replace(artifact, fan_in=FanIn(maker=maker.name, axes=over))
    return artifact


def _is_of(artifact: Artifact, pattern: str, maker: Given) -> bool:
    values = {axis.name: axis.texts for axis in maker.axes}
    return is_instance(artifact.path, pattern, values)


def _unknown_axis(
    artifact: Artifact, name: str, given: Given, makers: Mapping[str, Given]
) -> NbsnakeError:
    known = [axis.name for axis in given.axes]
    hint = did_you_mean(name, known, show=lambda near: f"'{{{near}}}'")
    path = "" if hint or artifact.is_output else nearest(artifact.path, makers, cutoff=0.8)
    if path:
        hint = f"did you mean {path!r}, which {makers[path].name!r} writes?"
    elif not hint:
        hint = f"declare it with ':foreach {name}: VALUES'"
        hint += f"; axes here: {', '.join(known)}" if known else ""
    many = "" if artifact.is_output else ", and no step writes such paths"
    return PipelineError(
        f"{{{name}}} in {artifact.path!r} is not an axis of {given.name!r}{many}",
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
        if refusal := _other_path_fault(artifact, path, override.key, given):
            faults.append(PipelineError(refusal[0], where=where, hint=refusal[1]))
        elif fault := path_fault(path, Role.DEP, where, f"'{override.key}'"):
            faults.append(fault)
        else:
            yield override._replace(value=posixpath.normpath(path))


def _other_path_fault(
    artifact: Artifact, path: str, key: str, given: Given
) -> tuple[str, str] | None:
    if artifact.is_output:
        return (
            f"{key} is the path of an output, which only the notebook can set",
            f"remove it; the path is {artifact.path!r}",
        )
    if len(given.carried(artifact.param or "")) > 1:
        return f"{key} carries several files, which no overlay can give", "remove it"
    if path.endswith("/") != artifact.is_dir:
        return f"{key} is not a path of a {_kind(artifact)}", (
            f"write one, such as {artifact.path}{'/' * artifact.is_dir}"
        )
    unknown = [name for name in names_in(path) if given.axis(name) is None]
    if unknown:
        return f"{{{unknown[0]}}} is not an axis of {given.name!r}", "name the file"
    return None
