"""Shows the cells that are marked as without effect, in a copy of the process that ran the script.

With the runner, and like it without anything else of nbsnake. The copy is a fork: it has all that
the script has left, and what it does to that is lost with it. So that it cannot change the step's
result, the kernel lets it write to a folder of its own only (Landlock, Linux 5.13), and files that
the script has open for writing are replaced by /dev/null.

Structures and numbers: ``linux/landlock.h``, and landlock(7).
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import io
import os
import select
import shutil
import signal
import stat
import struct
import sys
import tempfile
from typing import Any

SECONDS = 600  # for all cells together
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # calls of the system
WRITE_FILE, TRUNCATE, REFER = 1 << 1, 1 << 14, 1 << 13
REMOVE_AND_MAKE = 0b1111111110000  # bits 4 to 12: remove or make what a folder can have
NO_NEW_PRIVILEGES, DIE_WITH_PARENT = 38, 1  # for prctl(2)
REFUSED = frozenset({"os.truncate", "os.chmod", "os.chown", "os.utime"})  # beyond Landlock's reach


def show(path: str, program: Any, recorder: Any) -> None:
    """Run the cells that a file has, and record them; nothing where there is no such file."""
    if not os.path.exists(path):
        return
    why = reason_against()
    if not why:
        flush_files()
        folder = tempfile.mkdtemp()
        try:
            why = in_copy(lambda: shown(path, folder, program, recorder))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    if why and sys.__stderr__:
        sys.__stderr__.write(f"nbsnake: cells without effect are not shown: {why}\n")


def reason_against() -> str:
    """Why nothing can run here that is sure not to change the result; "" for nothing."""
    if not sys.platform.startswith("linux") or landlock_version() < 1:
        return "only Linux 5.13 or newer, with Landlock, can keep them from changing the result"
    with open("/proc/self/maps") as file:
        mapped = [line.split(None, 5) for line in file]
    root = os.path.realpath(os.getcwd()) + os.sep
    shared = [words[5].strip() for words in mapped if words[1][1::2] == "ws" and words[5:]]
    if found := [name for name in shared if name.startswith(root)]:
        return f"the script can write to {found[0][len(root) :]} in its memory"
    return ""


def flush_files() -> None:
    """Write what the script's open files hold back, so that the copy does not write it again."""
    import gc  # only where it is needed

    for each in gc.get_objects():
        if issubclass(type(each), io.IOBase):  # a dead weak reference has no class
            with contextlib.suppress(Exception):  # closed, detached, or of a class of the script's
                each.flush()


def in_copy(work: Any) -> str:
    """Fork, and wait until the work is done; what went wrong, "" for nothing."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.setpgid(0, 0)
            work()
        finally:
            os._exit(0)
    os.close(write)
    try:
        ended = select.select([read], [], [], SECONDS)[0]
        return "" if ended else f"they take longer than {SECONDS} s"
    finally:
        os.close(read)
        end_group(child)
        os.waitpid(child, 0)


def end_group(child: int) -> None:
    """End the copy and all that it started."""
    for kill in (os.killpg, os.kill):  # it may have no group yet
        try:
            kill(child, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue


def shown(path: str, folder: str, program: Any, recorder: Any) -> None:
    """In the copy: give up what it could write to, and run the cells."""
    call("prctl", DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    recorder.follow()
    lead_nowhere(recorder.fileno())
    tempfile.tempdir = os.environ["TMPDIR"] = folder
    os.environ.setdefault("MPLBACKEND", "agg")  # a script that does not draw has none
    restrict((folder, "/dev"))
    sys.addaudithook(refuse)
    program.run_marked(path)


def lead_nowhere(own: int) -> None:
    """Close what can be written to, but for the recorder's file; output is recorded only."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for name in os.listdir("/proc/self/fd"):
        number = int(name)
        if number in (own, nowhere):
            continue
        try:
            writes = fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
            if number in (1, 2) or (writes and stat.S_ISREG(os.fstat(number).st_mode)):
                os.dup2(nowhere, number)
        except OSError:
            continue


def refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook for what Landlock does not keep from files."""
    if event in REFUSED:
        raise PermissionError(f"{event}: a cell without effect changes no files")


def restrict(folders: tuple[str, ...]) -> None:
    """Let this process, and all that it starts, change nothing but in these folders."""
    version = landlock_version()
    rights = WRITE_FILE | REMOVE_AND_MAKE
    rights |= (REFER if version >= 2 else 0) | (TRUNCATE if version >= 3 else 0)
    ruleset = call(CREATE_RULESET, struct.pack("=Q", rights), 8, 0)
    for folder in folders:
        place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        call(ADD_RULE, ruleset, 1, struct.pack("=Qi", rights, place), 0)
        os.close(place)
    call("prctl", NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    call(RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def landlock_version() -> int:
    """The version of Landlock's interface; 0 for none."""
    try:
        return call(CREATE_RULESET, None, 0, 1)
    except OSError:
        return 0


def call(name: Any, *arguments: Any) -> int:
    """Call a function of the C library, or the system by a number; raises :class:`OSError`."""
    library = ctypes.CDLL(None, use_errno=True)
    words = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    function = getattr(library, name) if isinstance(name, str) else library.syscall
    found = function(*([] if isinstance(name, str) else [ctypes.c_long(name)]), *words)
    if found < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(found)
