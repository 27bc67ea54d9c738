"""Slurm's programs as Snakemake's executors call them: a lack of an answer loses no job.

Executors take a status query that fails, or a word that they do not know, for the end of a job, or
wait for ever. So the programs are called through
``python -m nbsnake.cluster.slurm.call NAME PROGRAM ...``:

- ``squeue``, ``sacct``: a query that fails says nothing of a job, so that all count as running;
- ``sacct``: ``CANCELLED by 0`` is ``CANCELLED``; without accounting, squeue answers instead;
- both: a job that failed for its memory is ``OUT_OF_MEMORY``, also where only its log says so;
- ``sbatch``: waits for a controller that is away, and notes the job for the next run.

Standard library only, as it is called for each job.
"""

import glob
import os
import re
import subprocess
import sys
import time

from nbsnake.job.own import open_own
from nbsnake.job.regular import open_regular

JOBS_FILE = ".nbsnake/slurm/jobs"
UNREACHABLE = "Unable to contact slurm controller"
PATIENCE = 600.0  # seconds that sbatch waits for its controller
PAUSE = 5.0
LOGS = "logs/slurm"
TAIL = 10_000  # bytes of a log that are looked at
MEMORY_WORDS = (b"exceeded memory limit", b"oom_kill", b"oom-kill", b"Out Of Memory")
_JOB = re.compile(r"^(\d+)(;\w+)?$")


def main(argv: list[str]) -> int:
    """Call a program with the arguments that follow its name and its path."""
    name, program, arguments = argv[0], argv[1], argv[2:]
    if name == "sbatch":
        return _submit([program, *arguments])
    if "--noheader" in arguments or "-n" in arguments:
        return _ask(name, program, arguments)
    return subprocess.run([program, *arguments]).returncode


def _ask(name: str, program: str, arguments: list[str]) -> int:
    done = _called([program, *arguments])
    if done.returncode and name == "sacct":
        done = _called(_as_squeue(arguments))
    if done.returncode:
        return 0
    lines = [line for line in done.stdout.splitlines() if line.strip() != "None assigned"]
    for line in lines:
        job, bar, state = line.partition("|")
        if state == "FAILED" and _ran_out_of_memory(job):
            state = "OUT_OF_MEMORY"
        sys.stdout.write(f"{job}{bar}{re.sub(r'^CANCELLED by .*', 'CANCELLED', state)}\n")
    return 0


def _ran_out_of_memory(job: str) -> bool:
    """Whether the log of a job says so: Slurm says it of the step inside, not of the job."""
    for path in glob.iglob(f"{glob.escape(LOGS)}/**/{glob.escape(job)}.log", recursive=True):
        with open_regular(path) as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - TAIL))
            tail = log.read()
        return any(words in tail for words in MEMORY_WORDS)
    return False


def _as_squeue(arguments: list[str]) -> list[str]:
    """The query of jobs by their name that squeue understands as well."""
    name = arguments[arguments.index("--name") + 1] if "--name" in arguments else ""
    return ["squeue", "--noheader", "--states=all", "--format=%i|%T", f"--name={name or '-'}"]


def _submit(command: list[str]) -> int:
    deadline = time.monotonic() + PATIENCE
    while True:
        done = _called(command)
        # A submission that timed out may have been heard; only one that was not is repeated.
        is_lost = done.returncode and UNREACHABLE in done.stderr and "/dev/stdin" not in command
        if not is_lost or time.monotonic() > deadline:
            break
        time.sleep(PAUSE)
    sys.stderr.write(done.stderr)
    sys.stdout.write(done.stdout)
    if match := _JOB.match(done.stdout.strip()):
        note(match[1])
    return done.returncode


def note(job: str) -> None:
    """Remember a job of this run; a line is written as a whole."""
    if os.path.isdir(".nbsnake"):
        with open_own(JOBS_FILE) as file:
            file.write(f"{job}\n")


def _called(command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, stdin=_stdin(command))
    except OSError as error:
        return subprocess.CompletedProcess(command, 127, "", f"{command[0]}: {error.strerror}\n")


def _stdin(command: list[str]) -> int | None:
    return None if "/dev/stdin" in command else subprocess.DEVNULL


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
