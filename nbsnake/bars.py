"""Progress bars on a terminal for reading and copying that takes more than two seconds."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from nbsnake.escape import escaped
from nbsnake.job.longwork import Work, watched_by


@contextlib.contextmanager
def bars_for_long_work() -> Iterator[None]:
    """Show what takes long inside, where standard error is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    with watched_by(_Bar(sys.stderr)):
        yield


class _Bar:
    """One bar at a time; it is gone when its work has ended."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._progress: Any = None
        self._task: Any = None

    def show(self, work: Work) -> None:
        """Draw the bar, or move it."""
        if self._progress is None:
            self._begin(work)
        self._progress.update(self._task, completed=min(work.done, work.total))

    def end(self) -> None:
        """Remove the bar, if there is one."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _begin(self, work: Work) -> None:
        from rich.console import Console  # slow, and seldom needed
        from rich.markup import escape  # slow, and seldom needed
        from rich.progress import (  # slow, and seldom needed
            BarColumn,
            DownloadColumn,
            Progress,
            TimeRemainingColumn,
        )

        columns = ("{task.description}", BarColumn(), DownloadColumn(), TimeRemainingColumn())
        self._progress = Progress(
            *columns, console=Console(file=self._stream), transient=True, redirect_stdout=False
        )
        self._task = self._progress.add_task(escape(escaped(work.title)), total=work.total)
        self._progress.start()
