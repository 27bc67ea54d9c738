"""Slurm's programs as Snakemake's executors call them: a lack of an answer loses no job.

Executors take a status query that fails, or a word that they do not know, for the end of a job, or
wait for ever. So the programs are called through
``python -m nbsnake.cluster.slurm.call NAME PROGRAM ...``:

- ``squeue``, ``sacct``: a query that fails says nothing of a job, so that all count as running;
- ``sacct``: ``CANCELLED by 0`` is ``CANCELLED``; without accounting, squeue answers instead;
- both: a job that failed for its memory is ``OUT_OF_MEMORY``, also where only its log says so, and
  one that its node could not start is ``NODE_FAIL``, so that the next attempt gets another node;
- ``sbatch``: waits for a controller that is away, and while the cluster takes no more jobs; notes
  what it submits and then the job for the next run; hands on nothing of a job in which the run
  itself is;
- ``sacct``, ``sacctmgr``, ``sshare`` that are not installed or fail answer nothing.

What waits is said once in a run, by way of a file: executors keep what programs print to
themselves.

Standard library only, as it is called for each job.
"""

import glob
import json
import os
import re
import subprocess
import sys
import time

from nbsnake.job.locks import wait_for_lock
from nbsnake.job.own import open_own, read_own_bytes, remove_own
from nbsnake.job.regular import open_regular

JOBS_FILE = ".nbsnake/slurm/jobs"
SUBMITTING = ".nbsnake/slurm/submitting"  # a locked file for each submission without an answer
SAID_FILE = ".nbsnake/slurm/said"  # what the programs have to say, a line each
UNREACHABLE = "Unable to contact slurm controller"
UNHEARD = "Socket timed out"  # the controller may have taken the job, or not
# Limits that end when other jobs end: of accounts and QOS, by Slurm's names, and of the cluster.
FULL = re.compile(
    r"(?:Assoc|QOS)(?:Grp|Max)\w*Submit\w*(?:Limit)?|Resource temporarily unavailable"
    r"|temporarily unable to accept job"
)
PATIENCE = 600.0  # seconds that sbatch waits for its controller
PAUSE = 5.0
ACCOUNTS = ("sacct", "sacctmgr", "sshare")
LOGS = "logs/slurm"
TAIL = 10_000  # bytes of a log that are looked at
MEMORY_WORDS = (b"exceeded memory limit", b"oom_kill", b"oom-kill", b"Out Of Memory")
AWAY = "Slurm's controller does not answer"
# How Slurm says that a node did not start a job. Signal 53 is slurmd's own, for a log or a folder
# that the node cannot open; which of the two is shown depends on the version.
LAUNCH = re.compile(r"JobLaunchFailure|RaisedSignal:53\b")
# Variables that Slurm sets in a job, which the jobs that it submits may not inherit, and those that
# name the cluster.
OF_A_JOB, OF_A_CLUSTER = ("SLURM_", "SLURMD_", "SRUN_"), ("SLURM_CONF", "SLURM_CLUSTERS")
_JOB = re.compile(r"(\d+)(;[\w-]+)?$")


def main(argv: list[str]) -> int:
    """Call a program with the arguments that follow its name and its path."""
    name, program, arguments = argv[0], argv[1], argv[2:]
    if name == "sbatch":
        return _submit([program, *arguments])
    if name in ("squeue", "sacct") and {"--noheader", "-n"}.intersection(arguments):
        return _ask(name, program, arguments)
    if name in ACCOUNTS:
        return _ask_accounts([program, *arguments])
    return subprocess.run([program, *arguments]).returncode


def _ask_accounts(command: list[str]) -> int:
    """Hand on what is known of accounts: nothing where the cluster keeps none."""
    done = _called(command)
    if done.returncode == 0:
        sys.stdout.write(done.stdout)
    return 0


def _ask(name: str, program: str, arguments: list[str]) -> int:
    done = _called([program, *arguments])
    if done.returncode and name == "sacct":
        done = _called(_as_squeue(arguments))  # no accounting
    if done.returncode:
        if UNREACHABLE in done.stderr or UNHEARD in done.stderr:
            say_once(f"{AWAY}; its jobs go on, and are seen to when it does")
        return 0
    lines = [line for line in done.stdout.splitlines() if line.strip() != "None assigned"]
    for line in lines:
        job, bar, state = line.partition("|")
        if state == "FAILED":
            state = _failed_as(job)
        sys.stdout.write(f"{job}{bar}{re.sub(r'^CANCELLED by .*', 'CANCELLED', state)}\n")
    return 0


