"""Runs nbsnake, Snakemake and DVC as their entry points do, each time in a fresh fork.

Called as a program. The fork has imported what the tools import, which is most of the time that a
short run takes; all else, also what a C library set by ``LD_PRELOAD`` counts, starts
from zero. Reads one request as a line of JSON, answers with the process id, and with the exit code
at its end.
"""

import atexit
import ctypes
import gc
import importlib
import json
import os
import signal
import sys
import threading
import traceback
from typing import Any

from witness import watch

ENTRIES = {"nbsnake": "nbsnake.__main__", "snakemake": "snakemake.cli", "dvc": "dvc.cli"}
OFTEN = (
    *("cli", "job.exec", "dvc.api", "dvc.make_plan", "snakemake.session", "generate.generate"),
    *(f"commands.{name}" for name in ("generate", "init", "restore", "run", "status", "sync")),
)
DVC = ("cli.parser", "commands.status", "commands.repro", "repo.reproduce", "utils.serialize")


def main() -> None:
    for name in (
        *ENTRIES.values(),
        *(f"nbsnake.{each}" for each in OFTEN),
        *(f"dvc.{each}" for each in DVC),
    ):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            become(request)
            end(call(request["argv"]))
        answer(pid)
        _, status = os.waitpid(pid, 0)
        answer(os.waitstatus_to_exitcode(status))


def answer(number: int) -> None:
    os.write(1, f"{number}\n".encode())


def become(request: dict[str, Any]) -> None:
    """Turn this fork into the process that was asked for."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background shell ignores it
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    out = os.open(request["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(out, 1)
    if request.get("err"):
        out = os.open(request["err"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(out, 2)
    sys.argv = request["argv"]
    if request["env"].get("WITNESS_LOG"):
        allowed = request["env"]["WITNESS_ALLOWED"].split(os.pathsep)
        watch(request["env"]["WITNESS_LOG"], [os.getcwd(), *allowed])
    arm = getattr(ctypes.CDLL(None), "fault_arm", None)
    if arm:
        arm()


def call(argv: list[str]) -> int:
    try:
        code: int | None = importlib.import_module(ENTRIES[argv[0]]).main(argv[1:])
    except SystemExit as left:
        if isinstance(left.code, str):
            print(left.code, file=sys.stderr)
        return left.code if isinstance(left.code, int) else int(left.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return code or 0


def end(code: int) -> None:
    """End as Python does, without taking all modules apart, which takes longest."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
