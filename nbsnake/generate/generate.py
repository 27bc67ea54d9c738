"""From the notebooks to every generated file of the project."""

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from nbsnake.compile.compile import compile_pipeline, find_seeds
from nbsnake.errors import NbsnakeError, PipelineError, Where, raise_all
from nbsnake.generate.edits import note_values
from nbsnake.generate.files import Drift, GeneratedFile, find_drift, find_orphans, settle
from nbsnake.generate.modules import ModuleFinder
from nbsnake.generate.orphans import orphan_faults
from nbsnake.generate.scaffold import SHARED_RULES, scaffold_files
from nbsnake.generate.specs import SpecReader
from nbsnake.generate.unchanged import is_edited, remember, snapshot
from nbsnake.job.own import write_own
from nbsnake.job.regular import read_regular
from nbsnake.model.choose import choose_steps
from nbsnake.model.notes import Note
from nbsnake.model.paths import path_fault
from nbsnake.model.pipeline import Pipeline
from nbsnake.model.step import Role, Step
from nbsnake.names import DVC_FILE, PARAMS_FILE, script_path
from nbsnake.notebook.spec import StepSpec
from nbsnake.places import place_of
from nbsnake.render.dvc_file import render_dvc_file
from nbsnake.render.rule import render_rule
from nbsnake.render.script import declares, render_script
from nbsnake.settings.overlays import overlay_files, read_overlays
from nbsnake.settings.schema import SCHEMA_FILE, render_schema, schema_of
from nbsnake.settings.seeding import Seeds, seeded
from nbsnake.settings.settings import (
    MLVTOOLS_FILE,
    SETTINGS_FILE,
    Settings,
    find_notebooks,
    meaningless_settings,
    place_of_needs,
    read_params,
    read_settings,
    reading,
)

EDITED = ".nbsnake/edited"  # scripts that were edited by hand, before they were replaced


def find_pipeline() -> Pipeline:
    """Read all notebooks of the project, and compile those that declare a step.

    Raises :class:`NbsnakeError`, as many faults together as can be found at once.
    """
    settings = read_settings()
    return _pipeline(settings, SpecReader(reading(settings)), ModuleFinder())[0]


def find_scripts(texts: Mapping[str, bytes] = {}) -> dict[str, str]:
    """The scripts that the notebooks give, by path; ``texts`` are read instead of those at paths.

    Nothing is written. Raises :class:`NbsnakeError` as :func:`find_pipeline` does.
    """
    settings = read_settings()
    pipeline = _pipeline(settings, SpecReader(reading(settings), texts), ModuleFinder())[0]
    return {path: file.text for path, file in _scripts(pipeline, pipeline.steps).items()}


def _pipeline(settings: Settings, memo: SpecReader, finder: ModuleFinder) -> tuple[Pipeline, Seeds]:
    """The pipeline, and the values that params.yaml is to get for it."""
    specs: list[StepSpec] = []
    faults: list[NbsnakeError] = []
    paths = find_notebooks(settings.notebooks)
    with memo.reading_ahead(paths):
        for path in paths:
            try:
                spec = memo.read_step(path)
            except NbsnakeError as fault:
                faults.append(fault)
            else:
                specs += [spec] if spec else []
    specs = finder.with_modules(specs, faults)
    try:
        specs = _in_environment(specs, settings.environment)
        params, overlays = read_params(), read_overlays(settings.overlays)
        seeds = find_seeds(specs, params, settings.uses, overlays)
        pipeline = compile_pipeline(specs, params, settings.uses, overlays, seeds, settings.needs)
        faults += _absent_environments(pipeline)
    except NbsnakeError as fault:
        faults.append(fault)
    raise_all(faults)
    raise_all(orphan_faults(pipeline, params))
    return pipeline, seeds