def _failed_as(job: str) -> str:
    """What the log of a job says of its end, or what there is no log for.

    Slurm says it of the step inside, not of the job, or not to executors.
    """
    for path in glob.iglob(f"{glob.escape(LOGS)}/**/{glob.escape(job)}.log", recursive=True):
        with open_regular(path) as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - TAIL))
            tail = log.read()
        return "OUT_OF_MEMORY" if any(words in tail for words in MEMORY_WORDS) else "FAILED"
    shown = _called(["squeue", "-h", "--states=all", "--format=%r", f"--jobs={job}"]).stdout
    return "NODE_FAIL" if LAUNCH.search(shown) else "FAILED"


def _as_squeue(arguments: list[str]) -> list[str]:
    """The query of jobs by their name, or of a job's nodes, that squeue understands as well."""
    if "-j" in arguments and "nodelist" in arguments[-1]:
        job = arguments[arguments.index("-j") + 1]
        return ["squeue", "--noheader", "--states=all", "--format=%N", f"--jobs={job}"]
    name = arguments[arguments.index("--name") + 1] if "--name" in arguments else ""
    return ["squeue", "--noheader", "--states=all", "--format=%i|%T", f"--name={name or '-'}"]


def _submit(command: list[str]) -> int:
    """Submit a job, and note it. Until that has been done, there is a note of the submission."""
    name, comment = _option(command, "--job-name"), _option(command, "--comment")
    if not name or not comment or not os.path.isdir(".nbsnake"):
        return _submit_noted(command)
    path = f"{SUBMITTING}/{os.getpid()}-{os.urandom(4).hex()}"
    with wait_for_lock(path) as lock:
        lock.note(json.dumps([name, comment]))
        code = _submit_noted(command)
        remove_own(path)
    return code


def _submit_noted(command: list[str]) -> int:
    """What the cluster cannot take now is submitted when it can."""
    script = sys.stdin.read() if "/dev/stdin" in command else ""
    deadline = time.monotonic() + PATIENCE
    while True:
        done = _called(command, script, _outside())
        if not done.returncode:
            break
        if UNHEARD in done.stderr and (job := _taken(command, deadline)):
            done = subprocess.CompletedProcess(command, 0, f"{job}\n", "")
            break
        is_away = UNREACHABLE in done.stderr or UNHEARD in done.stderr
        if full := FULL.search(done.stderr):
            say_once(f"Slurm takes no more jobs for now ({full[0]}); the rest waits")
        elif is_away and time.monotonic() < deadline:
            say_once(f"{AWAY}; submissions wait up to {PATIENCE / 60:.0f} minutes")
        else:
            break
        time.sleep(PAUSE)
    sys.stderr.write(done.stderr)
    sys.stdout.write(done.stdout)
    if match := _JOB.match(done.stdout.strip()):
        note(match[0])
    return done.returncode


def _taken(command: list[str], deadline: float) -> str:
    """The job of a submission whose answer was lost, "" where Slurm did not take it.

    It has the name and the comment of the submission, and is not on record.
    """
    name, comment = _option(command, "--job-name"), _option(command, "--comment")
    if not name or not comment:
        return ""
    while (jobs := jobs_named(name, comment)) is None and time.monotonic() < deadline:
        say_once(f"{AWAY}; submissions wait up to {PATIENCE / 60:.0f} minutes")
        time.sleep(PAUSE)
    return jobs[-1] if jobs else ""


def jobs_named(name: str, comment: str) -> list[str] | None:
    """The jobs that Slurm knows by a name and a comment, and that are not on record.

    None where Slurm does not answer.
    """
    done = _called(["squeue", "-h", "--states=all", "--format=%A|%k", f"--name={name}"])
    if done.returncode:
        return None
    known = (read_own_bytes(JOBS_FILE) or b"").decode(errors="replace").split()
    pairs = [line.partition("|") for line in done.stdout.splitlines()]
    return [job for job, _, said in pairs if said == comment and job not in known]


def _option(command: list[str], name: str) -> str:
    return command[command.index(name) + 1] if name in command[:-1] else ""


def say_once(message: str) -> None:
    """Leave a message for the head of the run, which prints it; once for all jobs."""
    said = (read_own_bytes(SAID_FILE) or b"").decode(errors="replace").splitlines()
    if os.path.isdir(".nbsnake") and message not in said:
        with open_own(SAID_FILE) as file:
            file.write(f"{message}\n")


def note(job: str) -> None:
    """Remember a job of this run; a line is written as a whole."""
    if os.path.isdir(".nbsnake"):
        with open_own(JOBS_FILE) as file:
            file.write(f"{job}\n")


def _outside() -> dict[str, str]:
    """The variables without those of the job that this is in, which a new job would inherit."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(OF_A_JOB) or name in OF_A_CLUSTER
    }


def _called(
    command: list[str], script: str = "", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, input=script, env=env)
    except OSError as error:
        return subprocess.CompletedProcess(command, 127, "", f"{command[0]}: {error.strerror}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
