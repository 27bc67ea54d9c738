"""``nbsnake record FILE... -- COMMAND...``"""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nbsnake.commands import enter_project
from nbsnake.errors import ToolError, UsageError
from nbsnake.job.atomic import write_atomically
from nbsnake.job.child import run_child
from nbsnake.job.executed import (
    EVENTS,
    as_notebook,
    events_of,
    of_script,
    read_events,
    to_text,
    with_runner,
)
from nbsnake.job.inside import output
from nbsnake.job.report import as_report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("file", metavar="FILE", nargs="+", help="a file .ipynb or .html to write")


def run(args: argparse.Namespace) -> int:
    """Run a script, and write its notebook; the exit code is the script's own.

    Raises :class:`UsageError` without a script, and :class:`ToolError` where it left no notebook.
    """
    command: list[str] = args.rest
    if len(command) < 2 or not os.path.basename(command[0]).startswith("python"):
        raise UsageError("there is no script to run", hint="end with: -- python SCRIPT OPTIONS")
    enter_project()
    with _events(args.file[0]) as path:
        code = run_child(with_runner(command, command[1]), "nbsnake record")
        events = read_events(path)
    if code:
        return code
    if not events:
        raise ToolError(f"{command[1]} ran, and left no notebook", hint="is the disk full?")
    notebook = as_report(as_notebook(of_script(events), {}))
    for path in args.file:
        write_atomically(output(path), _content(notebook, path))
    return 0


@contextmanager
def _events(report: str) -> Iterator[str]:
    """Where the events go: for a job, to where it reads them, too."""
    if given := os.environ.get(EVENTS):
        yield os.path.relpath(given)
    else:
        with events_of(report) as path:
            yield path


def _content(notebook: dict[str, Any], path: str) -> bytes:
    if not path.endswith(".html"):
        return to_text(notebook)
    from nbsnake.render.page import notebook_page  # slow, and for pages only

    title = os.path.basename(path).removesuffix(".html")
    return notebook_page(notebook, title).encode()
