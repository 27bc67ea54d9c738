"""The notebooks of a folder as they are read: followed code, steps, and those left alone."""

from collections.abc import Iterable
from dataclasses import dataclass

from nbsnake.adopt.decide import Followed, follow
from nbsnake.errors import NbsnakeError
from nbsnake.model.step import Notebook
from nbsnake.notebook.foreign_literals import LANGUAGES
from nbsnake.notebook.kept_cells import PYTHON
from nbsnake.notebook.kernels import runs_in_kernel
from nbsnake.notebook.read import read_notebook
from nbsnake.notebook.read_step import read_step
from nbsnake.notebook.spec import Reading, StepSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A notebook that is left alone, with the reason."""

    notebook: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """The notebooks of a folder: those whose code was followed, and those that are steps."""

    followed: tuple[Followed, ...]
    steps: tuple[StepSpec, ...]
    left: tuple[Left, ...]
    faults: tuple[NbsnakeError, ...]


def read_all(paths: Iterable[str], rules: Reading) -> Readings:
    """Read notebooks, and follow the code of those that are no steps yet."""
    followed, steps = list[Followed](), list[StepSpec]()
    left, faults = list[Left](), list[NbsnakeError]()
    for path in paths:
        try:
            notebook = read_notebook(path)
            if notebook.language not in PYTHON and not runs_in_kernel(notebook, rules.no_effect):
                left.append(Left(notebook=path, why=_why_foreign(notebook.language)))
            elif step := read_step(notebook, rules):
                steps.append(step)
            else:
                followed.append(follow(notebook, rules.no_effect))
        except NbsnakeError as fault:
            faults.append(fault)
    return Readings(
        followed=tuple(followed), steps=tuple(steps), left=tuple(left), faults=tuple(faults)
    )


def _why_foreign(language: str) -> str:
    why = f"it is written in {language}"
    if language not in LANGUAGES:
        return why
    return f"{why}: a comment with ':dvc-out: path' in its first code cell makes it a step"


def read_parsed(notebooks: Iterable[Notebook], rules: Reading) -> Readings:
    """As :func:`read_all`, of notebooks that are not on disk yet, and none of them a step."""
    followed = tuple(follow(each, rules.no_effect) for each in notebooks)
    return Readings(followed=followed, steps=(), left=(), faults=())
