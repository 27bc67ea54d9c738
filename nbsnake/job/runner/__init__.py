"""Runs a generated script cell by cell, and records what each cell shows.

``python start.py SCRIPT ARGUMENTS...`` does what ``python SCRIPT ARGUMENTS...`` does, in the real
``__main__``, and appends events to the file that ``NBSNAKE_EVENTS`` names, one JSON object a line:
``{"cell": index, "source": text}`` when a cell begins, ``{"output": ...}`` as nbformat 4.5 has it,
with ``display``, its id, where it may change, or ``update``, where it is a change;
``{"clear": ...}``, ``{"kernel": name, "language": name}`` and ``{"executed": code}`` where the
script runs code in a Jupyter kernel, ``{"seconds": number}`` when the cell ends, and at the end
what was imported and opened. A job that is killed leaves the events so far. Where
``NBSNAKE_ALL_CELLS`` names a folder, the cells that are in it follow the script's
(:mod:`nbsnake.job.runner.marked`); their events have ``"marked"``.

This folder and ``start.py`` need the standard library of Python 3.8 or newer, and import nothing
else of nbsnake: they run in the environments and containers of steps, where it may be absent.
"""

from __future__ import annotations

import atexit
import os
import sys

from .errors import without_runner
from .importing import importing
from .program import Program
from .recorder import Recorder, complain
from .streams import copied
from .used import Opened, modules_below, packages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any  # slow

EVENTS, ALL_CELLS = "NBSNAKE_EVENTS", "NBSNAKE_ALL_CELLS"


def become_script(path: str) -> str:
    """Make ``__main__`` what it is for a script; the path by which Python calls it."""
    import builtins  # only where it is needed
    from importlib.machinery import SourceFileLoader  # only where it is needed

    sys.argv = sys.argv[1:]
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = os.path.dirname(os.path.realpath(path))
    file = os.path.join(os.getcwd(), path) if sys.version_info >= (3, 9) else path
    names = vars(sys.modules["__main__"])
    own: dict[str, Any] = {name: None for name in names if name[:2] == name[-2:] == "__"}
    own.update(__name__="__main__", __builtins__=builtins, __file__=file)
    own["__loader__"] = SourceFileLoader("__main__", file)
    if "__annotations__" in own:
        own["__annotations__"] = {}
    names.clear()
    names.update(own)
    return file


def main() -> None:
    """Be the script that the command line names."""
    path = become_script(sys.argv[1])
    folder = os.environ.pop(ALL_CELLS, "")
    recorder, opened = Recorder(os.environ.pop(EVENTS, os.devnull)), Opened()
    program = Program(path, recorder)

    def finish() -> None:
        recorder.event(
            modules=modules_below(opened.root),
            packages=packages(),
            opened=opened.inside(),
            python=sys.version.split()[0],
            platform=sys.platform,
        )

    atexit.register(finish)  # the first one is called last
    sys.stdout = copied(sys.stdout, "stdout", recorder)
    sys.stderr = copied(sys.stderr, "stderr", recorder)
    sys.meta_path.insert(0, importing(program))
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    sys.addaudithook(opened.hear)
    try:
        program.run(text)
        if folder:
            from .marked import show  # only where it is asked for

            try:
                show(os.path.join(folder, os.path.basename(path)), program, recorder)
            except Exception as error:  # the script has done its work
                complain("what cells without effect show", error)
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        error.__traceback__ = without_runner(error.__traceback__)
        sys.excepthook(type(error), error, error.__traceback__)
        sys.exit(1)
