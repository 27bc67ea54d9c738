"""What a script and its programs print, recorded and passed on."""

from __future__ import annotations

import io
import sys
from functools import wraps

from .recorder import FLUSHED, Recorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any  # slow

LATER_SECONDS = 0.2  # to wait for the text of programs that run on behind a command


class Copied(io.RawIOBase):
    """A binary stream whose text is recorded, too; all else is the stream's own."""

    def __init__(self, real: Any, name: str, recorder: Recorder) -> None:
        super().__init__()
        self._real, self._name, self._recorder = real, name, recorder

    def write(self, data: Any) -> int:
        data = bytes(data)
        self._real.write(data)
        self._recorder.text(self._name, data)
        return len(data)

    def flush(self) -> None:
        self._real.flush()

    def fileno(self) -> int:
        return int(self._real.fileno())

    def isatty(self) -> bool:
        return bool(self._real.isatty())

    def writable(self) -> bool:
        return True


def copied(real: Any, name: str, recorder: Recorder) -> Any:
    """A text stream in place of sys.stdout or sys.stderr."""
    if not hasattr(real, "buffer"):  # there is none, or it is not a file's
        return real
    raw: Any = Copied(real.buffer, name, recorder)
    return io.TextIOWrapper(
        raw,
        encoding=real.encoding,
        errors=real.errors,
        newline="\n",
        line_buffering=real.line_buffering,
        write_through=True,
    )


def record_children(names: Any) -> None:
    """Record what programs print that cells run by ``!command``; each stream is as without it."""
    real, stdout = names.get("_nb_child"), sys.stdout
    if real is None or hasattr(real, "__wrapped__"):
        return

    @wraps(real)
    def child(words: list[str], text: str, merged: bool) -> Any:
        if sys.stdout is not stdout or not hasattr(stdout, "buffer"):  # they are caught
            return real(words, text, merged)
        import subprocess  # only where it is needed
        import threading  # slow, and only where it is needed

        stdout.flush()
        sys.stderr.flush()
        pipe = subprocess.PIPE
        process = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe)
        copies = ((process.stdout, stdout), (process.stderr, sys.stderr))
        threads = [threading.Thread(target=copy, args=each, daemon=True) for each in copies]
        for thread in threads:
            thread.start()
        try:
            process.stdin.write(text.encode())  # type: ignore[union-attr]
            process.stdin.close()  # type: ignore[union-attr]
        except BrokenPipeError:
            pass
        code = process.wait()
        for thread in threads:  # what it left running may print later
            thread.join(LATER_SECONDS)
        return code

    names["_nb_child"] = child


def copy(source: Any, target: Any) -> None:
    """Write to a stream what a program prints, at once."""
    with source:
        while data := source.read1(FLUSHED):
            target.buffer.write(data)
            target.buffer.flush()
