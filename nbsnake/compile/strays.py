"""Entries of params.yaml or an overlay that no step uses: nearly always a typo."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from nbsnake.compile.bind import Given
from nbsnake.errors import NbsnakeError, PipelineError
from nbsnake.guess import did_you_mean, nearest
from nbsnake.model.step import Overlay
from nbsnake.names import PARAMS_FILE
from nbsnake.places import place_of
from nbsnake.settings.overlays import OverlaySet


def section_faults(given: list[Given], params: Mapping[str, Any]) -> Iterator[NbsnakeError]:
    """Keys of params.yaml that no step reads: not a parameter, or named almost like a step."""
    names = list(dict.fromkeys(section for each in given for section in each.sections))
    own = {each.name: each for each in reversed(given) if not each.spec.command}
    lists = {axis.key for each in given for axis in each.axes}
    for key, value in params.items():
        if key in own:
            yield from _param_faults(own[key], value, lists)
        elif isinstance(value, dict):
            near = nearest(str(key), names, cutoff=0.8)
            if key not in names and near and near not in params:
                yield PipelineError(
                    f"no step is called {key!r}",
                    where=place_of(PARAMS_FILE, (str(key),)),
                    hint=f"did you mean {near!r}?",
                )


def _param_faults(given: Given, section: Any, lists: Collection[str]) -> Iterator[NbsnakeError]:
    """``lists`` are the keys over which steps run, which cannot be in a step's section."""
    if section is None:
        return
    if not isinstance(section, dict):
        yield PipelineError(
            f"{given.name!r} is a step ({given.spec.notebook}), but its value is not a mapping",
            where=place_of(PARAMS_FILE, (given.name,)),
            hint=f"write the step's parameters below '{given.name}:'",
        )
        return
    names = [param.name for param in given.spec.params]
    for key in section:
        if f"{given.name}.{key}" in lists:
            yield PipelineError(
                f"the list {key!r} is among the parameters of the step {given.name!r}",
                where=place_of(PARAMS_FILE, (given.name, str(key))),
                hint="move it below a key that is not a step's name, or give the step another name",
            )
        elif key not in names:
            yield _unknown_param(given.name, str(key), given, PARAMS_FILE)


def _unknown_param(section: str, key: str, given: Given, file: str) -> NbsnakeError:
    names = [param.name for param in given.spec.params]
    return PipelineError(
        f"{section}.{key} is not a parameter of {given.spec.notebook}",
        where=place_of(file, (section, key)),
        hint=did_you_mean(key, names, f"declare it there with ':param {key}: what it is'"),
    )


def overlay_faults(
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
    """Of one key at the top level: a step's section, or a parameter of all steps."""
    if takers := [each for each in given if key in each.sections]:
        yield from _overlay_section_faults(takers, overlays, overlay, key, value)
        return
    takers = [each for each in given if any(param.name == key for param in each.spec.params)]
    if not takers or isinstance(value, dict):
        yield _unknown_overlay_key(given, params, overlay, key)
    elif not any(overlays in each.overlays for each in takers):
        yield _runs_once(overlay, key, takers)


def _overlay_section_faults(
    takers: list[Given], overlays: OverlaySet, overlay: Overlay, key: str, section: Any
) -> Iterator[NbsnakeError]:
    """Of the section of a step, or of several uses, which are the ``takers``."""
    if section is None:
        return
    if not isinstance(section, dict):
        yield PipelineError(
            f"{key!r} is the name of a step, but its value is not a mapping",
            where=place_of(overlay.file, (key,)),
            hint=f"write the step's parameters below '{key}:'",
        )
        return
    names = {param.name for each in takers for param in each.spec.params}
    for name in section:
        if name not in names:
            yield _unknown_param(key, str(name), takers[0], overlay.file)
        elif not any(overlays in each.overlays for each in takers):
            yield _runs_once(overlay, f"{key}.{name}", takers)
        elif all(each.axis(name) for each in takers):
            yield PipelineError(
                f"{key}.{name} is given here, but it is an axis of the step",
                where=place_of(overlay.file, (key, name)),
                hint="remove it; the values of an axis are the same for all files",
            )


def _unknown_overlay_key(
    given: list[Given], params: Mapping[str, Any], overlay: Overlay, key: str
) -> NbsnakeError:
    known = [section for each in given for section in each.sections]
    known += [param.name for each in given for param in each.spec.params]
    otherwise = "write 'STEP: {PARAMETER: value}'"
    return PipelineError(
        f"{key!r} is neither a step nor a parameter, and an overlay contains nothing else",
        where=place_of(overlay.file, (key,)),
        hint=otherwise if key in params else did_you_mean(key, known, otherwise),
    )


def _runs_once(overlay: Overlay, key: str, takers: list[Given]) -> NbsnakeError:
    name = takers[0].name
    out = next((each.path for each in takers[0].artifacts if each.is_output), "")
    return PipelineError(
        f"{key} is given here, but {name!r} runs once for all, not once for each {overlay.axis}",
        where=place_of(overlay.file, key.split(".")),
        hint=f"write '{{{overlay.axis}}}' in the paths that it writes, here {out!r}",
    )
