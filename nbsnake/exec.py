"""``nbsnake exec STEP [--threads=N] -- COMMAND...``: run one step's command and leave a receipt.

Standard library only, and nothing is imported that is not needed: this wraps every job. It
digests what the command reads and writes, puts the outputs into the DVC cache, and writes the
receipt last. When the same command has run on the same content before, it restores the outputs
instead (``NBSNAKE_RESTORE=0`` switches that off).

A command other than the plan's runs all the same, but its receipt says so and is never locked.
"""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence

from nbsnake.cache import Cache, unprotect
from nbsnake.content import Digest, digest, stamp
from nbsnake.digests import read_digests
from nbsnake.lockmemo import read_lock_memo, run_of
from nbsnake.plan import Plan, PlannedStep, read_plan
from nbsnake.receipt import (
    Failure,
    Receipt,
    Seen,
    read_receipt,
    write_failure,
    write_receipt,
)
from nbsnake.runcache import find_run, run_key
from nbsnake.running import alone
from nbsnake.threads import OPTION, set_thread_variables

USAGE = "usage: nbsnake exec STEP [--threads=N] -- COMMAND..."
NOT_FOUND = 127  # what a shell returns for a command that it cannot find


def main(argv: list[str]) -> int:
    """Run the command; the exit code is the command's own, or 3 when its outputs are missing."""
    if argv[:1] in (["-h"], ["--help"]):
        print(f"{USAGE}\n\nRun one step's command and leave a receipt; rules call this.")
        return 0
    told = argv[1].removeprefix(OPTION) if argv[1:] and argv[1].startswith(OPTION) else ""
    words = argv[2:] if told else argv[1:]
    if len(words) < 2 or words[0] != "--":
        print(USAGE, file=sys.stderr)
        return 2
    step, command = argv[0], words[1:]
    set_thread_variables(told)
    plan = read_plan()
    planned = plan.steps.get(step) if plan else None
    if plan is None or planned is None:
        _say(f"no plan for step {step!r} here: it runs without a receipt, nothing will be locked")
        return _run(command)
    with alone(step):
        return _exec(plan, planned, command)


def _exec(plan: Plan, step: PlannedStep, command: list[str]) -> int:
    started, deps = time.time(), _see_deps(plan, step)
    refused = _refusal(step, command)
    if not refused and os.environ.get("NBSNAKE_RESTORE") != "0":
        outs = find_outputs(plan.cache, step, {seen.path: seen.content for seen in deps})
        if outs is not None:
            _restore(plan.cache, outs)
            _say(f"{step.name}: outputs restored, the same command ran on the same content before")
            write_receipt(receipt_of(step, command, deps, outs, started, restored=True))
            return 0
    for out in step.outs:
        if out.persist:
            unprotect(out.path)
    code = _run(command)
    if code:
        write_failure(Failure(step.name, code, time.time()))
        return code
    missing = [out.path for out in step.outs if not os.path.lexists(out.path)]
    if missing:
        _say(f"{step.name}: the command ended well but did not write {', '.join(missing)}")
        write_failure(Failure(step.name, 3, time.time()))
        return 3
    outs = _store(plan.cache, step)
    refused = refused or _changed(deps)
    write_receipt(receipt_of(step, command, deps, outs, started, refused=refused))
    return 0


def find_outputs(
    cache: Cache, step: PlannedStep, deps: dict[str, Digest]
) -> dict[str, Digest] | None:
    """The outputs of an earlier run of the same command on the same content, if the cache has all.

    The last receipt is asked first, then DVC's run-cache, then dvc.lock. A step that adds to what
    it wrote before (``persist``) is never restored.
    """
    if any(out.persist for out in step.outs):
        return None
    for found in _recorded_outputs(cache, step, deps):
        if found and all(cache.has(content) for content in found.values()):
            return found
    return None


def _recorded_outputs(
    cache: Cache, step: PlannedStep, deps: dict[str, Digest]
) -> Iterator[dict[str, Digest] | None]:
    yield _from_receipt(step, deps)
    yield _from_run_cache(cache, step, deps)
    yield _from_lock(step, deps)


