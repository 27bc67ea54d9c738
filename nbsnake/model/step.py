"""The values in the middle: notebooks, steps, and what these read and write."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

from nbsnake.errors import Where
from nbsnake.model.needs import Needs
from nbsnake.model.paramtype import ParamType, Value
from nbsnake.model.variants import Axis, Variant, fill, variants_of
from nbsnake.names import full_name

RAISES = "raises-exception"  # the tag of a cell after whose failure the notebook goes on


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell; ``index`` counts all cells of the notebook from 1.

    ``helpers`` names the functions of :mod:`nbsnake.ipython.standins` that its source calls.
    ``above`` and ``below`` are lines of its script that do what a kernel does around the cell.
    ``count`` is its number among the code cells when all run, 0 for one that never does, and
    ``prompt`` the number that Jupyter shows: ``In [prompt]``.
    """

    index: int
    kind: Literal["code", "markdown", "raw"]
    source: str
    tags: frozenset[str] = frozenset()
    helpers: frozenset[str] = frozenset()
    above: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    count: int = 0
    prompt: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    """``path`` is relative to the project's root, with forward slashes.

    ``language`` is the kernel's, in lower case, ``version`` that of its Python, such as 3.13, and
    ``kernel`` its name; each is "" where the notebook does not say. A report is what a step wrote
    of its own run.
    """

    path: str
    language: str
    cells: tuple[Cell, ...]
    version: str = ""
    kernel: str = ""
    is_report: bool = False


class Role(StrEnum):
    """What a file is to a step. All but ``DEP`` are outputs."""

    DEP = "dep"
    OUT = "out"
    PERSIST = "out-persist"
    METRIC = "metric"
    PLOT = "plot"
    NOTEBOOK = "notebook"  # that of the run itself, which its command writes


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
        """Whether the overlay is that of the variant."""
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
    to keep. An input may have another path in an overlay, and may be a ``fan_in``.
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
        """Whether the step writes it."""
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
    CONFIG = "config"  # params.yaml or an overlay, read again for each run
    LITERAL = "literal"  # written in the notebook, or in nbsnake.yaml
    PATTERN = "pattern"  # a text like that, with axes in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """A parameter of a step with its value; a file's value is its path, or a list of paths.

    Paths and values of the source ``PATTERN`` may hold ``{axis}``. ``key`` leads to a value of
    params.yaml, before which the ``overrides`` come. ``default`` is
    what the script uses when it is not passed, unless the parameter is ``required``. It never comes
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
    from ``__future__``. ``left_out`` are the other code cells, each with the reason. ``habits`` are
    those of a kernel that the code meets, and ``backend`` is where it draws.
    """

    notebook: str
    description: str
    cells: tuple[Cell, ...]
    metadata: int
    unassigned: tuple[str, ...] = ()
    futures: tuple[str, ...] = ()
    left_out: tuple[tuple[int, str], ...] = ()
    habits: frozenset[str] = frozenset()
    backend: str = ""


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
    its variants. ``modules`` are files of the project that its code imports or runs.
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
    needs: Needs = Needs()  # noqa: RUF009  (frozen)
    modules: tuple[str, ...] = ()

    @property
    def notebook(self) -> str:
        """The notebook, relative to the project's root."""
        return self.program.notebook

    @property
    def description(self) -> str:
        """What the docstring says before its first key."""
        return self.program.description

    @property
    def runs_in_kernel(self) -> bool:
        """Whether its script has a Jupyter kernel execute the notebook's cells."""
        return any("_nb_kernel" in cell.helpers for cell in self.program.cells)

    @property
    def log(self) -> str:
        """The file for what a job prints, with ``{axis}`` for what differs between variants."""
        key = "-".join(f"{{{axis.name}}}" for axis in self.axes)
        return f"logs/{full_name(self.name, key)}.log"

    @property
    def reports(self) -> list[str]:
        """The paths at which its command writes the notebook of the run, with axes in them."""
        return [each.path for each in self.artifacts if each.role is Role.NOTEBOOK]

    @property
    def inputs(self) -> tuple[Artifact, ...]:
        """What the step reads."""
        return tuple(artifact for artifact in self.artifacts if not artifact.is_output)

    @property
    def undeclared(self) -> tuple[str, ...]:
        """The modules that are no artifacts of the step."""
        paths = {artifact.path for artifact in self.artifacts}
        return tuple(path for path in self.modules if path not in paths)

    @property
    def outputs(self) -> tuple[Artifact, ...]:
        """What the step writes."""
        return tuple(artifact for artifact in self.artifacts if artifact.is_output)

    @property
    def config(self) -> tuple[Argument, ...]:
        """The parameters with values from params.yaml or an overlay."""
        return tuple(arg for arg in self.arguments if arg.source is Source.CONFIG)

    @property
    def variants(self) -> tuple[Variant, ...]:
        """All combinations of the axes; one without values for a step without axes."""
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
