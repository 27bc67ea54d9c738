"""Entries of params.yaml or an overlay that no step uses: nearly always a typo."""

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from nbsnake.compile.bind import Given
from nbsnake.errors import NbsnakeError, PipelineError
from nbsnake.model.step import Overlay
from nbsnake.names import PARAMS_FILE
from nbsnake.places import place_of
from nbsnake.settings.overlays import OverlaySet


def section_faults(given: list[Given], params: Mapping[str, Any]) -> Iterator[NbsnakeError]:
    """Of params.yaml: a step's section with what is no parameter, or named almost like a step."""
    names = list(dict.fromkeys(section for each in given for section in each.sections))
    own = {each.name: each for each in reversed(given) if not each.spec.command}
    lists = {axis.key for each in given for axis in each.axes}
    for key, value in params.items():
        if key in own:
            yield from _param_faults(own[key], value, lists)
        elif isinstance(value, dict):
            near = difflib.get_close_matches(str(key), names, n=1, cutoff=0.8)
            if key not in names and near and near[0] not in params:
                yield PipelineError(
                    f"no step is called {key!r}",
                    where=place_of(PARAMS_FILE, (str(key),)),
                    hint=f"did you mean {near[0]!r}?",
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
                hint="move it below a key that is no step's, or give the step another name",
            )
        elif key not in names:
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
    takers = [each for each in given if key in each.sections]
    if takers and value is None:
        return
    if takers and not isinstance(value, dict):
        yield PipelineError(
            f"{key!r} is the name of a step, but its value is not a mapping",
            where=place_of(overlay.file, (key,)),
            hint=f"write the step's parameters below '{key}:'",
        )
        return
    if takers:
        names = {param.name for each in takers for param in each.spec.params}
        for name in value:
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
        return
    takers = [each for each in given if any(param.name == key for param in each.spec.params)]
    if not takers or isinstance(value, dict):
        known = [section for each in given for section in each.sections]
        known += [param.name for each in given for param in each.spec.params]
        near = difflib.get_close_matches(key, known, n=1)
        yield PipelineError(
            f"{key!r} is neither a step nor a parameter, and an overlay contains nothing else",
            where=place_of(overlay.file, (key,)),
            hint=f"did you mean {near[0]!r}?"
            if near and key not in params
            else "write 'STEP: {PARAMETER: value}'",
        )
    elif not any(overlays in each.overlays for each in takers):
        yield _runs_once(overlay, key, takers)


def _runs_once(overlay: Overlay, key: str, takers: list[Given]) -> NbsnakeError:
    name = takers[0].name
    out = next((each.path for each in takers[0].artifacts if each.is_output), "")
    return PipelineError(
        f"{key} is given here, but {name!r} runs once for all, not once for each {overlay.axis}",
        where=place_of(overlay.file, key.split(".")),
        hint=f"write '{{{overlay.axis}}}' in the paths that it writes, here {out!r}",
    )