def _in_environment(specs: list[StepSpec], path: str) -> list[StepSpec]:
    """The steps, whose results depend on a file that says which software there is."""
    if not path:
        return specs
    where = place_of(SETTINGS_FILE, ("environment",))
    if fault := path_fault(path, Role.DEP, where, "'environment'"):
        raise fault
    if not Path(path).is_file():
        hint = "name a file of the project, such as uv.lock or requirements.txt"
        raise PipelineError(f"there is no file {path}", where=where, hint=hint)
    path = posixpath.normpath(path)
    return [replace(spec, modules=(*spec.modules, path)) for spec in specs]


def _absent_environments(pipeline: Pipeline) -> Iterator[NbsnakeError]:
    """Snakemake would say so only where conda is asked for, on whatever machine that is."""
    for step in pipeline.steps:
        path = step.needs.conda
        if path.endswith((".yaml", ".yml")) and not Path(path).is_file():
            own = place_of_needs(step.name, "conda")
            yield PipelineError(
                f"the conda environment {path!r} of the step {step.name!r} does not exist",
                where=own if own.line else step.where,
                hint="write its path relative to the project's root",
            )


def generate(notebooks: Iterable[str] = ()) -> list[Drift]:
    """Write what differs from what the notebooks give, and say what that was.

    Raises :class:`NbsnakeError` where the notebooks give nothing; then nothing is written.
    """
    before = snapshot(_named_by_settings())
    chosen = list(notebooks)
    drifts, rests_on = _find_changes(chosen)
    before["more"] |= rests_on
    drifts = [_with_kept(drift) for drift in drifts]
    settle(drifts)
    if not chosen:
        remember(before, [drift.path for drift in drifts])
        note_values()
    return drifts


def _with_kept(drift: Drift) -> Drift:
    """The change, after a copy is made of a script that was edited by hand."""
    notebook = drift.new.notebook if drift.new and drift.reason == "changed" else ""
    if not notebook or not any(drift.cells) or not is_edited(drift.path, notebook):
        return drift
    copy = f"{EDITED}/{posixpath.basename(drift.path)}"
    write_own(copy, drift.old.encode(errors="replace"))
    return replace(drift, kept=copy)


def find_notes(notebooks: Iterable[str] = ()) -> list[Note]:
    """What the authors of the notebooks should know; only of some of them, where named."""
    settings = read_settings()
    memo = SpecReader(reading(settings))
    found = [memo.read_step(path) for path in find_notebooks(settings.notebooks)]
    specs = [spec for spec in found if spec]
    names = choose_steps(notebooks, {spec.name: spec.notebook for spec in specs})
    return [note for spec in specs if spec.name in names for note in spec.notes]


def overruled_literals(changes: Iterable[Drift]) -> list[str]:
    """Of the literals that changed: those to which params.yaml gives another value, in words."""
    changed = {change.path: change.old for change in changes if change.reason == "changed"}
    steps = find_pipeline().steps if any(path.endswith(".py") for path in changed) else ()
    return [
        f"{argument.where}: {argument.name} is {argument.default!r} here, but "
        f"{PARAMS_FILE} says {argument.value!r}, which counts"
        for step in steps
        if step.script in changed and script_path(step.name) == step.script
        for argument in step.config
        if argument.default not in (None, argument.value)
        and not declares(changed[step.script], argument, step)
    ]


def check(notebooks: Iterable[str] = ()) -> list[Drift]:
    """As :func:`find_changes`; where nothing differs, that is noted."""
    before = snapshot(_named_by_settings())
    chosen = list(notebooks)
    drifts, rests_on = _find_changes(chosen)
    before["more"] |= rests_on
    if not drifts and not chosen:
        remember(before, [])
        note_values()
    return drifts


def _named_by_settings() -> list[str]:
    """The files that only the settings know, and the folders in which such files may appear."""
    settings = read_settings()
    folders = settings.overlays.values()
    overlays = [path for folder in folders for path in (folder, *overlay_files(folder))]
    return [*([settings.docstring_conf] if settings.docstring_conf else []), *overlays]


