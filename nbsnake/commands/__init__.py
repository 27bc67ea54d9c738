"""One module for each command; each has ``add_arguments(parser)`` and ``run(args) -> exit code``.

The command line imports only the module of the command that is called.

Imports: adopt, cluster, compare, dvc, errors, escape, generate, guess, job, merging, mlvtools,
model, names, notebook, port, programs, remote, render, report, results, settings, snakemake,
split, styles, tables.
"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from nbsnake.errors import UsageError
from nbsnake.job.say import few, say
from nbsnake.settings.discover import find_root

if TYPE_CHECKING:
    from nbsnake.job.plan import Plan  # slow, and for types only
    from nbsnake.model.notes import Note  # for types only

NO_STEP = (
    "no notebook here is a step yet: the first code cell of a step begins with a docstring "
    "that contains ':dvc-out: path' and the like"
)


def enter_project() -> Path:
    """Make the project's root the working directory, on which all relative paths rest."""
    root = find_root(Path.cwd())
    os.chdir(root)
    return root


def enter_project_with(words: Iterable[str]) -> list[str]:
    """As :func:`enter_project`; the words, of which those that name files do so from the root."""
    start, given = Path.cwd(), list(words)
    root = enter_project()
    return [_from_root(word, start, root) for word in given]


def report_notes(notes: "Iterable[Note]") -> None:
    """Say what of the notebooks is not in their scripts, one line for each notebook at the end."""
    from nbsnake.notebook.explain import summaries, warnings_of  # for commands that read notebooks

    found = list(notes)
    if warnings := warnings_of(found):
        say(warnings)
    for line in summaries(found):
        print(line, file=sys.stderr)


def one_step(word: str, plan: "Plan") -> str:
    """The step that a word means. Raises :class:`UsageError` where it means several, or none."""
    from nbsnake.model.choose import choose_steps  # for commands that read the plan

    chosen = choose_steps([word], {name: step.notebook for name, step in plan.steps.items()})
    if len(chosen) > 1:
        hint = f"name one of them: {few(chosen, 5)}"
        raise UsageError(f"{word} means {len(chosen)} steps", hint=hint)
    return chosen[0]


def no_step_yet() -> None:
    """Say what makes a notebook a step, in a project that has none."""
    print(NO_STEP, file=sys.stderr)


def _from_root(word: str, start: Path, root: Path) -> str:
    path = start / word
    if path.exists() and path.resolve().is_relative_to(root.resolve()):
        return path.resolve().relative_to(root.resolve()).as_posix()
    return word
