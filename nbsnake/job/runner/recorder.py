"""The events of a run, appended to a file as they come."""

from __future__ import annotations

import json
import os
import sys
import time
from _thread import get_ident  # threading is slow to import
from collections.abc import Callable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any  # slow

LIMIT = 1 << 20  # bytes of a cell's text, or of one representation, that are recorded
FLUSHED = 1 << 16  # bytes of text after which an event is written
EAGER = 200  # texts of a cell that are written at once, for the process may be killed
LAZY_SECONDS = 0.05  # after which further ones are


class Recorder:
    """Appends events; after a fault of the disk it is silent, and says so once."""

    def __init__(self, path: str) -> None:
        self._pid = os.getpid()
        self._stream, self._parts = "", bytearray()  # what is not written yet
        self._size = self._texts = 0  # bytes of this cell's text, and how many
        self._written = 0.0  # when text was written, by the monotonic clock
        self._quiet: set[int] = set()  # the threads whose output is not recorded
        self._file: IO[bytes] | None = None
        try:
            self._file = open(path, "ab")  # noqa: SIM115  (open until the process ends)
        except OSError as error:
            complain("the executed notebook", error)

    @property
    def _is_on(self) -> bool:
        """A forked child has no part in it."""
        return self._file is not None and os.getpid() == self._pid

    def event(self, **fields: object) -> None:
        """Append one event."""
        if self._is_on and get_ident() not in self._quiet:
            self._flush()
            self._write(fields)

    def text(self, stream: str, data: bytes) -> None:
        """What a cell writes to a stream, joined; beyond the limit it is only counted."""
        if get_ident() in self._quiet:
            return
        before, self._size = self._size, self._size + len(data)
        if not self._is_on or before >= LIMIT:
            return
        if stream != self._stream or len(self._parts) > FLUSHED:
            self._flush()
        self._stream = stream
        self._parts += data[: LIMIT - before]
        self._texts += 1
        if self._texts <= EAGER or time.monotonic() - self._written > LAZY_SECONDS:
            self._flush()

    def quietly(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Call a function whose output is not recorded, for it comes in another form."""
        thread = get_ident()
        if thread in self._quiet:
            return function(*arguments, **options)
        self._quiet.add(thread)
        try:
            return function(*arguments, **options)
        finally:
            self._quiet.discard(thread)

    def begin(self, index: int, source: str, **more: object) -> None:
        """Begin a cell; its text is counted from zero."""
        self.event(cell=index, source=source, **more)
        self._size = self._texts = 0

    def end(self, seconds: float) -> None:
        """The end of the cell, with a word on text that is left out."""
        if self._size > LIMIT:
            text = f"\n[{self._size - LIMIT} more bytes are in the log only]\n"
            self.event(output={"output_type": "stream", "name": "stderr", "text": text})
        self.event(seconds=round(seconds, 6))

    def follow(self) -> None:
        """Be the recorder of a forked child."""
        self._pid = os.getpid()

    def fileno(self) -> int:
        """Where it writes; -1 where it cannot."""
        return self._file.fileno() if self._file else -1

    def _flush(self) -> None:
        if self._parts:
            text = self._parts.decode("utf-8", "replace")
            self._parts.clear()
            self._written = time.monotonic()
            self._write({"output": {"output_type": "stream", "name": self._stream, "text": text}})

    def _write(self, fields: object) -> None:
        try:
            if self._file is not None:
                self._file.write(json.dumps(fields, default=str).encode() + b"\n")
                self._file.flush()
        except (OSError, ValueError) as error:
            self._file = None
            complain("the rest of the executed notebook", error)


def complain(what: str, error: BaseException) -> None:
    """Say what is missing; the script goes on."""
    if sys.__stderr__:
        sys.__stderr__.write(f"nbsnake: {what} is missing: {error}\n")
