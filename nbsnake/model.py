"""The values in the middle: notebooks, steps, pipelines, and the laws that they keep."""

import graphlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Literal, NamedTuple

from nbsnake.errors import NbsnakeError, PipelineError, Where, raise_all
from nbsnake.paramtype import ParamType, Value
from nbsnake.variants import Axis, Variant, fill, full_name, names_in, variants_of

PARAMS_FILE = "params.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell; ``index`` counts all cells of the notebook from 1.

    ``helpers`` names the functions of :mod:`nbsnake.ipython.standins` that its source calls.
    """

    index: int
    kind: Literal["code", "markdown", "raw"]
    source: str
    tags: frozenset[str] = frozenset()
    helpers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    """``path`` is relative to the project's root, with forward slashes.

    ``language`` is the kernel's, in lower case; "" where the notebook does not tell.
    """

    path: str
    language: str
    cells: tuple[Cell, ...]


class Role(StrEnum):
    """What a file is to a step. All but ``DEP`` are outputs."""

    DEP = "dep"
    OUT = "out"
    PERSIST = "out-persist"
    METRIC = "metric"
    PLOT = "plot"


class Overlay(NamedTuple):
    """A file of values for one value of an axis, such as ``clients/acme.yaml`` for ``acme``."""

    axis: str
    value: str
    file: str


class Override(NamedTuple):
    """What an overlay gives: its ``key`` in the overlay's file, and the value or path."""

    overlay: Overlay
    key: str
    value: Value

    def holds_for(self, variant: Variant) -> bool:
        return variant.values[self.overlay.axis] == self.overlay.value


