"""Proof that a step does what its notebook does: both run, and their results are compared.

Both run in copies of the project, so that nothing in it changes.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from nbsnake.adopt.decide import Followed
from nbsnake.adopt.observe import observe
from nbsnake.adopt.probe import LEFT_OUT
from nbsnake.adopt.proposal import Proposal
from nbsnake.adopt.same import Verdict, compare
from nbsnake.notebook.spec import Reading
from nbsnake.programs import python_call, step_call

_LARGE = 100_000_000  # bytes; larger sources are linked, not copied
_KEPT_HIDDEN = (".dvc", ".mlvtools", ".env")


class Proof(NamedTuple):
    """One result of a step, by the notebook and by the script, with their seconds."""

    step: str
    path: str
    verdict: Verdict
    notebook_seconds: float
    script_seconds: float


def prove(
    proposals: Sequence[Proposal],
    followed: Mapping[str, Followed],
    texts: Mapping[str, bytes],
    rules: Reading,
) -> list[Proof]:
    """Run each notebook and its script, in the order of the steps, and compare what they write.

    ``texts`` are the notebooks as they are to become.
    """
    made = {path for each in proposals for file in each.files for path in _outputs(each)}
    with tempfile.TemporaryDirectory(prefix="nbsnake-prove-") as scratch:
        ours, theirs = (os.path.join(scratch, name) for name in ("script", "notebook"))
        for copy in (ours, theirs):
            copy_project(copy, made)
        found = []
        for each in proposals:
            one = followed[each.notebook]
            first = _timed(lambda: _run_notebook(one, each, rules, theirs))  # noqa: B023
            second = _timed(lambda: _run_script(each, texts[each.notebook], ours))  # noqa: B023
            for path in _outputs(each):
                verdict = compare(os.path.join(theirs, path), os.path.join(ours, path))
                failure = first[1] or second[1]
                verdict = verdict if verdict.same or not failure else Verdict(False, failure)
                found.append(Proof(each.step, path, verdict, first[0], second[0]))
        return found


def _outputs(proposal: Proposal) -> list[str]:
    return [path for file in proposal.files if file.role.value != "dep" for path in file.paths]


def _timed(function: Callable[[], str]) -> tuple[float, str]:
    start = time.monotonic()
    said = function()
    return time.monotonic() - start, said


def _run_notebook(one: Followed, proposal: Proposal, rules: Reading, root: str) -> str:
    """Run the notebook as it was; what went wrong, "" for nothing."""
    failure = observe(one, proposal.facts.start, rules, root).failure
    return f"the notebook: {failure.text}" if failure else ""


def _run_script(proposal: Proposal, data: bytes, root: str) -> str:
    """Run the step's script, as a job does: in the root; what went wrong, "" for nothing."""
    notebook = Path(root, proposal.notebook)
    notebook.write_bytes(data)
    script = f"workflow/scripts/{proposal.step}.py"
    for path in _outputs(proposal):
        Path(root, path).parent.mkdir(parents=True, exist_ok=True)
    convert = python_call("nbsnake", "convert", proposal.notebook, "-o", script, "--force")
    for command in (convert, step_call(script)):
        if failure := run_apart(command, root):
            return f"the script: {failure}"
    return ""


def run_apart(
    command: Sequence[str], folder: str, environment: Mapping[str, str] | None = None
) -> str:
    """Run a program in a folder; the last line of its error, "" for none."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "MPLBACKEND": "agg", **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    return (done.stderr.strip().splitlines() or ["failed"])[-1] if done.returncode else ""


def copy_project(target: str, without: Iterable[str]) -> None:
    """Copy the project that is the working directory, without results and tools' folders."""
    absent = {os.path.normpath(path) for path in without}

    def left_out(folder: str, names: list[str]) -> set[str]:
        hidden = {name for name in names if name[0] == "." and name not in _KEPT_HIDDEN}
        venvs = {each for each in names if os.path.exists(os.path.join(folder, each, "pyvenv.cfg"))}
        made = {each for each in names if os.path.normpath(os.path.join(folder, each)) in absent}
        return hidden | venvs | made | (LEFT_OUT & set(names))

    def copy(source: str, copied: str) -> None:
        if os.path.getsize(source) > _LARGE:
            os.symlink(os.path.abspath(source), copied)
        else:
            shutil.copy2(source, copied)

    shutil.copytree(".", target, ignore=left_out, copy_function=copy, ignore_dangling_symlinks=True)
    Path(target, ".nbsnake").mkdir(exist_ok=True)
