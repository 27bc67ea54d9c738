"""Notebooks as scripts alone, inside or outside of a project."""

import contextlib
import os
import posixpath
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from nbsnake.compile.bind import script_arguments
from nbsnake.errors import NbsnakeError, UsageError
from nbsnake.generate.memo import Memo, content_of, is_current
from nbsnake.job.regular import read_regular
from nbsnake.model.notes import Note
from nbsnake.names import FIRST_MODULES
from nbsnake.notebook.read import read_notebook
from nbsnake.notebook.read_step import read_any, with_habits
from nbsnake.notebook.spec import Reading
from nbsnake.python.habits import Habit
from nbsnake.python.modules import Modules, parse_module
from nbsnake.python.references import References
from nbsnake.render.script import render_plain_script
from nbsnake.settings.discover import walk_notebooks
from nbsnake.settings.settings import MLVTOOLS_FILE, SETTINGS_FILE, read_settings, reading

MEMO_FILE = ".nbsnake/converted.json"
PROJECT_MARKS = (".dvc", SETTINGS_FILE, MLVTOOLS_FILE)


class Job(NamedTuple):
    """A notebook, and the path of its script."""

    notebook: str
    script: str


def plan_jobs(notebooks: Iterable[str], output: str) -> list[Job]:
    """Which script each notebook gives; for a folder, all notebooks below it.

    ``output`` is a script, or a folder that takes what lies below the named ones as it lies
    there; without it each script is written beside its notebook. A script that would hide a
    module of the standard library gets ``_notebook`` behind its name.

    Raises :class:`UsageError` for paths that do not exist, or when two notebooks would
    give one script.
    """
    found = [pair for path in notebooks for pair in _below(path)]
    if len(found) == 1 and output and not _is_folder(output) and not found[0].is_below:
        return [Job(found[0].path, output)]
    jobs = [
        Job(each.path, posixpath.join(output or each.top, _script_of(each, output)))
        for each in found
    ]
    jobs = list(dict.fromkeys(jobs))
    scripts: dict[str, str] = {}
    for job in jobs:
        first = scripts.setdefault(job.script, job.notebook)
        if first != job.notebook:
            raise UsageError(f"{first} and {job.notebook} would both become {job.script}")
    return jobs


def _script_of(found: "_Found", output: str) -> str:
    """The script's path below its folder; not the name of a module, which it would hide.

    Modules are looked for beside the notebook, and beside the script for its first lines only.
    """
    folder, name = posixpath.split(found.name.removesuffix(".ipynb"))
    is_beside = not output or Path(output).resolve() == Path(found.top).resolve()
    hides = name in (sys.stdlib_module_names if is_beside else FIRST_MODULES)
    return posixpath.join(folder, f"{name}{'_notebook' * hides}.py")


class _Found(NamedTuple):
    """A notebook by its folder and name; ``is_below`` where only the folder was named."""

    top: str
    name: str
    is_below: bool

    @property
    def path(self) -> str:
        return posixpath.join(self.top, self.name)


def _below(path: str) -> Iterator[_Found]:
    given = Path(path)
    if given.is_dir():
        for name in walk_notebooks(path):
            yield _Found(given.as_posix(), name, True)
    elif given.is_file():
        yield _Found(given.parent.as_posix(), given.name, False)
    else:
        raise UsageError(f"there is no notebook or folder {path}")


def _is_folder(output: str) -> bool:
    return output.endswith("/") or Path(output).is_dir()


def find_reading(start: Path) -> tuple[Path | None, Reading]:
    """The project that ``start`` lies in, if it does, and how that wants its notebooks read."""
    for folder in (start, *start.parents):
        if any((folder / mark).exists() for mark in PROJECT_MARKS):
            with contextlib.chdir(folder):
                return folder, reading(read_settings())
    return None, Reading()


class Converted:
    """Which scripts of a project match their notebooks, by the content of both.

    ``root`` is None outside of a project, where nothing is kept. :meth:`save` keeps it.
    """

    def __init__(self, rules: Reading, root: Path | None) -> None:
        self._root = root or Path()
        with contextlib.chdir(self._root):
            self._memo = Memo(MEMO_FILE if root else None, rules)

    def knows(self, job: Job) -> bool:
        """Whether the script matches its notebook, as noted before."""
        entry = self._memo.entries.get(os.path.abspath(job.script), {})
        with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):  # tampered with
            return entry["state"] == self._state(job) and is_current(entry["rests_on"])
        return False

    def note(self, job: Job, script: "Script") -> None:
        """Note that the script matches its notebook."""
        rests_on = {path: content_of(path) for path in script.rests_on}
        entry = {"state": self._state(job), "rests_on": rests_on}
        self._memo.entries[os.path.abspath(job.script)] = entry

    def save(self) -> None:
        """Write what was noted, in a project."""
        with contextlib.chdir(self._root):
            self._memo.save()

    @staticmethod
    def _state(job: Job) -> list[str]:
        return [os.path.abspath(job.notebook), content_of(job.notebook), content_of(job.script)]


class Script(NamedTuple):
    """The text of a script, the files besides its notebook that count, and what it lacks."""

    text: str
    rests_on: tuple[str, ...]
    notes: tuple[Note, ...]


def convert(job: Job, rules: Reading, root: Path | None) -> Script:
    """The script of a job.

    Raises :class:`NbsnakeError` for a notebook that cannot become one.
    """
    spec = read_any(read_notebook(job.notebook), rules)
    habits, asked = _habits_beside(spec.references, Path(job.notebook).parent)
    spec = with_habits(spec, habits)
    program = replace(spec.program, notebook=_shown_path(job.notebook, root))
    arguments = script_arguments(spec)
    text = render_plain_script(program, arguments, spec.artifacts, _folder(job))
    return Script(text, tuple(map(os.path.abspath, (*spec.included, *asked))), spec.notes)


def _habits_beside(
    references: References, folder: Path
) -> tuple[frozenset[Habit], tuple[str, ...]]:
    """What modules beside the notebook meet of a kernel, and the paths that counted for that.

    One that is not Python meets nothing.
    """
    habits = set[Habit]()

    def read(path: str) -> References:
        try:
            found = parse_module(read_regular(path), path)
        except (NbsnakeError, OSError):
            return References()
        habits.update(found.habits)
        return found

    with contextlib.chdir(folder):
        modules = Modules(read)
        modules.closure(references, ".")
        asked = tuple(map(os.path.abspath, sorted(modules.asked)))
    return frozenset(habits), asked


def _shown_path(notebook: str, root: Path | None) -> str:
    """The notebook as the script names it: relative to the project, or just its name."""
    full = Path(notebook).resolve()
    if root and full.is_relative_to(root.resolve()):
        return full.relative_to(root.resolve()).as_posix()
    return full.name


def _folder(job: Job) -> str:
    """From the script to the notebook's folder, if both lie here; else they may be parted."""
    here = Path.cwd()
    notebooks = Path(job.notebook).resolve().parent
    scripts = Path(job.script).resolve().parent
    if not (notebooks.is_relative_to(here) and scripts.is_relative_to(here)):
        return "."
    return posixpath.relpath(notebooks.as_posix(), scripts.as_posix())
