"""What a notebook computes in Jupyter, and what its script computes."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus_convert import NBSNAKE
from corpus_files import copy_folder

from nbsnake.job.executed import EVENTS, RUNNER, as_notebook

HERE = Path(__file__).parent
SECONDS = 60
PRINTED = "(printed)"  # stands beside the variables
SCRIPT = "script_of_notebook.py"  # not the name of what lies beside a notebook
Values = dict[str, list[str]]
Notebook = dict[str, Any]


class Failed(Exception):  # noqa: N818  (what a notebook or a script said)
    """The text is the last line of what was written to standard error."""


@dataclass(frozen=True)
class Comparison:
    """What a notebook leaves against what its script leaves; ``changing`` is not compared."""

    missing: tuple[str, ...]
    added: tuple[str, ...]
    different: tuple[str, ...]
    by_value: int
    by_type: int
    changing: tuple[str, ...]

    @property
    def is_equal(self) -> bool:
        return not (self.missing or self.added or self.different)


def compare(corpus: Path, notebook: str, scratch: Path) -> Comparison:
    """Run the notebook and its script, each in a copy of the notebook's folder.

    Where they differ the notebook runs a second time: what differs between its own two runs is
    random or of the time, and is not compared.
    """
    script = make_script(copy_folder(corpus, notebook, scratch / "script"), scratch)
    first = run_notebook(copy_folder(corpus, notebook, scratch / "first"), scratch)
    found = run_script(script, scratch)
    again = first
    if first != found:
        again = run_notebook(copy_folder(corpus, notebook, scratch / "second"), scratch)
    return compare_values(first, again, found)


def compare_values(first: Values, again: Values, script: Values) -> Comparison:
    changing = {name for name in first.keys() | again.keys() if first.get(name) != again.get(name)}
    stable = first.keys() - changing
    equal = {name for name in stable if first[name] == script.get(name)}
    return Comparison(
        missing=tuple(sorted(stable - script.keys())),
        added=tuple(sorted(script.keys() - first.keys() - changing)),
        different=tuple(sorted((stable & script.keys()) - equal)),
        by_value=sum(first[name][0] == "value" for name in equal),
        by_type=sum(first[name][0] == "type" for name in equal),
        changing=tuple(sorted(changing)),
    )


def run_notebook(notebook: Path, scratch: Path) -> Values:
    """The variables after the last cell.

    Raises :class:`Failed`.
    """
    return _run([str(HERE / "run_notebook.py"), str(notebook)], notebook.parent, scratch)


def make_script(notebook: Path, scratch: Path) -> Path:
    """The notebook's script, beside the notebook.

    Raises :class:`Failed`.
    """
    script = notebook.with_name(SCRIPT)
    _call([*NBSNAKE, "convert", notebook.name, "-o", script.name], notebook.parent, scratch)
    return script


def run_script(script: Path, scratch: Path) -> Values:
    """The variables at the script's end.

    Raises :class:`Failed`.
    """
    return _run([str(HERE / "run_script.py"), str(script)], script.parent, scratch)


def recorded(script: Path, folder: Path, scratch: Path) -> tuple[str, Notebook]:
    """What the script prints when the runner runs it in a folder, and the notebook of the run.

    Raises :class:`Failed`.
    """
    events = scratch / f"{folder.name}.events"
    words = [sys.executable, RUNNER, str(script)]
    printed = _call(words, folder, scratch, **{EVENTS: str(events)})
    lines = events.read_bytes().splitlines()
    return printed, as_notebook([json.loads(line) for line in lines], {})


def files_in(folder: Path) -> dict[str, bytes]:
    """The content of each file, but for what Python keeps of modules."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _run(words: list[str], folder: Path, scratch: Path) -> Values:
    out = scratch / f"{folder.name}.json"
    printed = _call([sys.executable, *words, str(out)], folder, scratch)
    found: Values = json.loads(out.read_text("utf-8"))
    return {**found, PRINTED: ["value", printed]} if printed else found


def _call(words: list[str], folder: Path, scratch: Path, **more: str) -> str:
    """What a program prints."""
    environment = {
        **{name: value for name, value in os.environ.items() if name != "MPLBACKEND"},
        "IPYTHONDIR": str(scratch / "ipython"),
        "PYTHONHASHSEED": "0",
        "PYTHONIOENCODING": "utf-8",
        "http_proxy": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
        "no_proxy": "localhost,127.0.0.1",
        **more,
    }
    try:
        done = subprocess.run(
            words,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"took more than {SECONDS} s") from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip() and "hint:" not in line]
        raise Failed((lines or [f"exit code {done.returncode}"])[-1])
    return done.stdout
