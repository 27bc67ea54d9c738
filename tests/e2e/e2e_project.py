"""A small project of four notebooks, and the tools that work on it, for the end-to-end tests.

``make`` gives ``data/numbers.txt``; ``left`` and ``right`` both read it, so that they can run at
the same time; ``join`` reads what both wrote. Every step appends its name to ``COUNT_FILE`` when
it computes, so that the tests count real computations. ``left`` and ``right`` write their results
in two halves with ``STEP_SECONDS`` between them, or while ``HOLD_FILE`` exists, so that tests can
interrupt them half-way.
"""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

from diamond import OUTPUTS
from tools import run_tool

EXAMPLES = Path(__file__).parents[2] / "examples"


def environment(home: Path) -> dict[str, str]:
    """The variables that all tools get: this Python's programs first, and no one's settings."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "config").write_text("[core]\n    analytics = false\n    check_update = false\n")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DVC_", "GIT_", "NBSNAKE_", "PYTEST_", "PYTHON", "SNAKEMAKE_"))
    }
    scripts = [str(Path(sys.executable).parent), sysconfig.get_path("scripts")]
    return {
        **kept,
        "PATH": os.pathsep.join([*scripts, kept["PATH"]]),
        "XDG_CACHE_HOME": str(home / "cache"),
        "DVC_NO_ANALYTICS": "1",
        "DVC_GLOBAL_CONFIG_DIR": str(home),
        "DVC_SYSTEM_CONFIG_DIR": str(home / "none"),
        "DVC_SITE_CACHE_DIR": str(home / "dvc"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@example.org",
        "GIT_TERMINAL_PROMPT": "0",
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "http_proxy": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
        "no_proxy": "localhost,127.0.0.1",
        "COLUMNS": "200",
    }


def notebook_text(cells: list[str]) -> str:
    """A notebook as Jupyter saves it; the first cell is text, the others are code."""
    kinds = ["markdown"] + ["code"] * (len(cells) - 1)
    document = {
        "cells": [
            {
                "cell_type": kind,
                "id": f"cell-{number}",
                "metadata": {},
                "source": source.splitlines(keepends=True),
                **({"execution_count": None, "outputs": []} if kind == "code" else {}),
            }
            for number, (kind, source) in enumerate(zip(kinds, cells, strict=True))
        ],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, indent=1) + "\n"


class Project:
    """One project on disk; every tool is called in its root."""

    def __init__(self, root: Path, env: dict[str, str]) -> None:
        self.root = root
        self.counts = root.with_name(f"{root.name}.counts")
        self.env = {**env, "COUNT_FILE": str(self.counts)}

    def run(
        self, *command: str, code: int = 0, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the command to its end and assert its exit code; ``env`` adds variables."""
        done = self.run_anyhow(*command, env=env)
        output = f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == code, output
        return done

    def run_anyhow(
        self, *command: str, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """As :meth:`run`, with any exit code."""
        return run_tool(command, self.root, {**self.env, **(env or {})})

    def snakemake(self, *arguments: str, code: int = 0) -> str:
        """Run Snakemake on two cores (or as ``arguments`` say); what it printed."""
        done = self.run("snakemake", "--cores", "2", *arguments, code=code)
        return done.stdout + done.stderr

    def dvc(self, *arguments: str) -> str:
        done = self.run("dvc", *arguments)
        return done.stdout + done.stderr

    def nbsnake(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        return self.run("nbsnake", *arguments, code=code)

    def git(self, *arguments: str) -> str:
        return self.run("git", *arguments).stdout

    def start(self, *command: str, **env: str) -> subprocess.Popen[bytes]:
        """Start the command in a session of its own; its output goes to a file beside the root."""
        with self.root.with_name(f"{self.root.name}.out").open("ab") as out:
            return subprocess.Popen(
                command,
                cwd=self.root,
                env={**self.env, **env},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    @contextlib.contextmanager
    def holding(self) -> Iterator[dict[str, str]]:
        """Variables for :meth:`start` that keep ``left`` and ``right`` half-way until the end."""
        hold = self.root.with_name(f"{self.root.name}.hold")
        hold.touch()
        try:
            yield {"HOLD_FILE": str(hold)}
        finally:
            hold.unlink()

    def wait_until_computing(self, *steps: str, process: subprocess.Popen[bytes]) -> None:
        """Wait until all of the steps have begun to compute."""
        deadline = time.monotonic() + 120
        while not {*steps} <= {*self.peek()}:
            assert process.poll() is None, "the run ended too early"
            assert time.monotonic() < deadline, f"never started: {steps}, only {self.peek()}"
            time.sleep(0.02)

    def wait_until_printed(self, text: str, process: subprocess.Popen[bytes]) -> None:
        """Wait until what :meth:`start` started has printed a text."""
        out = self.root.with_name(f"{self.root.name}.out")
        deadline = time.monotonic() + 120
        while text not in out.read_text():
            assert process.poll() is None, out.read_text()
            assert time.monotonic() < deadline, out.read_text()
            time.sleep(0.02)

    def peek(self) -> list[str]:
        return self.counts.read_text().split() if self.counts.exists() else []

    def computed(self) -> list[str]:
        """The steps that were computed since the last call, sorted."""
        steps = sorted(self.peek())
        self.counts.unlink(missing_ok=True)
        return steps

    def read(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def replace(self, path: str, old: str, new: str) -> None:
        text = self.read(path)
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {path}"
        self.write(path, text.replace(old, new))

    def write_notebook(self, step: str, cells: list[str]) -> None:
        self.write(f"notebooks/{step}.ipynb", notebook_text(cells))

    def lock(self) -> bytes:
        return (self.root / "dvc.lock").read_bytes()

    def locked_steps(self) -> set[str]:
        """The stages of dvc.lock, found by their indentation."""
        if not (self.root / "dvc.lock").exists():
            return set()
        lines = self.read("dvc.lock").splitlines()
        return {line.strip(" :") for line in lines if line[:2] == "  " and line[2] not in " -"}

    def receipt(self, step: str) -> dict[str, object]:
        receipt: dict[str, object] = json.loads(self.read(f".nbsnake/receipts/{step}.json"))
        return receipt

    def status(self) -> dict[str, dict[str, object]]:
        """What ``nbsnake status`` says of every step."""
        steps = json.loads(self.nbsnake("status", "--json").stdout)
        return {each["step"]: each for each in steps}

    def assert_dvc_clean(self) -> None:
        assert "up to date" in self.dvc("status")

    def files(self, folder: str) -> dict[str, bytes]:
        """Every file below the folder, links followed, with its bytes."""
        return {
            file.relative_to(self.root).as_posix(): file.read_bytes()
            for file in sorted((self.root / folder).rglob("*"))
            if file.is_file()
        }

    def outputs(self) -> dict[str, bytes]:
        """Every file of every output with its bytes, without Snakemake's own stamps."""
        return {
            file.relative_to(self.root).as_posix(): file.read_bytes()
            for file in self._output_files()
        }

    def output_modes(self) -> dict[str, str]:
        return {
            file.relative_to(self.root).as_posix(): oct(file.stat().st_mode)
            for file in self._output_files()
        }

    def _output_files(self) -> Iterator[Path]:
        for output in (*OUTPUTS, "metrics.json"):
            path = self.root / output
            files = [path] if path.is_file() else sorted(path.rglob("*"))
            yield from (f for f in files if f.is_file() and f.name != ".snakemake_timestamp")

    def gitignores(self) -> dict[str, bytes]:
        return {
            file.relative_to(self.root).as_posix(): file.read_bytes()
            for file in sorted(self.root.rglob(".gitignore"))
            if ".snakemake" not in file.parts
        }

    def wrong_objects(self) -> list[str]:
        """The objects of the cache that do not hash to their names."""
        wrong = []
        for file in (self.root / ".dvc/cache/files/md5").rglob("*"):
            if file.is_file():
                md5 = hashlib.md5(file.read_bytes()).hexdigest()
                if md5 != (file.parent.name + file.name).removesuffix(".dir"):
                    wrong.append(str(file.relative_to(self.root)))
        return wrong

    def copy_to(self, root: Path) -> "Project":
        """A copy of the whole folder, times and links included."""
        shutil.copytree(self.root, root, symlinks=True)
        return Project(root, self.env)


def run_example(name: str, root: Path, env: dict[str, str]) -> Project:
    """A copy of an example of the repository, run once by plain Snakemake and committed."""
    shutil.copytree(EXAMPLES / name, root)
    project = Project(root, env)
    project.nbsnake("init")
    project.nbsnake("generate")
    project.snakemake()
    project.git("add", ".")
    project.git("commit", "--quiet", "--message", "run")
    return project


def kill_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal a process that :meth:`Project.start` gave and all that it started, and reap it."""
    os.killpg(process.pid, number)
    process.wait(timeout=120)
    for _ in range(100):  # what was killed holds its locks until it is gone
        if number != signal.SIGKILL or not _is_living(process.pid):
            break
        time.sleep(0.1)


def _is_living(group: int) -> bool:
    """Whether a process of the group goes on; one that only waits to be reaped does not."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, own = path.read_text(errors="replace").rpartition(")")[2].split()[:3]
            if int(own) == group and state not in "ZX":
                return True
    return False
