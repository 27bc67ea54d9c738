"""The tools as the tests call them: most of the time of a short run goes into imports.

Programs of this Python run in a fork of a server that has imported them (`forkserver.py`): the same
entry points, with their own environment, folder, exit code and output. Others are started as usual.
"""

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

FORKED = ("nbsnake", "snakemake", "dvc")
PATIENCE = 300.0  # seconds; a tool that takes longer hangs


def run_tool(
    command: Sequence[str], cwd: Path, env: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; standard input is empty."""
    if command[0] in FORKED and _is_ours(command[0], env):
        return _server().run(command, cwd, env)
    return subprocess.run(
        command,
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=PATIENCE,
        check=False,
    )


def _is_ours(name: str, env: Mapping[str, str]) -> bool:
    """Whether the environment would start this Python's program, with this Python's modules."""
    found = shutil.which(name, path=env["PATH"])
    same = found is not None and Path(found).parent == Path(sys.executable).parent
    return same and not any(key.startswith(("PYTHON", "LD_")) for key in env)


class _ToolServer:
    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="tools-"))
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("forkserver.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "DVC_NO_ANALYTICS": "1"},
        )
        atexit.register(self._close)

    def run(
        self, command: Sequence[str], cwd: Path, env: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        out, err = self._folder / "out", self._folder / "err"
        request = {"argv": command, "cwd": str(cwd), "env": dict(env)}
        line = json.dumps({**request, "out": str(out), "err": str(err)})
        assert self._process.stdin
        print(line, file=self._process.stdin, flush=True)
        pid = self._answer()
        watch = threading.Timer(PATIENCE, os.killpg, (pid, signal.SIGKILL))
        watch.start()
        code = self._answer()
        watch.cancel()
        printed, warned = (file.read_text(errors="replace") for file in (out, err))
        return subprocess.CompletedProcess(list(command), code, printed, warned)

    def _answer(self) -> int:
        assert self._process.stdout
        return int(self._process.stdout.readline())

    def _close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process.stdout.close()
        shutil.rmtree(self._folder, ignore_errors=True)


@cache
def _server() -> _ToolServer:
    return _ToolServer()
