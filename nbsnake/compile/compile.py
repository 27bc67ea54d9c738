"""From what the authors wrote to steps and a pipeline in which all is bound and checked.

Files are read only for the line of a fault.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from nbsnake.compile.bind import Given, bind, is_literal
from nbsnake.compile.link import find_uses, linked
from nbsnake.compile.strays import overlay_faults, section_faults
from nbsnake.errors import NbsnakeError, PipelineError, Where, raise_all
from nbsnake.model.paramtype import ParamType, Value
from nbsnake.model.pipeline import Pipeline
from nbsnake.model.step import Argument, Source, Step
from nbsnake.names import script_path
from nbsnake.notebook.extras import read_extras
from nbsnake.notebook.keys import is_reserved_step
from nbsnake.notebook.needs import change_faults
from nbsnake.notebook.spec import StepSpec
from nbsnake.settings.overlays import OverlaySet
from nbsnake.settings.seeding import Seeds, with_seeds
from nbsnake.settings.settings import fits_params, place_of_needs
from nbsnake.settings.uses import Use


def compile_pipeline(
    specs: Iterable[StepSpec],
    params: Mapping[str, Any],
    uses: Sequence[Use] = (),
    overlays: Sequence[OverlaySet] = (),
    seeds: Seeds = {},  # noqa: B006  (never changed)
    needs: Mapping[str, Mapping[str, Any]] = {},
) -> Pipeline:
    """Bind every parameter and link the steps; ``params`` is what params.yaml holds.

    ``seeds`` are the values that it is to get besides; ``needs`` change what the notebooks say
    of the machine, by step.

    Raises :class:`NbsnakeError`, all that can be found at once together.
    """
    faults: list[NbsnakeError] = []
    bound = with_seeds(params, seeds)
    given = [*find_uses(list(specs), uses, bound, overlays, faults)]
    # Where a step has a fault already, that it writes nothing is none of its readers' faults.
    given = linked(given, [] if faults else faults)
    faults += section_faults(given, params)
    faults += overlay_faults(given, params, overlays)
    faults += change_faults(needs, [each.name for each in given], place_of_needs)
    steps: list[Step] = []
    types: dict[str, dict[str, ParamType]] = {}  # by notebook
    for each in given:
        try:
            step = _compile(replace(each, types=types.get(each.spec.notebook, {})))
            step = replace(step, needs=each.spec.needs.changed(needs.get(step.name, {})))
            types.setdefault(step.notebook, {arg.name: arg.type for arg in step.arguments})
            steps.append(step)
        except NbsnakeError as fault:
            faults.append(fault)
    raise_all(faults)
    return Pipeline(tuple(steps))


def find_seeds(
    specs: Iterable[StepSpec],
    params: Mapping[str, Any],
    uses: Sequence[Use] = (),
    overlays: Sequence[OverlaySet] = (),
) -> dict[str, dict[str, Value]]:
    """The literals of notebooks to which params.yaml has no entry yet, by step and parameter."""
    seeds: dict[str, dict[str, Value]] = {}
    for given in find_uses(list(specs), uses, params, overlays, []):
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


def _compile(given: Given) -> Step:
    spec, name = given.spec, given.name
    if is_reserved_step(name):
        raise PipelineError(
            f"the step would be called {name!r}, which is reserved by Snakemake or nbsnake",
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
        modules=spec.modules,
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