@dataclass(frozen=True, slots=True, kw_only=True)
class FanIn:
    """The axes over which an input runs: it is what all these variants of ``maker`` write."""

    maker: str
    axes: tuple[Axis, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A file or folder that a step reads or writes.

    ``path`` is relative to the project's root, with ``{axis}`` for what differs between variants;
    ``param`` names the parameter that carries it. An output that DVC does not ``cache`` is for git
    to keep. An input may have another path in an overlay, and may stand for a ``fan_in``.
    """

    path: str
    role: Role
    where: Where
    param: str | None = None
    is_dir: bool = False
    cache: bool = True
    overrides: tuple[Override, ...] = ()
    fan_in: FanIn | None = None

    @property
    def is_output(self) -> bool:
        return self.role is not Role.DEP

    def paths(self, variant: Variant) -> list[str]:
        """The paths that this is to a variant: one, or of a fan-in as many as there are."""
        others = [str(each.value) for each in self.overrides if each.holds_for(variant)]
        path = others[-1] if others else self.path
        return [fill(each, variant.values) for each in self._spread(path)]

    @property
    def patterns(self) -> list[str]:
        """The paths in which only the step's own axes are left."""
        return self._spread(self.path)

    def _spread(self, path: str) -> list[str]:
        if self.fan_in is None:
            return [path]
        return [fill(path, each.values) for each in variants_of(self.fan_in.axes)]


class Source(StrEnum):
    """Where a parameter's value comes from."""

    FILE = "file"  # the path of an artifact
    AXIS = "axis"  # what the variants differ in
    CONFIG = "config"  # params.yaml or an overlay, read anew for each run
    LITERAL = "literal"  # written in the notebook, or in nbsnake.yaml
    PATTERN = "pattern"  # a text like that, with axes in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """A parameter of a step with its value; a file's value is its path, or a list of paths.

    Paths and values of the source ``PATTERN`` may hold ``{axis}``. ``key`` leads to a value of
    params.yaml, before which the ``overrides`` come. ``default`` is
    what the script takes when it is not told, unless the parameter is ``required``. It never comes
    from params.yaml, so that editing that file changes no script.
    """

    name: str
    type: ParamType
    help: str
    source: Source
    value: Value
    default: Value
    required: bool
    where: Where
    key: str = ""
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What becomes a script: the cells that are kept, as plain Python.

    Their code is already freed of the literals of parameters. ``metadata`` is the index of the
    cell that declares them, before which nothing of them can be used; ``unassigned`` names the
    parameters to which no cell assigns a value. ``futures`` are the features that cells import
    from ``__future__``.
    """

    notebook: str
    description: str
    cells: tuple[Cell, ...]
    metadata: int
    unassigned: tuple[str, ...] = ()
    futures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What an author wrote as ``:dvc-cmd:`` instead of leaving the command to nbsnake.

    ``text`` is for a shell; ``params`` maps parameter files to the keys that the step uses.
    """

    text: str
    params: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A use of a notebook with every parameter bound, unless it has its own ``command``.

    ``script`` is shared by all uses of the notebook. ``section`` is what of params.yaml the step
    takes as a whole, "" where it takes single values. A step with ``axes`` runs once for each of
    its variants.
    """

    name: str
    script: str
    program: Program
    arguments: tuple[Argument, ...]
    artifacts: tuple[Artifact, ...]
    where: Where
    command: Command | None = None
    section: str = ""
    axes: tuple[Axis, ...] = ()

    @property
    def notebook(self) -> str:
        return self.program.notebook

    @property
    def description(self) -> str:
        return self.program.description

    @property
    def log(self) -> str:
        key = "-".join(f"{{{axis.name}}}" for axis in self.axes)
        return f"logs/{full_name(self.name, key)}.log"

    @property
    def inputs(self) -> tuple[Artifact, ...]:
        return tuple(artifact for artifact in self.artifacts if not artifact.is_output)

    @property
    def outputs(self) -> tuple[Artifact, ...]:
        return tuple(artifact for artifact in self.artifacts if artifact.is_output)

    @property
    def config(self) -> tuple[Argument, ...]:
        return tuple(arg for arg in self.arguments if arg.source is Source.CONFIG)

    @property
    def variants(self) -> tuple[Variant, ...]:
        return tuple(variants_of(self.axes))

    @property
    def has_overlays(self) -> bool:
        """Whether the variants differ in more than the values of their axes."""
        files = any(artifact.overrides for artifact in self.artifacts)
        return files or any(argument.overrides for argument in self.arguments)

    def value(self, argument: Argument, variant: Variant) -> Value:
        """What a variant's script gets for one of its parameters; for an axis, its text."""
        if argument.source is Source.FILE:
            carried = [each for each in self.artifacts if each.param == argument.name]
            paths: list[Value] = [
                path + "/" * each.is_dir for each in carried for path in each.paths(variant)
            ]
            return paths if argument.type.is_list else paths[0]
        if argument.source in (Source.AXIS, Source.PATTERN):
            return fill(str(argument.value), variant.values)
        others = [each.value for each in argument.overrides if each.holds_for(variant)]
        return others[-1] if others else argument.value


def script_path(step: str) -> str:
    return f"workflow/scripts/{step}.py"


@dataclass(frozen=True)
class Pipeline:
    """All steps in an order in which they can run.

    Raises :class:`PipelineError`, several together, unless names are unique, every output names
    all axes of its step and has one producer, no output lies inside another, and no step needs
    what comes of it.
    """

    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        raise_all([*self._same_names(), *self._same_keys(), *self._shared_by_variants()])
        raise_all([*self._same_outputs(), *self._mixed_folders()])
        by_name = {step.name: step for step in self.steps}
        object.__setattr__(self, "steps", tuple(by_name[name] for name in self._order()))

    @cached_property
    def producers(self) -> dict[str, Step]:
        """The step that writes each output path."""
        return {path: step for path, step, _ in self._written}

    @cached_property
    def _written(self) -> list[tuple[str, Step, Artifact]]:
        """Every path that any variant of a step writes."""
        return [
            (path, step, out)
            for step in self.steps
            for variant in step.variants
            for out in step.outputs
            for path in out.paths(variant)
        ]

    def makers(self, step: Step) -> list[str]:
        """The steps that write what the step reads, by name."""
        read = {
            path
            for variant in step.variants
            for entry in step.inputs
            for path in entry.paths(variant)
        }
        return sorted({made.name for path in read if (made := self.producer(path))})

    def producer(self, path: str) -> Step | None:
        """The step that writes ``path``, or a folder that ``path`` lies in."""
        return next((self.producers[up] for up in upwards(path) if up in self.producers), None)

    def _same_names(self) -> Iterator[NbsnakeError]:
        seen: dict[str, Step] = {}
        for step in self.steps:
            if first := seen.get(step.name):
                yield PipelineError(
                    f"this notebook and {first.notebook} both give the step name {step.name!r}",
                    where=Where(step.notebook),
                    hint="rename one of the two, or name its step with ':step: name'",
                )
            seen.setdefault(step.name, step)

    def _same_keys(self) -> Iterator[NbsnakeError]:
        """``a-b`` and ``c`` would be called as ``a`` and ``b-c`` are."""
        for step in self.steps:
            count = Counter(variant.key for variant in step.variants)
            key, times = max(count.items(), key=lambda item: item[1], default=("", 0))
            if times > 1:
                yield PipelineError(
                    f"two variants of {step.name!r} would both be called {key!r}",
                    where=step.where,
                    hint="give each value of an axis once, and no dashes where they are ambiguous",
                )

    def _shared_by_variants(self) -> Iterator[NbsnakeError]:
        for step in self.steps:
            for out in step.outputs:
                absent = {axis.name for axis in step.axes} - set(names_in(out.path))
                if absent:
                    name = min(absent)
                    yield PipelineError(
                        f"all variants of {step.name!r} would write {out.path!r}",
                        where=out.where,
                        hint=f"write '{{{name}}}' somewhere in the path: each {name} needs its own",
                    )

    def _same_outputs(self) -> Iterator[NbsnakeError]:
        seen: dict[str, Artifact] = {}
        told: set[tuple[str, str]] = set()
        for path, _, artifact in sorted(self._written, key=lambda each: each[0]):
            at = next((up for up in upwards(path) if up in seen), None)
            if at is not None and (pair := (artifact.path, seen[at].path)) not in told:
                told.add(pair)
                relation = "is also" if at == path else f"lies in {at!r},"
                other = "another variant" if seen[at] is artifact else f"{seen[at].where}"
                yield PipelineError(
                    f"the output {path!r} {relation} an output of {other}",
                    where=artifact.where,
                    hint="give each output a path of its own",
                )
            seen.setdefault(path, artifact)

    def _mixed_folders(self) -> Iterator[NbsnakeError]:
        folders = {
            up: written
            for written in self._written
            for up in upwards(written[0])
            if up != written[0]
        }
        for step in self.steps:
            for entry in step.inputs:
                read = {path for variant in step.variants for path in entry.paths(variant)}
                for folder in sorted(read & set(folders))[:1]:
                    path, _, inside = folders[folder]
                    yield PipelineError(
                        f"the folder {folder!r} holds {path!r}, an output of {inside.where}",
                        where=entry.where,
                        hint="name the files that the step reads, one ':dvc-in' for each",
                    )

    def _order(self) -> list[str]:
        graph = {
            step.name: self.makers(step) for step in sorted(self.steps, key=lambda step: step.name)
        }
        try:
            return list(graphlib.TopologicalSorter(graph).static_order())
        except graphlib.CycleError as error:
            raise self._cycle(error.args[1]) from None

    def _cycle(self, names: list[str]) -> PipelineError:
        by_name = {step.name: step for step in self.steps}
        start = by_name[names[0]]
        entry = next(
            entry
            for entry in start.inputs
            for variant in start.variants
            for path in entry.paths(variant)
            if (made := self.producer(path)) and made.name in names
        )
        return PipelineError(
            f"the steps form a circle: {' -> '.join(names)}",
            where=entry.where,
            hint=f"one of them must not read what comes of it, here {entry.path!r}",
        )


def upwards(path: str) -> Iterator[str]:
    """``a/b/c``, ``a/b``, ``a``."""
    while path:
        yield path
        path = path.rpartition("/")[0]
