"""The values in the middle: notebooks, steps, pipelines, and the laws that they keep."""

import graphlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Literal

from nbsnake.errors import NbsnakeError, PipelineError, Where, raise_all
from nbsnake.paramtype import ParamType, Value

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A file or folder that a step reads or writes.

    ``path`` is relative to the project's root; ``param`` names the parameter that carries it. An
    output that DVC does not ``cache`` is for git to keep.
    """

    path: str
    role: Role
    where: Where
    param: str | None = None
    is_dir: bool = False
    cache: bool = True

    @property
    def is_output(self) -> bool:
        return self.role is not Role.DEP


class Source(StrEnum):
    """Where a parameter's value comes from."""

    FILE = "file"  # the path of an artifact
    CONFIG = "config"  # params.yaml, read anew for each run
    LITERAL = "literal"  # written in the notebook


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """A parameter of a step with its value; a file's value is its path, or a list of paths.

    ``default`` is what the script takes when it is not told, unless the parameter is
    ``required``. It never comes from params.yaml, so that editing that file changes no script.
    """

    name: str
    type: ParamType
    help: str
    source: Source
    value: Value
    default: Value
    required: bool
    where: Where


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
    """One notebook's unit of work, with every parameter bound, unless it has its own ``command``"""

    name: str
    program: Program
    arguments: tuple[Argument, ...]
    artifacts: tuple[Artifact, ...]
    where: Where
    command: Command | None = None

    @property
    def notebook(self) -> str:
        return self.program.notebook

    @property
    def description(self) -> str:
        return self.program.description

    @property
    def script(self) -> str:
        return script_path(self.name)

    @property
    def log(self) -> str:
        return f"logs/{self.name}.log"

    @property
    def inputs(self) -> tuple[Artifact, ...]:
        return tuple(artifact for artifact in self.artifacts if not artifact.is_output)

    @property
    def outputs(self) -> tuple[Artifact, ...]:
        return tuple(artifact for artifact in self.artifacts if artifact.is_output)

    @property
    def config(self) -> tuple[Argument, ...]:
        return tuple(arg for arg in self.arguments if arg.source is Source.CONFIG)


def script_path(step: str) -> str:
    return f"workflow/scripts/{step}.py"


@dataclass(frozen=True)
class Pipeline:
    """All steps in an order in which they can run.

    Raises :class:`PipelineError`, several together, unless names are unique, every output has one
    producer, no output lies inside another, and no step needs what comes of it.
    """

    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        raise_all([*self._same_names(), *self._same_outputs(), *self._mixed_folders()])
        by_name = {step.name: step for step in self.steps}
        object.__setattr__(self, "steps", tuple(by_name[name] for name in self._order()))

    @cached_property
    def producers(self) -> dict[str, Step]:
        """The step that writes each output path."""
        return {out.path: step for step in self.steps for out in step.outputs}

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

    def _same_outputs(self) -> Iterator[NbsnakeError]:
        seen: dict[str, Artifact] = {}
        for artifact in sorted(
            (out for step in self.steps for out in step.outputs), key=lambda out: out.path
        ):
            first = next((seen[up] for up in upwards(artifact.path) if up in seen), None)
            if first is not None:
                relation = "is also" if first.path == artifact.path else f"lies in {first.path!r},"
                yield PipelineError(
                    f"the output {artifact.path!r} {relation} an output of {first.where}",
                    where=artifact.where,
                    hint="give each output a path of its own",
                )
            seen.setdefault(artifact.path, artifact)

    def _mixed_folders(self) -> Iterator[NbsnakeError]:
        outputs = [out for step in self.steps for out in step.outputs]
        for entry in (entry for step in self.steps for entry in step.inputs):
            inside = next((out for out in outputs if out.path.startswith(f"{entry.path}/")), None)
            if inside is not None:
                yield PipelineError(
                    f"the folder {entry.path!r} holds {inside.path!r}, an output of {inside.where}",
                    where=entry.where,
                    hint="name the files that the step reads, one ':dvc-in' for each",
                )

    def _order(self) -> list[str]:
        graph = {
            step.name: sorted(
                {made.name for path in step.inputs if (made := self.producer(path.path))}
            )
            for step in sorted(self.steps, key=lambda step: step.name)
        }
        try:
            return list(graphlib.TopologicalSorter(graph).static_order())
        except graphlib.CycleError as error:
            raise self._cycle(error.args[1]) from None

    def _cycle(self, names: list[str]) -> PipelineError:
        by_name = {step.name: step for step in self.steps}
        start = by_name[names[0]]
        entry = next(
            a for a in start.inputs if (made := self.producer(a.path)) and made.name in names
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
