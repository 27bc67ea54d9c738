"""What a run on Slurm needs around Slurm's programs, and the jobs that a killed run left there.

All of it does nothing where Slurm is not installed, and where no job was ever submitted.
"""

import os
import re
import shlex
import shutil
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping

from nbsnake.cluster.slurm.call import ACCOUNTS, JOBS_FILE, SAID_FILE
from nbsnake.cluster.slurm.unanswered import note_unanswered
from nbsnake.errors import ToolError
from nbsnake.job.own import read_own_bytes, remove_own, write_own
from nbsnake.job.say import few, say
from nbsnake.programs import in_one_line, python_call

FOLDER = ".nbsnake/slurm/bin"
# States of squeue(1): those of jobs that have not started, also where a hold or a failure keeps
# them, of jobs that have, and of jobs that were paused.
WAITING = frozenset(
    {"PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT", "RESV_DEL_HOLD"}
)
PAUSED = frozenset({"SUSPENDED", "STOPPED"})
RUNNING = frozenset({"RUNNING", "CONFIGURING", "COMPLETING", "STAGE_OUT", "RESIZING", "SIGNALING"})
PLAIN = ("srun", "scancel", "scontrol")  # which only need to find the cluster
PROGRAMS = ("sbatch", "squeue", *PLAIN, *ACCOUNTS)
PAUSE = 1.0
SHOWN = 10  # jobs in a line
MOST = 5000  # of the jobs on record, the last ones: what a command line holds
NOTED = re.compile(r"[0-9]+(;[\w-]+)?")  # as sbatch --parsable prints a job of another cluster
# The comment of a job of `nbsnake submit`, after its number.
NAMED = re.compile(r"(?P<job>[0-9]+)\|(?P<name>.+) [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MESSAGES_PAUSE = 2.0  # seconds between two looks for messages
PATIENCE = 60.0  # seconds that a controller may be away
ANSWER = 60.0  # seconds that one answer may take


def wrap_slurm_tools() -> None:
    """Let Snakemake's executors find Slurm's programs through `nbsnake.cluster.slurm.call`.

    The variable that names Slurm's configuration is in each call: the executor removes what Slurm
    sets from its own environment, and from that of jobs.
    """
    folder = os.path.abspath(FOLDER)
    path = os.environ.get("PATH", "").split(os.pathsep)
    plain = os.pathsep.join(part for part in path if part != folder)
    programs = {name: shutil.which(name, path=plain) for name in PROGRAMS}
    if programs["sbatch"] is None:
        return
    wrappers = {
        name: _wrapper(name, program or "")
        for name, program in programs.items()
        if program or name in ACCOUNTS
    }
    remove_own(SAID_FILE)
    for name, text in wrappers.items():
        if read_own_bytes(f"{FOLDER}/{name}") != text.encode():
            write_own(f"{FOLDER}/{name}", text.encode(), mode=0o700)
    for name in {*os.listdir(FOLDER)} - {*wrappers}:  # the folder comes first in PATH
        remove_own(f"{FOLDER}/{name}")
    os.environ["PATH"] = os.pathsep.join([folder, plain])


def hand_on_messages() -> None:
    """Print from now on, in a thread, what Slurm's programs say on behalf of the run."""
    if shutil.which("sbatch"):
        threading.Thread(target=_hand_on, args=(MESSAGES_PAUSE,), daemon=True).start()


def _hand_on(pause: float) -> None:
    shown = 0
    while True:
        lines = (read_own_bytes(SAID_FILE) or b"").decode(errors="replace").splitlines()
        for line in lines[shown:]:
            say(line)
        shown = len(lines)
        time.sleep(pause)


def _wrapper(name: str, program: str) -> str:
    conf = os.environ.get("SLURM_CONF")
    setting = f"SLURM_CONF={shlex.quote(conf)} " if conf else ""
    call = [program] if name in PLAIN else python_call("nbsnake.cluster.slurm.call", name, program)
    ignored = "trap '' INT TERM\n" if name == "scancel" else ""  # also by a second Ctrl-C
    return f'#!/bin/sh\n{ignored}{setting}exec {shlex.join(call)} "$@"\n'


def live_jobs(jobs: Mapping[str, str]) -> dict[str, str]:
    """Of jobs by name, those that have not ended. Raises :class:`ToolError` without an answer."""
    if (states := _ask([*jobs.values()])) is None:
        raise ToolError("Slurm does not give the states of jobs", hint="try again: scontrol ping")
    return {name: job for name, job in jobs.items() if job in states}


def submitted_jobs() -> dict[str, str]:
    """The jobs on record that ``nbsnake submit`` named, by these names; {} without an answer.

    Its own record is written after each of them, and may lack one where it was killed.
    """
    if not note_unanswered() or not (jobs := _noted_jobs()):
        return {}
    numbers = ",".join(job for job in jobs if job.isdecimal())
    asked = ["squeue", "-h", "--states=all", "--format=%A|%k", f"--jobs={numbers}"]
    done = subprocess.run(asked, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    found = (NAMED.fullmatch(line) for line in done.stdout.splitlines())
    pairs = sorted((int(match["job"]), match["name"]) for match in found if match)
    return {name: str(job) for job, name in pairs}  # the last one of each


def queue_line(jobs: Mapping[str, str]) -> str:
    """What is in the queue of jobs by name, as one line; "" where nothing is."""
    if not jobs:
        return ""
    if (states := _ask([*jobs.values()])) is None:
        return f"submitted: {few([*jobs], SHOWN)}; Slurm does not give their states"
    left = [f"{name} {states[job]} (job {job})" for name, job in jobs.items() if job in states]
    return f"in the queue: {few(left, SHOWN)}" if left else ""


def cancel_jobs(jobs: Iterable[str]) -> None:
    """Cancel jobs; a refusal is said."""
    if refusal := _cancel(jobs):
        say(f"Slurm does not cancel: {refusal}")


def cancel_waiting_jobs() -> None:
    """Cancel the waiting jobs of a run that was killed, before any job is waited for.

    Only a head calls this, for then no other run is going on here. A refusal is said. Raises
    :class:`ToolError` where Slurm does not answer.
    """
    waiting = [job for job, state in _left_jobs().items() if state in WAITING]
    refusal = _cancel(waiting) if waiting else ""
    jobs = "1 waiting job" if len(waiting) == 1 else f"{len(waiting)} waiting jobs"
    if refusal:
        say(f"Slurm does not cancel {jobs} of an earlier run: {refusal}")
    elif waiting:
        say(f"cancelled {jobs} of an earlier run")


def end_left_jobs() -> None:
    """Cancel the waiting jobs of a run that was killed, and wait for those that run.

    They leave receipts, so that nothing of theirs is computed again. Raises as
    :func:`cancel_waiting_jobs`.
    """
    cancel_waiting_jobs()
    said: set[str] = set()
    while left := _left_jobs():
        news = _news(left)
        if news not in said:
            say(news)
            said.add(news)
        time.sleep(PAUSE)
    forget_ended_jobs()


def _news(left: Mapping[str, str]) -> str:
    """For which jobs the run waits, and which of them do not go on by themselves."""
    paused = sorted(job for job, state in left.items() if state in PAUSED)
    text = f"waiting for jobs of an earlier run: {few(sorted(left))}"
    if not paused:
        return text
    return f"{text}; suspended: {few(paused)} (scontrol resume, or scancel)"


def _cancel(jobs: Iterable[str]) -> str:
    """Cancel jobs, also those of other clusters of a federation; why one was refused, or ""."""
    refusals = []
    for cluster, numbers in _by_cluster(jobs).items():
        command = ["scancel", *_at(cluster), *numbers]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER)
        except (OSError, subprocess.TimeoutExpired) as error:
            refusals.append(str(error))
            continue
        if done.returncode or "error" in done.stderr:
            refusals.append(in_one_line(done.stderr) or f"exit code {done.returncode}")
    return "; ".join(refusals)


def _by_cluster(jobs: Iterable[str]) -> dict[str, list[str]]:
    """Numbers of jobs by the name of their cluster, "" for the cluster here."""
    found: dict[str, list[str]] = {}
    for job in jobs:
        number, _, cluster = job.partition(";")
        found.setdefault(cluster, []).append(number)
    return found


def _at(cluster: str) -> list[str]:
    return [f"--clusters={cluster}"] if cluster else []


def forget_ended_jobs() -> None:
    """At the end of a run: when Slurm says that its jobs have ended, the next run need not ask."""
    if _ask(_noted_jobs()) == {}:
        remove_own(JOBS_FILE)


def _left_jobs() -> dict[str, str]:
    """The jobs that have not ended, with their states."""
    deadline = time.monotonic() + PATIENCE
    while not note_unanswered() or (left := _ask(_noted_jobs())) is None:
        say("asking Slurm for the states of the jobs of an earlier run")
        if time.monotonic() > deadline:
            raise ToolError(
                "Slurm does not give the states of the jobs of an earlier run",
                hint=f"try again when it does (scontrol ping); or see to them yourself and remove "
                f"{JOBS_FILE}",
            )
        time.sleep(10 * PAUSE)
    return left


def _noted_jobs() -> list[str]:
    words = (read_own_bytes(JOBS_FILE) or b"").decode(errors="replace").split()
    return [word for word in words if NOTED.fullmatch(word)][-MOST:]


def _ask(jobs: list[str]) -> dict[str, str] | None:
    """Of these jobs, those that have not ended; None where Slurm does not answer."""
    if not jobs or shutil.which("squeue") is None:  # no cluster, to which a copy came from one
        return {}
    left: dict[str, str] = {}
    for cluster, numbers in _by_cluster(jobs).items():
        states = _states(cluster, numbers)
        if states is None:
            return None
        left |= {f"{job};{cluster}" if cluster else job: state for job, state in states.items()}
    return left


def _states(cluster: str, numbers: list[str]) -> dict[str, str] | None:
    """The jobs of one cluster that have not ended, by number; None where it does not answer."""
    # With "-h", and not "--noheader", the wrapper leaves the answer as Slurm has it.
    options = ["--states=all", "--format=%A|%T", f"--jobs={','.join(numbers)}"]
    asked = ["squeue", "-h", *_at(cluster), *options]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=ANSWER)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode and "Invalid job id" not in done.stderr:
        return None
    pairs = [line.split("|") for line in done.stdout.splitlines() if "|" in line]
    return {job: state for job, state in pairs if state in WAITING | RUNNING | PAUSED}
