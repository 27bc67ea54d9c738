"""Reading a project as MLV-tools and old DVC left it."""

import contextlib
import os
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbsnake.errors import NbsnakeError, raise_all
from nbsnake.job.regular import read_regular
from nbsnake.mlvtools.files import (
    SCRIPT_NAME,
    Use,
    is_command_file,
    notebook_of_script,
    script_of_command,
    script_stem,
    use_of_notebook,
)
from nbsnake.mlvtools.stage import check_stage
from nbsnake.model.step import Notebook
from nbsnake.names import DVC_FILE
from nbsnake.notebook.dvc_cmd import Variables
from nbsnake.notebook.read import read_notebook
from nbsnake.notebook.read_step import read_step
from nbsnake.notebook.spec import Reading, StepSpec
from nbsnake.settings.discover import LEFT_OUT
from nbsnake.settings.settings import (
    SETTINGS_FILE,
    find_notebooks,
    meaningless_settings,
    read_mlvtools,
    read_settings,
    read_yaml,
    reading,
)

OLD = ".old"  # DVC reads x.dvc, but not x.dvc.old


@dataclass(frozen=True, slots=True, kw_only=True)
class OldProject:
    """What was read, by path.

    ``stages`` are the files ``x.dvc``, ``aside`` those that an earlier run renamed. ``notebooks``
    and ``specs`` are those that can be read, ``sources`` maps each script to its notebook by the
    script's bare name, and ``texts`` holds the YAML files: "" for one that is not there.
    """

    given: Mapping[str, Any]
    meaningless: tuple[str, ...]
    variables: Variables
    scripts: Mapping[str, str]
    commands: Mapping[str, str]
    stages: Mapping[str, Mapping[str, Any]]
    aside: Mapping[str, Mapping[str, Any]]
    texts: Mapping[str, str]
    sources: Mapping[str, str]
    notebooks: Mapping[str, Notebook]
    specs: Mapping[str, StepSpec]

    def script_of(self, stage: Mapping[str, Any]) -> str | None:
        """The generated script that a stage file runs."""
        return script_of_command(stage.get("cmd") or "", self.sources)

    @property
    def has_traces(self) -> bool:
        """Whether MLV-tools has been at work here."""
        stages = (*self.stages.values(), *self.aside.values())
        return bool(self.given or self.scripts or self.commands or any(map(self.script_of, stages)))

    def says_the_same(self, notebook: str, script: str, use: Use | None) -> bool:
        """Whether the notebook says all that the use does."""
        spec = self.specs.get(notebook)
        return spec is not None and use == use_of_notebook(spec, script)


def read_old_project() -> OldProject:
    """Read the project in the working directory.

    Raises :class:`PipelineError`, several together, for settings and stage files that cannot be
    read.
    """
    given, rules = read_mlvtools(), reading(read_settings())
    paths = sorted(_candidates(_folders(given)))
    stages = _read_stages([path for path in paths if path.endswith(".dvc")])
    texts = {path: read_regular(path).decode(errors="replace") for path in paths}
    scripts = {path: text for path, text in texts.items() if notebook_of_script(text)}
    notebooks, specs = _read_notebooks(rules)
    return OldProject(
        given=given,
        meaningless=tuple(meaningless_settings()),
        variables=rules.variables,
        scripts=scripts,
        commands={
            path: text for path, text in texts.items() if is_command_file(text, rules.variables)
        },
        stages=stages,
        aside=_read_aside([path for path in paths if path.endswith(OLD)]),
        texts=texts | {path: _yaml_text(path) for path in (SETTINGS_FILE, DVC_FILE)},
        sources=_sources(scripts, find_notebooks(())),
        notebooks=notebooks,
        specs=specs,
    )


def _read_stages(paths: list[str]) -> dict[str, Mapping[str, Any]]:
    stages: dict[str, Mapping[str, Any]] = {}
    faults: list[NbsnakeError] = []
    for path in paths:
        try:
            stages[path] = read_yaml(path)
            check_stage(path, stages[path])
        except NbsnakeError as fault:
            faults.append(fault)
    raise_all(faults)
    return stages


def _read_aside(paths: list[str]) -> dict[str, Mapping[str, Any]]:
    """Nothing reads these files any more, so that faults in them do not matter."""
    found: dict[str, Mapping[str, Any]] = {}
    for path in paths:
        with contextlib.suppress(NbsnakeError):
            found |= _read_stages([path])
    return found


def _read_notebooks(rules: Reading) -> tuple[dict[str, Notebook], dict[str, StepSpec]]:
    notebooks, specs = {}, {}
    for path in find_notebooks(()):
        try:
            notebooks[path] = read_notebook(path)
            spec = read_step(notebooks[path], rules)
        except NbsnakeError:
            continue  # reported by nbsnake generate; what cannot be compared stays
        if spec:
            specs[path] = spec
    return notebooks, specs


def _yaml_text(path: str) -> str:
    read_yaml(path)  # refuses what is not a mapping
    return read_regular(path).decode() if Path(path).exists() else ""


def _folders(given: Mapping[str, Any]) -> dict[str, str]:
    """The folders for scripts (``.py``) and for command files (no suffix)."""
    paths = given.get("path")
    found = paths if isinstance(paths, dict) else {}
    named = {".py": found.get("python_script_root_dir"), "": found.get("dvc_cmd_root_dir")}
    return {key: posixpath.normpath(path) for key, path in named.items() if isinstance(path, str)}


def _candidates(folders: Mapping[str, str]) -> Iterator[str]:
    """The files that may be old ones, by their names and places."""
    for parent, inner, names in os.walk("."):
        inner[:] = [name for name in inner if not _is_foreign(parent, name)]
        for name in names:
            path = posixpath.normpath(posixpath.join(parent, name))
            suffix = posixpath.splitext(name)[1]
            if (
                name.endswith((".dvc", f".dvc{OLD}", "_dvc"))
                or SCRIPT_NAME.fullmatch(name)
                or folders.get(suffix) == (posixpath.dirname(path) or ".")
            ) and os.path.isfile(path):
                yield path


def _is_foreign(parent: str, name: str) -> bool:
    """Whether a folder is hidden, an environment, or a project of its own."""
    marks = ("pyvenv.cfg", ".git", ".dvc")
    return (
        name.startswith(".")
        or name in LEFT_OUT
        or any(os.path.exists(os.path.join(parent, name, mark)) for mark in marks)
    )


def _sources(scripts: Mapping[str, str], notebooks: list[str]) -> dict[str, str]:
    """The notebook of each script, by the head of the script, else by the names of both."""
    stems = [script_stem(notebook) for notebook in notebooks]
    sources = {
        f"{stem}.py": notebook
        for stem, notebook in zip(stems, notebooks, strict=True)
        if stems.count(stem) == 1
    }
    named = {posixpath.basename(path): notebook_of_script(text) for path, text in scripts.items()}
    return sources | {script: path for script, path in named.items() if path in notebooks}
