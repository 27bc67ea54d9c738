"""Disk faults at a chosen moment, and a quick way to run the tools again and again."""

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from e2e_project import Project

HERE = Path(__file__).parent


class Ended(NamedTuple):
    """How a process ended: ``code`` is negative after a signal; ``calls`` changed the disk."""

    code: int
    output: str
    calls: list[str]


def compile_faults(folder: Path) -> Path | None:
    """The library to preload; None where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not sys.platform.startswith("linux"):
        return None
    library = folder / "diskfaults.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(library)]
    subprocess.run([*command, str(HERE / "diskfaults.c"), "-ldl"], check=True)
    return library


class ForkServer:
    """Runs one program at a time in a project; see ``forkserver.py``."""

    def __init__(self, env: dict[str, str], folder: Path) -> None:
        self._out = folder / "out"
        self._log = folder / "calls"
        self._server = subprocess.Popen(
            [sys.executable, str(HERE / "forkserver.py")],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, project: Project, *argv: str, **env: str) -> int:
        """Start the program in a session of its own; its process id."""
        self._log.unlink(missing_ok=True)
        request = {
            "argv": argv,
            "cwd": str(project.root),
            "env": {**project.env, "FAULT_LOG": str(self._log), **env},
            "out": str(self._out),
        }
        print(json.dumps(request), file=_there(self._server.stdin), flush=True)
        return self._answer()

    def wait(self) -> Ended:
        """Wait until what was started has ended."""
        code = self._answer()
        calls = self._log.read_text().splitlines() if self._log.exists() else []
        return Ended(code, self._out.read_text(errors="replace"), calls)

    def run(self, project: Project, *argv: str, **env: str) -> Ended:
        self.start(project, *argv, **env)
        return self.wait()

    def close(self) -> None:
        _there(self._server.stdin).close()
        self._server.wait(timeout=60)
        _there(self._server.stdout).close()

    def _answer(self) -> int:
        return int(_there(self._server.stdout).readline())


def _there(pipe: IO[str] | None) -> IO[str]:
    assert pipe
    return pipe


@contextlib.contextmanager
def fork_server(env: dict[str, str], folder: Path) -> Iterator[ForkServer]:
    server = ForkServer(env, folder)
    try:
        yield server
    finally:
        server.close()


def copy_exactly(project: Project, root: Path) -> Project:
    """A copy with hard links among its files, in place of what is there."""
    shutil.rmtree(root, ignore_errors=True)
    subprocess.run(["cp", "-a", str(project.root), str(root)], check=True)
    copy = Project(root, project.env)
    copy.computed()
    return copy


def cache_objects(project: Project) -> dict[str, int]:
    """The objects of the cache, without what a crash left beside them; and their modes."""
    top = project.root / ".dvc/cache/files/md5"
    return {
        f"{file.parent.name}{file.name}": file.stat().st_mode
        for file in top.rglob("*")
        if file.is_file() and not file.name.endswith(".tmp")
    }


def remembered_runs(project: Project) -> dict[str, bytes]:
    """DVC's run-cache, without what a crash left in it."""
    found = project.files(".dvc/cache/runs")
    return {path: data for path, data in found.items() if not path.endswith(".tmp")}


def objects_in(lock: bytes, project: Project) -> set[str]:
    """The objects that the outputs in a dvc.lock need, also the files of folders."""
    from ruamel.yaml import YAML

    stages = YAML(typ="safe").load(lock.decode())["stages"] if lock else {}
    outs = [out for stage in stages.values() for out in stage.get("outs", [])]
    found = {out["md5"] for out in outs}
    for md5 in [md5 for md5 in found if md5.endswith(".dir")]:
        listing = project.root / ".dvc/cache/files/md5" / md5[:2] / md5[2:]
        if listing.exists():
            found |= {entry["md5"] for entry in json.loads(listing.read_bytes())}
    return found
