"""What a job gets: the files that its step reads, and one zip archive with the task and nbsnake."""

import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import nbsnake
from nbsnake.errors import UsageError
from nbsnake.job.absent import absent_at
from nbsnake.job.away import PACKAGE, TASK, Task, TaskFile
from nbsnake.job.cache import Cache
from nbsnake.job.content import ANY_EXECUTE, Digest, digest, md5_of_file, tree_of_folder
from nbsnake.job.exec import Start
from nbsnake.job.ignore import FILE as IGNORE_FILE
from nbsnake.job.jobs import Job, jobs_of
from nbsnake.job.overssh import start_words
from nbsnake.job.threads import OPTION
from nbsnake.job.transfer import is_ssh
from nbsnake.names import upwards

VALUES = "--values-from="  # before the path of a file with values of parameters
# What of nbsnake a job needs, beside its room: for `nbsnake record`.
_ROOMS = (
    *("*.py", "job/**/*.py", "commands/__init__.py", "commands/record.py"),
    *("settings/__init__.py", "settings/discover.py"),
)
_FIRST = (1980, 1, 1, 0, 0, 0)  # the earliest time that zip knows, so that times make no difference
MOST = 1 << 24  # bytes of a package, which has a hundredth
_START = """\
import hashlib, io, subprocess, sys, tempfile, time, urllib.request, zipfile
def get():
    for pause in (1, 2, 5, 10, 20, 40, 60, 60, 60):
        try:
            return {get}
        except (OSError, subprocess.SubprocessError) as error:
            print('nbsnake: the package of the job cannot be fetched:', error, file=sys.stderr)
        time.sleep(pause)
    sys.exit(3)
data = get()
if hashlib.sha256(data).hexdigest() != {sha256!r}:
    sys.exit('nbsnake: the package of the job is damaged')
top = tempfile.mkdtemp(prefix='nbsnake-')
package = top + '/{package}'
zipfile.ZipFile(io.BytesIO(data)).extractall(package)
sys.path.insert(0, package)
from nbsnake.job.away import main
sys.exit(main(top))
"""


class Needed(NamedTuple):
    """A task without its URLs, and for each md5 in it the path of a file that has it."""

    task: Task
    paths: dict[str, str]


def task_of(job: Job, command: list[str], threads: str, start: Start, apart: int) -> Needed:
    """The task of a job that is ready to run, which sends files of ``apart`` bytes each by itself.

    Raises :class:`UsageError` for one that reads what is not in the project.
    """
    files, paths = [], {}
    for path, md5 in dict(_files(job, command, start)).items():
        if path.startswith(("/", "../")):
            raise UsageError(
                f"it reads {path}, which is not in the project",
                hint="jobs that see only the DVC remote have nothing else; move it, or run here",
            )
        files.append(TaskFile(path, md5, _is_executable(path)))
        paths[md5] = path
    option = [f"{OPTION}{threads}"] if threads else []
    argv = (job.step.name, *option, *(["--", *command] if command else []))
    # No other process is there that DVC's lock on paths could stop.
    own = job._replace(makers=(), cache=Cache(".dvc/cache", ("hardlink",)), hardlink_lock=True)
    folders = [path for path, content in start.contents.items() if content.is_dir]
    jobs = jobs_of(own).decode()
    task = Task(job.step.name, argv, jobs, tuple(files), tuple(folders), {}, "", apart, ())
    return Needed(task, paths)


def _is_executable(path: str) -> bool:
    absent = absent_at(path)
    return absent.isexec if absent else bool(os.stat(path).st_mode & ANY_EXECUTE)


def _files(job: Job, command: list[str], start: Start) -> Iterator[tuple[str, str]]:
    """Each path with its md5."""
    step = job.step
    for path, content in start.contents.items():
        yield from _files_of(path, content, job.cache)
    for out in step.outs:
        if out.persist and os.path.lexists(out.path):
            yield from _files_of(out.path, digest(out.path), job.cache)
    folders = {
        os.path.dirname(up) for path in (*step.deps, *step.out_paths) for up in upwards(path)
    }
    others = [os.path.join(folder, IGNORE_FILE) for folder in folders]
    others += [word.removeprefix(VALUES) for word in command if word.startswith(VALUES)]
    if not command:  # a stage that a person wrote may read them by itself, by paths from its folder
        others += [os.path.normpath(os.path.join(step.wdir, file)) for file in step.params]
    for path in others:
        if os.path.isfile(path):
            yield path, md5_of_file(path)


def _files_of(path: str, content: Digest, cache: Cache) -> Iterator[tuple[str, str]]:
    if not content.is_dir:
        yield path, content.md5
        return
    try:
        listing = cache.listing(content)
    except (OSError, ValueError):  # a source that is not in the cache
        listing = [(file.relpath, file.md5) for file in tree_of_folder(path)]
    for relpath, md5 in listing:
        yield f"{path}/{relpath}", md5


def package(task: Task) -> bytes:
    """The zip archive of a job."""
    root = Path(nbsnake.__file__).parent
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(TASK, json.dumps(_as_dict(task)))
        for path in sorted({path for pattern in _ROOMS for path in root.glob(pattern)}):
            name = f"nbsnake/{path.relative_to(root).as_posix()}"
            info = zipfile.ZipInfo(name, _FIRST)
            archive.writestr(info, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return data.getvalue()


def _as_dict(task: Task) -> dict[str, object]:
    return {**task._asdict(), "files": [file._asdict() for file in task.files]}


def start_code(url: str, sha256: str) -> str:
    """The Python code that a job starts with."""
    get = f"urllib.request.urlopen({url!r}).read({MOST})"
    if is_ssh(url):
        get = f"subprocess.check_output({start_words(url)!r})"
    return _START.format(get=get, sha256=sha256, package=PACKAGE)
