"""What a notebook's author wrote, and how a project wants its notebooks read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nbsnake.errors import Where
from nbsnake.model.needs import Needs
from nbsnake.model.notes import Note
from nbsnake.model.step import Artifact, Command, Program
from nbsnake.notebook.dvc_cmd import Variables
from nbsnake.notebook.foreach import AxisSpec
from nbsnake.notebook.params import ParamSpec
from nbsnake.python.references import References

NO_EFFECT = ("No effect",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a project wants its notebooks read.

    ``no_effect`` are the comments that leave a cell out, ``conf`` the values for templates in
    docstrings (None where there are none), ``variables`` the names that ``:dvc-cmd:`` uses.
    """

    no_effect: tuple[str, ...] = NO_EFFECT
    conf: Mapping[str, Any] | None = None
    variables: Variables = field(default_factory=Variables)


PLAIN = Reading()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSpec:
    """What the author wrote; the fields are those of :class:`nbsnake.model.step.Step`.

    ``extras`` are the words of ``:dvc-extra:``, each with its place; ``axes`` are those of
    ``:foreach``. ``references`` are what its cells import and run; ``modules`` are the files of
    the project that these lead to, which depend on more than the notebook. ``included`` are the
    notebooks whose cells it runs with ``%run``. ``notes`` are for the author.
    """

    name: str
    program: Program
    params: tuple[ParamSpec, ...]
    artifacts: tuple[Artifact, ...]
    extras: tuple[tuple[str, Where], ...]
    command: Command | None
    where: Where
    axes: tuple[AxisSpec, ...] = ()
    needs: Needs = Needs()  # noqa: RUF009  (frozen)
    references: References = References()  # noqa: RUF009  (frozen)
    modules: tuple[str, ...] = ()
    included: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def notebook(self) -> str:
        """The notebook, relative to the project's root."""
        return self.program.notebook
