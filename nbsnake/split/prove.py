"""Proof that the parts of a notebook together do what the whole one does."""

import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from nbsnake.adopt.prove import copy_project, run_apart
from nbsnake.adopt.same import Verdict, compare
from nbsnake.job.executed import EVENTS, as_notebook, parse_events, with_runner
from nbsnake.programs import python_call, step_call
from nbsnake.split.shown import compare_lines, shown_lines

SHOWN = "what is shown"
_SEED = "1"  # of the order of sets


class Comparison(NamedTuple):
    """One result of the whole notebook and of its parts."""

    result: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class _Copies:
    """Copies of the project in which notebooks run; ``results`` are the files that they write."""

    scratch: str
    results: Sequence[str]

    def make(self, name: str) -> str:
        root = os.path.join(self.scratch, name)
        copy_project(root, self.results)
        for result in self.results:
            Path(root, result).parent.mkdir(parents=True, exist_ok=True)
        return root

    def result(self, name: str, path: str) -> str:
        return os.path.join(self.scratch, name, path)


def prove_split(
    notebook: str, parts: Mapping[str, bytes], results: Iterable[str]
) -> list[Comparison]:
    """Run a notebook in its folder, and its parts as steps, in copies of the project.

    ``parts`` are the notebooks of the parts in their order, ``results`` the files that the whole
    one writes, from the root. Where they differ the whole one runs again, for what differs in its
    own runs too is not due to the parts.
    """
    with tempfile.TemporaryDirectory(prefix="nbsnake-split-") as scratch:
        copies = _Copies(scratch, list(results))
        whole, failures = _run_whole(copies, "whole", notebook)
        lines, failed = _run_parts(copies, parts)
        if failures := failures + failed:
            return [Comparison(SHOWN, Verdict(False, failures[0]))]
        files = [_compared(copies, path, "parts") for path in copies.results]
        if lines == whole and all(each.verdict.same for each in files):
            return [Comparison(SHOWN, compare_lines(whole, whole, lines)), *files]
        again, _ = _run_whole(copies, "again", notebook, seed="2")
        shown = Comparison(SHOWN, compare_lines(whole, again, lines))
        return [shown, *(_excused(copies, each) for each in files)]


def _run_whole(
    copies: _Copies, name: str, notebook: str, seed: str = _SEED
) -> tuple[list[str], list[str]]:
    """What the whole notebook shows in its folder of a new copy, and its failure."""
    root = copies.make(name)
    lines, failure = _run(root, notebook, os.path.dirname(notebook), seed=seed)
    return lines, [f"the notebook fails: {failure}"] if failure else []


def _run_parts(copies: _Copies, parts: Mapping[str, bytes]) -> tuple[list[str], list[str]]:
    """What the parts show as steps in a new copy, and their failures."""
    root = copies.make("parts")
    lines, failures = [], []
    for path, data in parts.items():
        Path(root, path).write_bytes(data)
        own, failure = _run(root, path, "", seed=_SEED)
        lines += own
        failures += [f"{path} fails: {failure}"] if failure else []
    return lines, failures


def _compared(copies: _Copies, path: str, name: str) -> Comparison:
    return Comparison(path, compare(copies.result("whole", path), copies.result(name, path)))


def _excused(copies: _Copies, found: Comparison) -> Comparison:
    """The same where the results of two runs of the whole notebook are the same."""
    if found.verdict.same or _compared(copies, found.result, "again").verdict.same:
        return found
    return Comparison(found.result, Verdict(True, "written, and varies by itself"))


def _run(root: str, notebook: str, folder: str, *, seed: str) -> tuple[list[str], str]:
    """What a notebook's cells show in a folder of a copy, and its error, "" for none.

    Sets are in the order of ``seed``.
    """
    script = os.path.abspath(os.path.join(root, "workflow", "scripts", "_part.py"))
    convert = python_call("nbsnake", "convert", notebook, "-o", script, "--force")
    if failure := run_apart(convert, root):
        return [], failure
    events = Path(os.path.abspath(root), ".nbsnake", "events")
    events.write_bytes(b"")
    command = with_runner(step_call(script), script)
    environment = {EVENTS: str(events), "PYTHONHASHSEED": seed}
    failure = run_apart(command, os.path.join(root, folder), environment)
    return shown_lines(as_notebook(parse_events(events.read_bytes()), {})), failure
