"""``%nbsnake`` in a notebook: the state of the pipeline as a table, reasons, runs, differences."""

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from IPython.core.error import UsageError as ShellError
from IPython.core.magic import Magics, line_magic, magics_class

from nbsnake.errors import UsageError
from nbsnake.jupyter.child import WORKER
from nbsnake.jupyter.richtable import RichTable
from nbsnake.programs import python_call
from nbsnake.settings.discover import find_root
from nbsnake.tables import Table

COMMANDS = ("status", "why", "run", "diff")
OF_STEPS = ("status", "why", "run")
USAGE = "%nbsnake status [STEP ...] | why STEP | run [STEP ...] | diff [REV [REV]]"
BASE = "HEAD"  # what ``diff`` compares with where no revision is named


def register(shell: Any) -> None:
    """Add the magic, and the completion of its words, to an IPython session."""
    shell.register_magics(NbsnakeMagics)
    shell.set_hook("complete_command", complete, str_key="%nbsnake")


def complete(_: Any, event: Any) -> list[str]:
    """The words that may follow: a command, then steps of the project."""
    before = event.line[: event.line.rfind(event.symbol)] if event.symbol else event.line
    words = before.split()[1:]
    found = [*COMMANDS] if not words else _steps() if words[0] in OF_STEPS else []
    return [word for word in found if word.startswith(event.symbol)]


def _steps() -> list[str]:
    return _run("status", "--names").stdout.split()


@magics_class
class NbsnakeMagics(Magics):
    """The magic of the project that the working directory is in."""

    @line_magic
    def nbsnake(self, line: str) -> RichTable | None:
        """Show the pipeline, or run it: ``%nbsnake status|why|run|diff``."""
        command, *words = shlex.split(line) or ["status"]
        if command not in COMMANDS:
            raise ShellError(USAGE)
        if command == "status":
            return _status(words)
        if command == "diff" and not any(word.startswith("-") for word in words):
            return _diff(words or [BASE])
        _print(command, words)
        return None


def _status(words: list[str]) -> RichTable:
    try:
        root = find_root(Path.cwd())
    except UsageError as error:
        raise ShellError(str(error)) from None
    call = python_call(WORKER, "overview")
    done = subprocess.run(call, cwd=root, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if not done.stdout:
        raise ShellError(done.stderr.strip())
    found = {"steps": [], **json.loads(done.stdout)}
    known = {step["step"] for step in found["steps"]}
    if unknown := [word for word in words if word not in known]:
        raise ShellError(f"no such step: {', '.join(unknown)}")
    rows = [
        (step["step"], step["state"], "; ".join(step["reasons"]))
        for step in found["steps"]
        if not words or step["step"] in words
    ]
    return RichTable(Table(("step", "state", "why"), rows), found["fault"])


def _diff(words: list[str]) -> RichTable:
    done = _run("diff", "--json", *words)
    if done.returncode:
        raise ShellError(done.stderr.strip())
    found = json.loads(done.stdout)
    cells = [
        ("cell", f"{path}, {n}", "", "") for path, all_ in found["cells"].items() for n in all_
    ]
    values = [
        (kind, name, each["old"], each["new"])
        for kind, names in (("parameter", found["params"]), ("metric", found["metrics"]))
        for name, each in names.items()
    ]
    outs = [("output", path, "", what) for path, what in found["outs"].items()]
    rows = [*cells, *values, *outs]
    return RichTable(Table(("what", "name", "old", "new"), rows), "" if rows else "nothing differs")


def _print(command: str, words: list[str]) -> None:
    """Show what a command prints, as it prints it."""
    call = python_call("nbsnake", command, *words)
    out = subprocess.STDOUT
    with subprocess.Popen(
        call, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=out, text=True
    ) as process:
        for text in process.stdout or ():
            sys.stdout.write(text)


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    call = python_call("nbsnake", *words)
    return subprocess.run(call, capture_output=True, text=True, stdin=subprocess.DEVNULL)