def meaningless_settings_in_words() -> str:
    """What an MLV-tools project's settings ask that nbsnake does otherwise, "" for nothing."""
    keys = meaningless_settings()
    if not keys or Path(SETTINGS_FILE).exists():  # then its author knows
        return ""
    return f"{MLVTOOLS_FILE}: {', '.join(keys)} mean{'s' * (len(keys) == 1)} nothing here"


def find_changes(notebooks: Iterable[str] = ()) -> list[Drift]:
    """How the disk differs from what the notebooks give; only for some of them, where named.

    Raises :class:`NbsnakeError` where the notebooks give nothing.
    """
    return _find_changes(list(notebooks))[0]


def _find_changes(chosen: list[str]) -> tuple[list[Drift], dict[str, str]]:
    """The changes, and the content of the modules and other paths on which they rest."""
    settings = read_settings()
    memo, finder = SpecReader(reading(settings)), ModuleFinder()
    pipeline, seeds = _pipeline(settings, memo, finder)
    names = choose_steps(chosen, {step.name: step.notebook for step in pipeline.steps})
    wanted = [step for step in pipeline.steps if step.name in names]
    generated = [
        *_files_of_steps(pipeline, wanted),
        _dvc_file(pipeline),
        *_params_files(pipeline, seeds),
        *scaffold_files(),
    ]
    drifts = find_drift(generated, [] if chosen else _orphans(pipeline))
    memo.save()
    finder.save()
    return drifts, finder.contents() | memo.contents()


def _files_of_steps(pipeline: Pipeline, wanted: Sequence[Step]) -> Iterable[GeneratedFile]:
    """The scripts and rules, each script before the first rule that calls it."""
    scripts = _scripts(pipeline, wanted)
    found: dict[str, GeneratedFile] = {}
    for step in wanted:
        rule = GeneratedFile(path=_rule_path(step.name), text=render_rule(step, pipeline))
        found |= {step.script: scripts[step.script], rule.path: rule}
    return found.values()


def _scripts(pipeline: Pipeline, wanted: Iterable[Step]) -> dict[str, GeneratedFile]:
    """The scripts of steps by path; uses of a notebook share that of its own step."""
    uses: dict[str, list[Step]] = {step.script: [] for step in wanted}
    for step in pipeline.steps:
        if step.script in uses:
            uses[step.script].append(step)
    found = {}
    for path, steps in uses.items():
        own = next(each for each in steps if script_path(each.name) == path)
        found[path] = GeneratedFile(
            path=path, text=render_script(own, steps), notebook=own.notebook
        )
    return found


def _params_files(pipeline: Pipeline, seeds: Seeds) -> Iterator[GeneratedFile]:
    """params.yaml with what it lacks, and its schema."""
    if seeds:
        text = _text_of(PARAMS_FILE)
        yield GeneratedFile(path=PARAMS_FILE, text=seeded(text, seeds))
    if any(step.arguments and not step.command for step in pipeline.steps):
        yield GeneratedFile(path=SCHEMA_FILE, text=render_schema(schema_of(pipeline)))


def _dvc_file(pipeline: Pipeline) -> GeneratedFile:
    return GeneratedFile(path=DVC_FILE, text=render_dvc_file(pipeline, _text_of(DVC_FILE)))


def _text_of(path: str) -> str:
    """The file's text with its own line ends, "" where there is none."""
    try:
        return read_regular(path).decode()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PipelineError(f"cannot be read: {reason}", where=Where(path)) from None


def _orphans(pipeline: Pipeline) -> list[str]:
    names = [step.name for step in pipeline.steps]
    rules = [*map(_rule_path, names), *SHARED_RULES]
    scripts = [step.script for step in pipeline.steps]
    return [
        *find_orphans("workflow/scripts", ".py", scripts),
        *find_orphans("workflow/rules", ".smk", rules),
        *find_orphans("workflow/schemas", ".json", [SCHEMA_FILE]),
    ]


def _rule_path(name: str) -> str:
    return f"workflow/rules/{name}.smk"
