"""Errors of a script, without the lines of the runner."""

from __future__ import annotations

import os

from .recorder import LIMIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any  # slow

_FOLDER = os.path.dirname(__file__)


def error_output(error: BaseException) -> dict[str, Any]:
    """An error as nbformat has it, without the lines of the runner."""
    import traceback  # slow, and for errors only

    lines = traceback.format_exception(type(error), error, without_runner(error.__traceback__))
    return {
        "output_type": "error",
        "ename": type(error).__name__,
        "evalue": str(error)[:LIMIT],
        "traceback": "".join(lines)[:LIMIT].splitlines(),
    }


def line_of(error: BaseException, path: str) -> int:
    """The innermost line of the script that led to an error; 0 for none."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return error.lineno or 0
    import traceback  # slow, and for errors only

    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno or 0 for frame in reversed(frames) if frame.filename == path), 0)


def without_runner(tb: Any) -> Any:
    """The traceback from the script on."""
    while tb is not None and _is_own(tb.tb_frame.f_code.co_filename):
        tb = tb.tb_next
    return tb


def _is_own(file: str) -> bool:
    return os.path.dirname(file) == _FOLDER
