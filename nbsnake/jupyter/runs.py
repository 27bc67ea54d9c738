"""A run that the server started: what it prints, how far it is, and how it ended."""

import asyncio
import codecs
import contextlib
import os
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections import deque
from pathlib import Path
from typing import Any

from nbsnake.programs import python_call
from nbsnake.snakemake.progress_file import PROGRESS, Progress, read_progress

SHOWN = 200  # lines that are kept
_NOISE = "Using workflow specific profile "  # Snakemake says so before each run, whatever is asked


class Run:
    """``nbsnake run`` in one project; ``words`` are its arguments, none for all steps."""

    def __init__(self, root: Path, words: list[str]) -> None:
        self.code: int | None = None
        self._root, self._words = root, words
        self._lines: deque[str] = deque(maxlen=SHOWN)
        self._started = time.time()
        self._process: asyncio.subprocess.Process | None = None
        self._is_stopped = False
        self._folder = tempfile.TemporaryDirectory(prefix="nbsnake-")
        self._file = os.path.join(self._folder.name, "progress")
        self._last = Progress()

    async def follow(self) -> None:
        """Start it, and take what it prints until it ends."""
        try:
            # A session of its own: Ctrl-C where Jupyter was started is a question to Jupyter.
            process = await asyncio.create_subprocess_exec(
                *python_call("nbsnake", "run", *self._words),
                cwd=self._root,
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=STDOUT,
                env={**os.environ, PROGRESS: self._file},
                start_new_session=True,
            )
            self._process = process
            if self._is_stopped:
                process.terminate()
            if process.stdout:
                await self._take(process.stdout)
            code = await process.wait()
        except OSError as error:
            self._lines.append(str(error))
            code = 3
        self._last = read_progress(self._file)
        self._folder.cleanup()
        self.code = code

    def stop(self) -> None:
        """Ask it to end; what is finished stays."""
        self._is_stopped = True
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it; ``code`` is None while it runs."""
        last = read_progress(self._file) if self.code is None else self._last
        return {
            "running": self.code is None,
            "code": self.code,
            "started": self._started,
            "lines": list(self._lines),
            "progress": last._asdict(),
        }

    async def _take(self, stream: asyncio.StreamReader) -> None:
        decoder, rest = codecs.getincrementaldecoder("utf-8")(errors="replace"), ""
        while data := await stream.read(65536):
            *lines, rest = (rest + decoder.decode(data)).split("\n")
            self._lines.extend(line.rstrip() for line in lines if not line.startswith(_NOISE))
            rest = rest[-10_000:]  # of a line that never ends
        if rest:
            self._lines.append(rest)
