"""Working out what a stranger wrote, with limited time and memory."""

import contextlib
import json
import os
import resource
import signal
import sys
import warnings
from collections.abc import Callable
from typing import Any

SECONDS = 2  # of CPU
MEMORY = 256 << 20  # bytes beyond what this process has
LONGEST = 1_000_000  # characters of a result


class LimitError(ValueError):
    """What was asked takes too much; says of what."""


def limited(function: Callable[[], Any]) -> Any:
    """What a function returns, which JSON can say; worked out by a copy of this process.

    Raises :class:`LimitError` where that needs more time or memory than there is for it.
    """
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the copy uses no other thread's locks
        pid = os.fork()
    if pid == 0:
        os.close(reader)
        _work(function, writer)
    os.close(writer)
    with open(reader, "rb") as answer:
        data = answer.read()
    _, status = os.waitpid(pid, 0)
    if data:
        return _checked(json.loads(data))
    if os.waitstatus_to_exitcode(status) in (-signal.SIGXCPU, -signal.SIGKILL):
        raise LimitError(f"it takes more than {SECONDS} s")
    raise LimitError(f"it takes more than {MEMORY >> 20} MB")


def _checked(answer: dict[str, Any]) -> Any:
    if "limit" in answer:
        raise LimitError(answer["limit"])
    return answer["result"]


def _work(function: Callable[[], Any], writer: int) -> None:
    """Write the result, and end this process, whatever happens."""
    with contextlib.suppress(BaseException), open(writer, "wb") as out:
        _set_limits()
        try:
            text = json.dumps({"result": function()})
            if len(text) > LONGEST:
                text = json.dumps({"limit": f"it gives more than {LONGEST:,} characters"})
        except MemoryError:
            text = json.dumps({"limit": f"it takes more than {MEMORY >> 20} MB"})
        out.write(text.encode())
    os._exit(0)


def _set_limits() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (_size() + MEMORY,) * 2)


def _size() -> int:
    """The address space of this process, as far as the system says it."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 4 << 30