def _from_receipt(step: PlannedStep, deps: dict[str, Digest]) -> dict[str, Digest] | None:
    receipt = read_receipt(step.name)
    if receipt is None or receipt.refused or not receipt.run.began_as(step.run(deps)):
        return None
    return {seen.path: seen.content for seen in receipt.outs}


def _from_run_cache(
    cache: Cache, step: PlannedStep, deps: dict[str, Digest]
) -> dict[str, Digest] | None:
    if not step.run_cache:
        return None
    outs = find_run(cache.folder, run_key(step.lock_entry(deps)), len(step.outs))
    return dict(zip(step.out_paths, outs, strict=True)) if outs else None


def _from_lock(step: PlannedStep, deps: dict[str, Digest]) -> dict[str, Digest] | None:
    body = (read_lock_memo() or {}).get(step.name)
    if body is None or not run_of(body).began_as(step.run(deps)):
        return None
    return {out["path"]: Digest.from_dict(out) for out in body.get("outs", []) if "md5" in out}


def _see_deps(plan: Plan, step: PlannedStep) -> list[Seen]:
    """Digest the dependencies; what another step wrote is known from that step's receipt."""
    digests = read_digests()
    makers = plan.makers()
    for maker in {makers[path] for path in step.deps if path in makers}:
        if receipt := read_receipt(maker):
            digests.trust(receipt)
    deps = []
    for path in step.deps:
        before = stamp(path)
        content = digests.of(path)
        if content is None:
            raise SystemExit(f"nbsnake exec: {step.name}: {path} is missing")
        deps.append(Seen(path, content, before))
    return deps


def _changed(deps: list[Seen]) -> str:
    """Why the result cannot be trusted: a dependency that is no longer what was digested."""
    for seen in deps:
        now = stamp(seen.path)
        if now != seen.stamp and (now is None or digest(seen.path) != seen.content):
            return f"{seen.path} changed while the step ran"
    return ""


def _refusal(step: PlannedStep, command: list[str]) -> str:
    """How the command differs from the plan's; the order of options does not count."""
    if sorted(command) == sorted(step.argv):
        return ""
    given = " ".join(sorted(set(step.argv) - set(command)))
    told = " ".join(sorted(set(command) - set(step.argv)))
    return f"it ran with '{told}', where dvc.yaml and params.yaml give '{given}'"


def _store(cache: Cache, step: PlannedStep) -> dict[str, Digest]:
    """Put the outputs into the cache; those that git or the step itself may change, as copies."""
    unlinked = cache._replace(link_types=("copy",))
    outs = {}
    for out in step.outs:
        if out.cache and not out.persist:
            outs[out.path] = cache.store(out.path)
        elif out.cache or step.run_cache:
            outs[out.path] = unlinked.store(out.path)
        else:
            outs[out.path] = digest(out.path)
    return outs


def _restore(cache: Cache, outs: dict[str, Digest]) -> None:
    for path, content in outs.items():
        cache.restore(content, path)


def receipt_of(
    step: PlannedStep,
    command: Sequence[str],
    deps: Iterable[Seen],
    outs: dict[str, Digest],
    started: float,
    *,
    refused: str = "",
    restored: bool = False,
) -> Receipt:
    """The receipt of a job that ends now, with the outputs as they are on disk."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Receipt(
        step=step.name,
        cmd=step.cmd,
        argv=tuple(command),
        params=step.params,
        deps=tuple(deps),
        outs=tuple(Seen(path, content, stamp(path)) for path, content in outs.items()),
        started=started,
        ended=time.time(),
        host=os.environ.get("SLURMD_NODENAME") or os.uname().nodename,
        cpu_seconds=used.ru_utime + used.ru_stime,
        peak_memory=used.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        refused=refused,
        restored=restored,
    )


def _run(command: list[str]) -> int:
    """Run the command to its end, hand on SIGTERM, and return its exit code as a shell would.

    Ctrl-C reaches the command by itself, for it is in the same process group.
    """
    try:
        process = subprocess.Popen(command)
    except OSError as error:
        _say(f"cannot run {command[0]}: {error.strerror}")
        return NOT_FOUND
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    code = process.wait()
    return 128 - code if code < 0 else code


def _say(message: str) -> None:
    print(f"nbsnake exec: {message}", file=sys.stderr, flush=True)
