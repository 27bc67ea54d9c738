"""A project from Python: its state, a run, and its report.

Each call runs the command of the same name in a process of its own, so the working directory, the
modules and the threads of the caller stay as they are.
"""

import json
import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from nbsnake.errors import NbsnakeError, ToolError
from nbsnake.programs import in_one_line, python_call
from nbsnake.settings.discover import find_root


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The state of a step: ``fresh``, ``stale`` or ``never run``.

    ``reasons`` say why it is stale in itself, and ``waits`` name the stale steps before it.
    ``restorable`` says that the cache has its result, ``locked`` that dvc.lock records it.
    ``failed`` is the exit code of its last run, if that failed, and ``running`` since when a job
    is at work, in seconds since 1970. ``accepted`` is the reason given to ``nbsnake accept``,
    "" where a run made the result.
    """

    step: str
    notebook: str
    state: str
    reasons: tuple[str, ...]
    waits: tuple[str, ...]
    restorable: bool
    locked: bool
    failed: int | None
    running: float | None
    accepted: str


@dataclass(frozen=True, slots=True)
class Project:
    """A project by its root folder; :func:`load_project` finds it."""

    root: Path

    def status(self, *steps: str) -> list[Status]:
        """The state of these steps (names, patterns or notebooks), or of all.

        Raises :class:`NbsnakeError` for faults in the project.
        """
        return list(map(_status, json.loads(self._call("status", ["--json", *steps]))))

    def run(self, *steps: str, jobs: int | None = None, force: Iterable[str] = ()) -> list[Status]:
        """Generate, restore and run what is not fresh; the state of the steps after it.

        ``jobs`` is the number of cores (default: all), and the steps in ``force`` run though they
        are fresh. Raises :class:`NbsnakeError` with what was printed where a step fails.
        """
        words = [*steps, *(["-j", str(jobs)] if jobs is not None else [])]
        self._call("run", [*words, *(word for step in force for word in ("--force", step))])
        return self.status(*steps)

    def report(self, path: str | os.PathLike[str] = "report.html") -> Path:
        """Write the state of the project as one HTML page, and return its path.

        A relative ``path`` is one from the project's root.
        """
        target = self.root / path
        self._call("report", ["-o", str(target)])
        return target

    def _call(self, command: str, words: list[str]) -> str:
        call = python_call("nbsnake", command, *words)
        done = subprocess.run(call, cwd=self.root, capture_output=True, text=True)
        if done.returncode:
            error = ToolError if done.returncode == ToolError.exit_code else NbsnakeError
            fault = error(
                in_one_line(done.stderr[-3000:].removeprefix("nbsnake: "))
                or f"nbsnake {command} failed"
            )
            fault.exit_code = done.returncode
            raise fault
        return done.stdout


def _status(row: dict[str, Any]) -> Status:
    values: dict[str, Any] = {each.name: row[each.name] for each in fields(Status)}
    return Status(**values | {name: tuple(values[name]) for name in ("reasons", "waits")})


def load_project(path: str | os.PathLike[str] = ".") -> Project:
    """The project that a folder lies in.

    Raises :class:`UsageError` where there is none.
    """
    return Project(find_root(Path(path).resolve()))
