"""How other programs are called, so that nothing that lies in a project becomes a part of them.

``python -m`` puts the working directory first in ``sys.path``, where a ``queue.py`` would take the
place of Python's own. git starts programs that the settings of a repository name, which is one more
that its author may have filled in.
"""

import os
import sys

_NO_PROGRAMS = (
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "log.showSignature=false"),
    *("-c", "safe.bareRepository=explicit"),
)


def python_call(module: str, *arguments: str) -> list[str]:
    """The words that call a module of this Python."""
    return [sys.executable, "-P", "-m", module, *arguments]


def script_call(script: str, *arguments: str) -> list[str]:
    """The words that run a script by this Python, which looks for no module in its folder."""
    return [sys.executable, "-P", script, *arguments]


def step_call(script: str, *arguments: str) -> list[str]:
    """The words that run the script of a step by this Python, as a job does."""
    return [sys.executable, script, *arguments]


def code_call(code: str) -> list[str]:
    """The words that run code by this Python."""
    return [sys.executable, "-P", "-c", code]


def bare_call() -> list[str]:
    """The words that call this Python without more, as a shell does."""
    return [sys.executable]


def git_call(*arguments: str) -> list[str]:
    """The words that call git."""
    return ["git", *_NO_PROGRAMS, *arguments]


def in_one_line(printed: str) -> str:
    """What a program printed about its failure, as a part of a message."""
    return "; ".join(line.strip() for line in printed.splitlines() if line.strip())


def import_nothing_from_here() -> None:
    """Take the working directory from where Python looks for modules.

    It is there where ``python -m`` was called, or where ``PYTHONPATH`` begins or ends in a colon.
    """
    try:
        here = os.getcwd()
    except FileNotFoundError:  # the folder was removed, and nothing can be imported from it
        here = ""
    own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path[:] = [path for path in sys.path if path not in ("", here) or path == own]
