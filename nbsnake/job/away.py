"""A step's job on a machine that sees nothing of the project but a store with URLs.

Standard library only: the machine has Python and what the step's code imports. The head gives a
zip archive with this package and :class:`Task`; the job fetches what the step reads, calls
``nbsnake exec`` as on any other machine, and sends one tar archive back (:data:`MEMBERS`).
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from typing import IO, NamedTuple

from nbsnake.job.content import md5_of_file
from nbsnake.job.executed import notebook_path
from nbsnake.job.jobs import JOBS_FILE, read_job
from nbsnake.job.outputs import kept_in
from nbsnake.job.own import write_own
from nbsnake.job.receipt import failure_path, read_receipt, receipt_path
from nbsnake.job.shape import from_json, parse
from nbsnake.job.transfer import fetch, send

TASK, PACKAGE, PROJECT = "task.json", "package", "project"
RESULT = "result.tar"
# What is in a result, beside one object for each "objects/<md5>".
MEMBERS = END, LOG, RECEIPT, FAILURE, NOTEBOOK = (
    "end.json",
    "log",
    "receipt.json",
    "failure.json",
    "notebook.ipynb",
)
OBJECTS = "objects/"
MODES = 0o755, 0o644  # modes of files that can be executed, and of others


class TaskFile(NamedTuple):
    """A file that the step reads; the head has its content by its md5."""

    path: str
    md5: str
    executable: bool


class Task(NamedTuple):
    """What a job is to do: ``argv`` are the words after ``nbsnake exec``.

    ``jobs`` is the text of the file of jobs; ``folders`` are those that are there even without a
    file; ``urls`` say where each md5 is, ``result`` is the URL
    to which the result goes. Objects of at least ``apart`` bytes go to one of the ``slots`` each,
    which are URLs, the largest first.
    """

    step: str
    argv: tuple[str, ...]
    jobs: str
    files: tuple[TaskFile, ...]
    folders: tuple[str, ...]
    urls: dict[str, str]
    result: str
    apart: int
    slots: tuple[str, ...]


def main(top: str) -> int:
    """Do the task in ``top/package``, and remove ``top``; the exit code is the step's."""
    try:
        return _main(top)
    finally:
        os.chdir("/")
        shutil.rmtree(top, ignore_errors=True)


def _main(top: str) -> int:
    os.chdir(top)
    with open(f"{PACKAGE}/{TASK}", "rb") as file:
        task: Task = parse(Task, from_json(file.read()))
    os.makedirs(f"{PROJECT}/.dvc")
    os.chdir(PROJECT)
    with open(f"../{LOG}", "w+", encoding="utf-8", errors="replace") as log:
        code = _fetch(task, log) or _run(task, top, log)
        log.seek(0)
        shutil.copyfileobj(log, sys.stdout)
    sys.stdout.flush()
    objects = {} if code else dict(_objects(task.step))
    slots = _send_apart(task, objects)
    with open(f"../{END}", "w", encoding="utf-8") as file:
        json.dump({"code": code, "slots": slots}, file)
    _pack(task.step, objects, f"../{LOG}", failed=code != 0)
    send(f"../{RESULT}", task.result)
    return code


def _fetch(task: Task, log: IO[str]) -> int:
    """Get what the step reads; the exit code."""
    path = ""
    try:
        for path in task.folders:
            os.makedirs(path, exist_ok=True)
        for path, md5, executable in task.files:
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            fetch(task.urls[md5], path)
            if md5_of_file(path) != md5:
                raise OSError(f"it is damaged there: remove files/md5/{md5[:2]}/{md5[2:]}")
            os.chmod(path, MODES[not executable])
    except OSError as error:
        log.write(f"nbsnake exec: {task.step}: {path} cannot be used from the remote: {error}\n")
        return 3
    write_own(JOBS_FILE, task.jobs.encode())
    return 0


def _run(task: Task, top: str, log: IO[str]) -> int:
    """Run the step; the exit code."""
    path = os.pathsep.join((_make_programs(top), os.environ.get("PATH", os.defpath)))
    head_only = ("NBSNAKE_REMOTE", "NBSNAKE_ALL_CELLS")  # where a job inherits what the head has
    env = {name: value for name, value in os.environ.items() if name not in head_only}
    command = ["nbsnake", "exec", *task.argv]
    return subprocess.run(
        command, env={**env, "PATH": path}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
    ).returncode


def _make_programs(top: str) -> str:
    """A folder with ``nbsnake``, and ``python`` where there is none."""
    from nbsnake.programs import bare_call, code_call  # for this only

    folder = f"{top}/bin"
    os.mkdir(folder)
    start = (
        f"import sys; sys.path.insert(0, {top + '/' + PACKAGE!r}); "
        "from nbsnake.__main__ import main; sys.exit(main())"
    )
    _write_program(f"{folder}/nbsnake", code_call(start))
    if shutil.which("python") is None:
        _write_program(f"{folder}/python", bare_call())
    return folder


def _write_program(path: str, words: list[str]) -> None:
    import shlex  # for this only

    with open(path, "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
    os.chmod(path, MODES[0])


def _send_apart(task: Task, objects: dict[str, str]) -> dict[str, int]:
    """Send the large ones of the objects, which are then no longer among them; the slot of each."""
    sizes = {
        md5: os.path.getsize(path) for md5, path in objects.items() if not md5.endswith(".dir")
    }
    large = [md5 for md5, size in sizes.items() if size >= task.apart]
    large.sort(key=lambda md5: sizes[md5], reverse=True)
    slots = dict(zip(large, range(len(task.slots)), strict=False))
    for md5, slot in slots.items():
        send(objects.pop(md5), task.slots[slot])
    return slots


def _pack(step: str, objects: dict[str, str], log: str, *, failed: bool) -> None:
    members = {
        END: f"../{END}",
        LOG: log,
        NOTEBOOK: notebook_path(step, failed=failed),
        **({FAILURE: failure_path(step)} if failed else {RECEIPT: receipt_path(step)}),
        **{f"{OBJECTS}{md5}": path for md5, path in objects.items()},
    }
    with tarfile.open(f"../{RESULT}", "w") as archive:
        for name, path in members.items():
            with contextlib.suppress(FileNotFoundError):  # such as the notebook of a shell command
                archive.add(path, name, recursive=False)


def _objects(step: str) -> Iterator[tuple[str, str]]:
    """The objects that the step's outputs are, each with its path."""
    job, receipt = read_job(step), read_receipt(step)
    if job is None or receipt is None:
        return
    contents = {seen.path: seen.content for seen in receipt.outs}
    for out in job.step.outs:
        cache, content = kept_in(job.cache, job.step, out), contents[out.path]
        for md5 in (content.md5, *(cache.listed(content) or ())):
            yield md5, cache.object_path(md5)
