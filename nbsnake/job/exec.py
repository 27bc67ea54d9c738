"""``nbsnake exec STEP [--threads=N] -- COMMAND...``: run one step's command and leave a receipt.

Standard library only, and nothing is imported that is not needed: this wraps every job. It
digests what the command reads and writes, puts the outputs into the DVC cache, and writes the
receipt last. When the same command has run on the same content before, it restores the outputs
instead (``NBSNAKE_RESTORE=0`` switches that off).

A command other than the plan's runs all the same, but its receipt says so and is never locked.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple

from nbsnake.job.cache import Cache, DamagedObjectError
from nbsnake.job.child import run_child
from nbsnake.job.content import Digest, digest, is_lfs_pointer, stamp, write_stamp
from nbsnake.job.digests import read_digests_of
from nbsnake.job.executed import (
    as_notebook,
    bring_back,
    events_of,
    facts_of,
    place_of_failure,
    read_events,
    save,
    with_runner,
    witness_of,
)
from nbsnake.job.inside import output
from nbsnake.job.jobs import Job, read_job
from nbsnake.job.links import remove, unprotect
from nbsnake.job.outputs import find_outputs, remember_run, restore_outputs, store_outputs
from nbsnake.job.own import write_own
from nbsnake.job.plan import PlannedStep
from nbsnake.job.receipt import (
    Failure,
    Receipt,
    Seen,
    read_receipt,
    receipt_of,
    write_failure,
    write_receipt,
)
from nbsnake.job.runcache import run_value
from nbsnake.job.running import alone
from nbsnake.job.rwlock import paths_locked
from nbsnake.job.say import say
from nbsnake.job.threads import OPTION, set_thread_variables
from nbsnake.job.touched import in_words, undeclared_by, with_witness

USAGE = "usage: nbsnake exec STEP [--threads=N] [-- COMMAND...]"
SHELL_OPTIONS = {"bash": ("--noprofile", "--norc"), "zsh": ("--no-rcs",)}  # as DVC calls them
CALLER = "nbsnake exec"


class Start(NamedTuple):
    """What a run starts from: the time in seconds since 1970, the dependencies with their stamps
    of writing, and why the result must not be locked ("" when it may be)."""

    started: float
    deps: list[Seen]
    writes: dict[str, str | None]
    refused: str

    @property
    def contents(self) -> dict[str, Digest]:
        """The content of each dependency."""
        return {seen.path: seen.content for seen in self.deps}


Way = Callable[[Job, list[str], str], int]  # of running a command, with its threads ("" for none)


def main(argv: list[str], way: Way | None = None) -> int:
    """Run the command; the exit code is the command's own, or 3 when its outputs are missing.

    ``way`` is how it is run, by default by this machine.
    """
    if argv[:1] in (["-h"], ["--help"]):
        sys.stdout.write(
            f"{USAGE}\n\nRun one step's command and leave a receipt; rules call this.\n"
        )
        return 0
    threads = argv[1].removeprefix(OPTION) if argv[1:] and argv[1].startswith(OPTION) else ""
    words = [*argv[:1], *(argv[2:] if threads else argv[1:])]
    if not words or words[1:2] not in ([], ["--"]) or len(words) == 2:
        sys.stderr.write(f"{USAGE}\n")
        return 2
    step, command = words[0], words[2:]
    set_thread_variables(threads)
    try:
        if job := read_job(step):
            with alone(step), nullcontext() if job.hardlink_lock else paths_locked(job.step):
                return (way or _exec)(job, command, threads)
    except OSError as error:
        _say(f"{step}: {error.filename or 'the disk'}: {error.strerror or error}")
        return 3
    _say(f"no plan for step {step!r} here: it runs without a receipt, nothing will be locked")
    return run_child(command, CALLER) if command else 2


def _exec(job: Job, command: list[str], _: str) -> int:
    step = job.step
    start = begin(job, command)
    if isinstance(start, int):
        return start
    with events_of(step.name) as path:
        code = _run_command(job, command) if command else _run_as_dvc_does(step)
        events = read_events(path)
    fault = _fault(job, code, events)
    if fault:
        _record_failure(step, fault, events, start.started)
        return fault
    receipt = with_witness(store_result(job, command, start), step, witness_of(events))
    end(job, receipt, as_notebook(events, facts_of(receipt)) if events else None)
    return 0


def begin(job: Job, command: list[str]) -> Start | int:
    """Make everything ready for a run; the exit code where none is needed, or possible."""
    step, cache = job.step, job.cache
    started, deps = time.time(), _see_deps(job)
    if deps is None:
        return 3
    start = Start(started, deps, {}, _refusal(step, command))
    if not start.refused and os.environ.get("NBSNAKE_RESTORE") != "0":
        outs = find_outputs(cache, step, start.contents)
        if outs is not None and _restored(cache, step, outs):
            write_receipt(receipt_of(step, command, deps, outs, started, restored=True))
            bring_back(step.name, run_value(step.lock_entry(start.contents | outs)))
            return 0
    writes = {seen.path: write_stamp(seen.path) for seen in deps}
    _make_way(step)
    return start._replace(writes=writes)


def store_result(job: Job, command: list[str], start: Start) -> Receipt:
    """Keep what the step wrote, and remember the run; its receipt is not written yet."""
    step, cache = job.step, job.cache
    outs = store_outputs(cache, step)
    refused = start.refused or _changed(start.deps, start.writes)
    if not refused:
        remember_run(cache, step, start.contents | outs)
    return receipt_of(step, command, start.deps, outs, start.started, refused=refused)


def end(job: Job, receipt: Receipt, notebook: dict[str, Any] | None) -> None:
    """Write the receipt of a run that ended well, then its notebook, where it is to be kept."""
    step = job.step
    write_receipt(receipt)
    if notebook and job.recorded:
        contents = {seen.path: seen.content for seen in (*receipt.deps, *receipt.outs)}
        save(notebook, step.name, run_value(step.lock_entry(contents)), failed=False)
    if step.marker:
        write_own(step.marker, b"", durable=False)


def _run_command(job: Job, command: list[str]) -> int:
    """Run the rule's command, with the runner where the step's notebook is to be kept."""
    script = job.step.script if job.recorded else ""
    return run_child(with_runner(command, script) if script else command, CALLER)


def _fault(job: Job, code: int, events: Sequence[dict[str, Any]]) -> int:
    """The exit code of a run that is no success; 0 for one that is."""
    step = job.step
    if code:
        return code
    missing = [out.path for out in step.outs if not os.path.lexists(out.path)]
    if missing:
        _say(f"{step.name}: the command ended well but did not write {', '.join(missing)}")
        return 3
    witness = witness_of(events)
    undeclared = undeclared_by(step, witness) if witness else {}
    for line in in_words(step.name, undeclared):
        _say(line)
    return 3 if undeclared and job.strict else 0


def _record_failure(
    step: PlannedStep, code: int, events: Sequence[dict[str, Any]], started: float
) -> None:
    failure = Failure(step.name, code, time.time(), **place_of_failure(events))
    write_failure(failure)
    if events:
        facts = {"step": step.name, "exit_code": code, "started": started, "ended": failure.ended}
        save(as_notebook(events, facts), step.name, "", failed=True)


def _restored(cache: Cache, step: PlannedStep, outs: dict[str, Digest]) -> bool:
    """Whether the outputs are back from the cache."""
    try:
        restore_outputs(cache, step, outs)
    except DamagedObjectError as error:
        _say(f"{step.name}: the cache object {error.filename} is damaged; the step runs again")
        return False
    _say(f"{step.name}: outputs restored, the same command ran on the same content before")
    return True


def _make_way(step: PlannedStep) -> None:
    """What is there of an earlier run goes, or can be written to where the step adds to it."""
    for out in step.outs:
        if out.persist:
            unprotect(output(out.path))
        else:
            remove(output(out.path))


def _see_deps(job: Job) -> list[Seen] | None:
    """Digest the dependencies; what another step wrote is known from that step's receipt.

    None where one is missing, which is reported.
    """
    step = job.step
    digests = read_digests_of(step.deps)
    for maker in job.makers:
        if receipt := read_receipt(maker):
            digests.trust(receipt)
    deps = []
    for path in step.deps:
        before = stamp(path)
        content = digests.of(path)
        if content is None:
            _say(f"{step.name}: {path} is missing")
            return None
        if is_lfs_pointer(path):
            _say(f"{step.name}: {path} is a Git LFS pointer, not the data")
            _say(f"get the data: git lfs pull --include={path}")
            return None
        deps.append(Seen(path, content, before))
    return deps


def _changed(deps: list[Seen], writes: dict[str, str | None]) -> str:
    """Why the result cannot be trusted: a dependency that is no longer what was digested.

    One that was written to may have held anything in between.
    """
    for seen in deps:
        if stamp(seen.path) == seen.stamp:
            continue
        if write_stamp(seen.path) != writes[seen.path] or digest(seen.path) != seen.content:
            return f"{seen.path} changed while the step ran"
    return ""


def _refusal(step: PlannedStep, command: list[str]) -> str:
    """How the command differs from the plan's; the order of options does not count."""
    if not command or sorted(command) == sorted(step.argv):
        return ""
    planned = " ".join(sorted(set(step.argv) - set(command)))
    passed = " ".join(sorted(set(command) - set(step.argv)))
    return f"it ran with '{passed}', where dvc.yaml and params.yaml give '{planned}'"


def _run_as_dvc_does(step: PlannedStep) -> int:
    """Run a stage's command in its folder by the user's shell, line by line up to a failure."""
    shell = os.environ.get("SHELL") or "/bin/sh"
    start = [shell, *SHELL_OPTIONS.get(os.path.basename(shell).lower(), ()), "-c"]
    env = {"DVC_ROOT": os.getcwd(), "DVC_STAGE": step.name}
    for line in step.cmd if isinstance(step.cmd, list) else step.cmd.splitlines():
        if code := run_child([*start, line], CALLER, folder=step.wdir, env=env):
            return code
    return 0


def _say(message: str) -> None:
    say(message, CALLER)
