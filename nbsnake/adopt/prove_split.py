"""Proof that the parts of a notebook together do what the whole one does."""

import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from nbsnake.adopt.prove import copy_project, run_apart
from nbsnake.adopt.same import Verdict, compare
from nbsnake.programs import python_call, step_call

PRINTED = "what is printed"


class Comparison(NamedTuple):
    """One result of the whole notebook and of its parts."""

    result: str
    verdict: Verdict


def prove_split(
    notebook: str, parts: Mapping[str, bytes], results: Iterable[str]
) -> list[Comparison]:
    """Run a notebook in its folder, and its parts as steps, in copies of the project.

    ``parts`` are the notebooks of the parts in their order, ``results`` the files that the whole
    one writes, from the root.
    """
    paths = list(results)
    with tempfile.TemporaryDirectory(prefix="nbsnake-split-") as scratch:
        whole, several = (os.path.join(scratch, name) for name in ("whole", "parts"))
        for copy in (whole, several):
            copy_project(copy, paths)
        one, failure = _run(whole, notebook, os.path.dirname(notebook))
        others, failures = [], [f"the notebook fails: {failure}"] if failure else []
        for path, data in parts.items():
            Path(several, path).write_bytes(data)
            for result in paths:
                Path(several, result).parent.mkdir(parents=True, exist_ok=True)
            text, failure = _run(several, path, "")
            others.append(text)
            failures += [f"{path} fails: {failure}"] if failure else []
        is_same = "".join(others) == one and not failures
        same = Verdict(is_same, "text" if is_same else (failures or ["text differs"])[0])
        found = [Comparison(PRINTED, same)]
        found += [
            Comparison(path, compare(os.path.join(whole, path), os.path.join(several, path)))
            for path in paths
        ]
        return found


def _run(root: str, notebook: str, folder: str) -> tuple[str, str]:
    """What a notebook's script prints in a folder of a copy, and its error, "" for none."""
    script = os.path.abspath(os.path.join(root, "workflow", "scripts", "_part.py"))
    convert = python_call("nbsnake", "convert", notebook, "-o", script, "--force")
    _, failure = run_apart(convert, root)
    return ("", failure) if failure else run_apart(step_call(script), os.path.join(root, folder))
