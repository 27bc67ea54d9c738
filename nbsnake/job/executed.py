"""The notebook of a run: each cell of the script with what it showed.

Standard library only: this runs inside every job. :mod:`nbsnake.job.runner` runs the script and
appends events; from these comes ``.nbsnake/executed/<step>.ipynb``, or ``<step>.failed.ipynb``
where the run failed. Notebooks are kept by the run that they belong to as well, so that a restored
result brings its notebook back.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from nbsnake.job.own import open_own, read_own, read_own_bytes, remove_own, write_own
from nbsnake.job.receipt import Failure, Receipt
from nbsnake.job.say import say
from nbsnake.job.shape import from_json
from nbsnake.names import file_name, step_of_file

FOLDER = ".nbsnake/executed"
RUNS = f"{FOLDER}/runs"
MARKED = f"{FOLDER}/marked"  # by script, the cells that are marked as without effect
EVENTS, ALL_CELLS = "NBSNAKE_EVENTS", "NBSNAKE_ALL_CELLS"  # as in the runner, which stands alone
SAID = 10  # lines that a failed cell printed last
KILLED = 137  # the exit code of a process that SIGKILL ended
KEPT_RUNS = 200  # notebooks of earlier runs, of all steps
RUNNER = os.path.join(os.path.dirname(__file__), "start.py")


class Witness(NamedTuple):
    """What the runner saw of a process: the modules and files of the project, what was installed.

    ``opened`` maps paths to whether they were opened to write.
    """

    modules: tuple[str, ...] = ()
    opened: dict[str, bool] = {}  # noqa: RUF012  (never changed)
    python: str = ""
    platform: str = ""
    packages: dict[str, str] = {}  # noqa: RUF012  (never changed)


def notebook_path(step: str, *, failed: bool = False) -> str:
    """Where the notebook of the step's last run is, or of its last failure."""
    return f"{FOLDER}/{file_name(step)}{'.failed' * failed}.ipynb"


def with_runner(command: Sequence[str], script: str) -> list[str]:
    """The command with the runner before the script; as it is where it does not start with that."""
    is_python = os.path.basename(command[0]).startswith("python")
    if not is_python or command[1:2] != [script]:
        return [*command]
    return [command[0], RUNNER, *command[1:]]


@contextlib.contextmanager
def events_of(step: str) -> Iterator[str]:
    """A new file for the events of a run, which is removed in the end.

    Where it cannot be made, the run leaves no notebook, and nothing else.
    """
    path = f"{FOLDER}/{file_name(step)}.events"
    try:
        remove_own(path)
        open_own(path).close()  # for this user only, also while it is written
        os.environ[EVENTS] = os.path.abspath(path)
    except OSError as error:
        _say_missing(step, error)
    try:
        yield path
    finally:
        os.environ.pop(EVENTS, None)
        with contextlib.suppress(OSError):
            remove_own(path)


def _say_missing(step: str, error: OSError) -> None:
    say(f"{step}: the notebook of the run is missing: {error.strerror or error}")


def read_events(path: str) -> list[dict[str, Any]]:
    """The events as far as they were written; nothing where the runner did not run."""
    data = b""
    with contextlib.suppress(OSError):  # it could not be made
        data = read_own_bytes(path) or b""
    return parse_events(data)


def parse_events(data: bytes) -> list[dict[str, Any]]:
    """The events in the bytes of a file that the runner wrote."""
    events = []
    for line in data.decode(errors="replace").splitlines():
        with contextlib.suppress(ValueError):  # the last one may be cut off
            events.append(from_json(line))
    return events


