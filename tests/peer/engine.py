"""``Repo.reproduce`` and ``Repo.run`` of DVC, done by nbsnake, and compared with DVC's own.

Each call is made twice: by plain Snakemake in the project of the test, and by DVC in a copy of it,
the twin, which takes the project's place meanwhile. Both must leave the same files with the same
modes, and have run the same stages.
"""

import importlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import pytest
import twin
from calls import SNAKEMAKE, Call, call_of, is_in_root
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.utils.cli_parse import parse_params
from tools import run_tool
from traces import differences, read_files, read_traces

from nbsnake.names import ALL_RULE

DVC_RUN = Repo.run
PLANNED = re.compile(r"^(?:local)?rule (\S+):$", re.MULTILINE)  # as a dry run prints a job
SHOWN = 2000  # characters of what Snakemake printed


class End(NamedTuple):
    """How a run ended: the stages and ``.dvc`` files that it reproduced, its error ("" for none),
    the files that it left, and what ``dvc status`` shows then."""

    stages: Sequence[str]
    error: str
    files: dict[str, str]
    status: Any

    @property
    def only_stages(self) -> list[str]:
        """Without the ``.dvc`` files, which are compared as files; sorted."""
        return sorted(name for name in self.stages if not name.endswith(".dvc"))


class Engine:
    """nbsnake in the place of DVC, in one test.

    ``findings`` say what differs, ``executed`` are the stages whose command the last call ran.
    """

    def __init__(self, ask: twin.Ask) -> None:
        self._ask = ask
        self.calls = 0
        self.findings: list[str] = []
        self.executed: list[str] = []

    @contextmanager
    def in_place_of_dvc(self, names: Iterable[str]) -> Iterator[None]:
        """Let the test call nbsnake for these functions of ``Repo``."""
        known = {"reproduce": self._reproduce, "run": self._run}
        with ExitStack() as stack:
            for name in names:
                stack.enter_context(mock.patch.object(Repo, name, self._noting_faults(known[name])))
            yield

    def _noting_faults(self, function: Any) -> Any:
        """An error of this engine is a finding: DVC's command line, if called, returns a number."""

        def called(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except DvcException:
                raise
            except Exception as error:
                self.findings.append(f"the engine fails: {error!r}")
                raise

        return called

    def _reproduce(self, repo: Any, targets: Any = None, **options: Any) -> list[Any]:
        return self._call(repo, call_of(repo, targets, options))

    def _run(
        self, repo: Any, *, no_exec: bool = False, no_commit: bool = False, **stage: Any
    ) -> Any:
        """``dvc stage add``, then a run of the stage; all by DVC where nothing is to be locked."""
        name = stage.get("name")
        if no_exec or no_commit or not name or not is_in_root(repo):
            return DVC_RUN(repo, no_exec=no_exec, no_commit=no_commit, **stage)
        file = Path("dvc.yaml")
        before = file.read_bytes() if file.exists() else None
        options = {} if stage.pop("run_cache", True) else {"run_cache": False}
        stage = {"force": True, **stage, "params": parse_params(stage.get("params", []))}
        with repo.lock:
            repo.stage.create(**stage).dump(update_lock=False)
        try:
            self._call(repo, Call([*SNAKEMAKE, name], {"targets": [name], **options}))
        except DvcException as error:
            file.unlink() if before is None else file.write_bytes(before)
            repo._reset()
            raise error.__cause__ or error from None  # `Repo.run` does not wrap it
        return repo.stage.load_one(name=name)

    def _call(self, repo: Any, call: Call) -> list[Any]:
        """Run in the project and in its twin, and compare; the stages that ran.

        Where these are the same, they are in DVC's order: Snakemake runs them in parallel. An
        error is DVC's.
        """
        self.calls += 1
        repo.close()
        root = Path(repo.root_dir)
        with _twin_of(root) as twin_in_place:
            ours = self._by_nbsnake(root, call)
            with twin_in_place():
                reproduced: twin.Reproduced = self._ask(twin.reproduce, str(root), call.options)
                theirs = self._end(root, reproduced.stages, str(reproduced.errors or ""))
        self.findings += _compare(ours, theirs)
        repo._reset()
        if reproduced.errors:
            raise _error(*reproduced.errors)
        names = theirs.stages if ours.only_stages == theirs.only_stages else ours.stages
        found = {stage.addressing: stage for stage in repo.index.stages}
        return [found[name] for name in names if name in found]

    def _by_nbsnake(self, root: Path, call: Call) -> End:
        before = read_traces()
        for command in call.commands:
            done = run_tool(command, root, {**_environment(), **call.variables})
        now, printed = read_traces(), done.stdout + done.stderr
        if now.left:
            pytest.skip(f"left to DVC: {next(iter(now.left.values()))}")
        self.executed = now.executed_since(before)
        planned = [name for name in PLANNED.findall(printed) if name != ALL_RULE]
        stages = planned if "dry" in call.options else now.reproduced_since(before)
        return self._end(root, stages, printed[-SHOWN:] if done.returncode else "")

    def _end(self, root: Path, stages: Sequence[str], error: str) -> End:
        return End(stages, error, read_files(root), self._ask(twin.status, str(root)))


def _compare(ours: End, theirs: End) -> Iterator[str]:
    if bool(ours.error) != bool(theirs.error):
        yield f"nbsnake: {ours.error or 'ends well'}; DVC: {theirs.error or 'ends well'}"
    elif not theirs.error and ours.only_stages != theirs.only_stages:
        yield f"stages: nbsnake {list(ours.stages)}, DVC {list(theirs.stages)}"
    yield from differences(ours.files, theirs.files)
    if ours.status != theirs.status:
        yield f"dvc status: nbsnake {ours.status}, DVC {theirs.status}"


def _environment() -> dict[str, str]:
    """That of the test, with this Python's programs first."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "PYTHON"))}
    path = os.pathsep.join([os.path.dirname(sys.executable), kept["PATH"]])
    return {**kept, "PATH": path, "COLUMNS": "200"}


@contextmanager
def _twin_of(root: Path) -> Iterator[Any]:
    """Give what puts a copy of the project in its place for a while: all paths are the same.

    Both are set up for nbsnake.
    """
    if not (root / "workflow").exists():
        done = run_tool(["nbsnake", "init"], root, _environment())
        assert done.returncode == 0, done.stderr
    with tempfile.TemporaryDirectory(dir=root.parent, prefix="twin-") as folder:
        theirs, ours = Path(folder, "theirs"), Path(folder, "ours")
        shutil.copytree(root, theirs, symlinks=True)

        @contextmanager
        def in_place() -> Iterator[None]:
            root.rename(ours)
            theirs.rename(root)
            try:
                yield
            finally:
                root.rename(theirs)
                ours.rename(root)

        yield in_place


def _error(raised: twin.Raised, *causes: twin.Raised) -> Exception:
    """DVC's error, as far as its class, its text and its cause go."""
    kind = getattr(importlib.import_module(raised.module), raised.name)
    error: Exception = kind.__new__(kind)
    error.args = (raised.text,)
    error.msg = raised.text  # type: ignore[attr-defined]
    error.__cause__ = _error(*causes) if causes else None
    return error