def of_script(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events without those of cells that ran behind the script."""
    marked = (number for number, event in enumerate(events) if event.get("marked"))
    if (first := next(marked, None)) is None:
        return [*events]
    return [*events[:first], *(event for event in events[-1:] if "modules" in event)]


def cut_off_steps() -> dict[str, float]:
    """The steps whose runs left events, with when the last one came, in seconds since 1970.

    A run that ends by itself removes them: these were killed, or are at work.
    """
    found = {}
    with contextlib.suppress(OSError):
        for entry in os.scandir(FOLDER):
            name, suffix = os.path.splitext(entry.name)
            if suffix == ".events":
                found[step_of_file(name)] = entry.stat().st_mtime
    return found


def failure_of_killed(step: str, ended: float) -> Failure:
    """How far a killed run got, as a failure that left no record."""
    events = read_events(f"{FOLDER}/{file_name(step)}.events")
    return Failure(step, KILLED, ended, **place_of_failure(events))


def witness_of(events: Sequence[dict[str, Any]]) -> Witness | None:
    """What the runner saw; None where the process ended without a word."""
    last = events[-1] if events else {}
    if "modules" not in last:
        return None
    return Witness(
        tuple(last["modules"]), last["opened"], last["python"], last["platform"], last["packages"]
    )


def as_notebook(events: Sequence[dict[str, Any]], facts: dict[str, Any]) -> dict[str, Any]:
    """The events as a notebook of nbformat 4.5; ``facts`` say of which run."""
    cells = _Cells()
    for event in events:
        cells.add(event)
    name, language, shown = _kernel_of(events)
    kernel = {"display_name": shown, "language": language, "name": name}
    return {
        "cells": cells.all,
        "metadata": {
            "kernelspec": kernel,
            "language_info": {"name": language},
            "nbsnake": facts,
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _kernel_of(events: Sequence[dict[str, Any]]) -> tuple[str, str, str]:
    """The kernel in which the cells ran, its language, and how it is shown.

    For a script that is Jupyter's usual one.
    """
    for event in events:
        if "kernel" in event:
            return event["kernel"], event["language"].lower(), event["kernel"]
    return "python3", "python", "Python 3"


class _Cells:
    """The cells of a notebook, as events make them."""

    def __init__(self) -> None:
        self.all: list[dict[str, Any]] = []
        self._running: dict[str, Any] | None = None
        self._count = 0  # of code cells
        self._displays: dict[str, list[dict[str, Any]]] = {}  # outputs that may change, by id
        self._clears = False  # before the next output

    def add(self, event: dict[str, Any]) -> None:
        """Do what an event says."""
        if "cell" in event:
            self._begin(event["cell"], event["source"], is_marked="marked" in event)
        elif "text" in event and "marked" in event:
            self._note(event["index"])["source"] = event["text"]
        elif "text" in event:
            self.all.append(_text_cell(event, len(self.all) + 1))
        elif self._running is None:
            return
        elif "executed" in event:
            self._execute(event["executed"])
        elif "update" in event:
            self._update(event["update"], event["output"])
        elif "output" in event:
            self._show(self._running["outputs"], event["output"], event.get("display", ""))
        elif "clear" in event:
            self._clears = event["clear"] == "next"
            if not self._clears:
                self._running["outputs"].clear()
        elif "seconds" in event:
            self._running["metadata"]["nbsnake"]["seconds"] = event["seconds"]
            self._running = None

    def _begin(self, index: int, source: str, *, is_marked: bool) -> None:
        """A code cell; one that is marked as without effect is where the note about it was."""
        self._count += 1
        self._clears = False
        cell: dict[str, Any] = (
            self._note(index) if is_marked else {"id": f"cell-{len(self.all) + 1}"}
        )
        own = {"cell": index, "marked": True} if is_marked else {"cell": index}
        cell |= {
            "cell_type": "code",
            "metadata": {"nbsnake": own},
            "execution_count": self._count,
            "source": source,
            "outputs": [],
        }
        self._running = cell
        if not is_marked:
            self.all.append(cell)

    def _execute(self, code: str) -> None:
        """Code that ran in a kernel is the cell; what the script has is kept, to compare it."""
        if self._running is not None:
            source, own = self._running["source"], self._running["metadata"]["nbsnake"]
            self._running["source"] = f"{source}\n{code}" if "script" in own else code
            own.setdefault("script", source)

    def _note(self, index: int) -> dict[str, Any]:
        """The note that a cell is left out; a new cell where there is none."""
        for cell in self.all:
            if cell["metadata"]["nbsnake"]["cell"] == index and cell["cell_type"] == "markdown":
                return cell
        self.all.append(
            _text_cell({"kind": "markdown", "index": index, "text": ""}, len(self.all) + 1)
        )
        return self.all[-1]

    def _show(self, shown: list[dict[str, Any]], output: dict[str, Any], display: str) -> None:
        """Text that continues what the same stream wrote before is one output with it."""
        if self._clears:
            shown.clear()
            self._clears = False
        before = shown[-1] if shown else {}
        if output["output_type"] == "stream" and before.get("name") == output["name"]:
            before["text"] += output["text"]
            return
        if output["output_type"] == "execute_result":
            output["execution_count"] = self._count
        if display:
            self._update(display, output)
            self._displays.setdefault(display, []).append(output)
        shown.append(output)

    def _update(self, display: str, new: dict[str, Any]) -> None:
        """Show another value wherever the display was shown."""
        for output in self._displays.get(display, ()):
            output.update(data=new["data"], metadata=new["metadata"])


def _text_cell(event: dict[str, Any], number: int) -> dict[str, Any]:
    return {
        "cell_type": event["kind"],
        "id": f"cell-{number}",
        "metadata": {"nbsnake": {"cell": event["index"]}},
        "source": event["text"],
    }


def facts_of(receipt: Receipt) -> dict[str, Any]:
    """What the metadata of a notebook say of its run."""
    return {
        "step": receipt.step,
        "argv": [*receipt.argv],
        "started": receipt.started,
        "ended": receipt.ended,
        "host": receipt.host,
    }


def place_of_failure(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The fields of a failure that the events tell; of a killed run, the cell that was running."""
    cell, line, code, error, said = 0, 0, "", "", ""
    for event in of_script(events):
        if "cell" in event:
            cell, line, code, error, said = event["cell"], 0, "", "", ""
        elif "line" in event:
            line, code = event["line"], event["code"]
        elif event.get("output", {}).get("output_type") == "stream":
            said = (said + event["output"]["text"])[-4000:] if not error else said
        elif event.get("output", {}).get("output_type") == "error":
            error = (event["output"]["traceback"] or [""])[-1]
    is_over = bool(events) and "modules" in events[-1] and not error
    last = "\n".join(said.rstrip().splitlines()[-SAID:])
    found = {"line": line, "code": code, "error": error, "said": last}
    return {"cell": 0 if is_over else cell, **found}


def save(notebook: dict[str, Any], step: str, run: str, *, failed: bool) -> None:
    """Write the notebook of a run; ``run`` identifies one that ended well, "" for none.

    Where the disk is full, the notebook is missing, and nothing else; that is said.
    """
    paths = [f"{RUNS}/{run}.ipynb", notebook_path(step)]
    try:
        for path in [notebook_path(step, failed=True)] if failed else paths:
            write_own(path, to_text(notebook), durable=False)
        if not failed:
            _forget_failure(step)
            _forget_old_runs()
    except OSError as error:
        _say_missing(step, error)


def bring_back(step: str, run: str) -> None:
    """Make the notebook of a restored result the step's; none where it is not kept."""
    path = notebook_path(step)
    with contextlib.suppress(OSError):
        if (kept := read_own_bytes(f"{RUNS}/{run}.ipynb")) is None:
            remove_own(path)
        else:
            write_own(path, kept, durable=False)
    _forget_failure(step)


def kept_notebook(run: str) -> Any:
    """The notebook of an earlier run, which its result identifies; None where it is not kept."""
    path = f"{RUNS}/{run}.ipynb"
    return read_own(path) if os.path.exists(path) else None


def _forget_failure(step: str) -> None:
    with contextlib.suppress(OSError):
        remove_own(notebook_path(step, failed=True))


def _forget_old_runs() -> None:
    entries = [entry for entry in os.scandir(RUNS) if entry.name.endswith(".ipynb")]
    if len(entries) > KEPT_RUNS:
        by_age = sorted(entries, key=lambda entry: entry.stat().st_mtime)
        for entry in by_age[:-KEPT_RUNS]:
            remove_own(entry.path)


def to_text(notebook: dict[str, Any]) -> bytes:
    """The notebook as a file."""
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "replace")
