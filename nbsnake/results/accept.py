"""Taking results on disk as those of today's code and parameters, by a person's word."""

import time
from collections.abc import Container

from nbsnake.errors import NbsnakeError, PipelineError, Where, raise_all
from nbsnake.job.content import stamp
from nbsnake.job.links import links_out
from nbsnake.job.outputs import kept_in
from nbsnake.job.own import open_own, read_own_bytes
from nbsnake.job.plan import PlannedStep
from nbsnake.job.receipt import Receipt, Seen, read_receipt, receipt_of, write_receipt
from nbsnake.results.freshness import Judge

FILE = ".nbsnake/accepted"


def accept(judge: Judge, names: list[str], reason: str) -> list[str]:
    """Write receipts for steps that are not fresh, upstream steps first; the names of these.

    Their outputs go into the cache as they are. Raises :class:`PipelineError`, several together,
    where something is missing or an earlier step is not settled; then nothing is written.
    """
    wanted = [judge.plan.steps[name] for name in judge.plan.steps if name in names]
    verdicts = judge.verdicts()
    unsettled = {name for name, verdict in verdicts.items() if not verdict.settled}
    due = [step for step in wanted if step.name in unsettled and not step.frozen]
    left = unsettled - {step.name for step in due}
    raise_all([fault for step in due for fault in _faults(judge, step, left)])
    for step in due:
        judge.restored(_record(judge, step, reason))
    return [step.name for step in due]


def _faults(judge: Judge, step: PlannedStep, unsettled: set[str]) -> list[NbsnakeError]:
    missing = [path for path in (*step.deps, *step.out_paths) if judge.content(path) is None]
    faults: list[NbsnakeError] = [
        PipelineError(
            f"{path} is missing, so that there is no result of {step.name!r} to accept",
            where=Where(step.source),
            hint=f"make it first, in Jupyter or with: nbsnake run {step.name}",
        )
        for path in missing
    ]
    faults += [
        PipelineError(
            f"{path} is a link that leads out of the project, so that it is no result",
            where=Where(step.source),
            hint="replace it by what it leads to",
        )
        for out in step.out_paths
        for path in links_out(out, judge.plan.cache.folder)
    ]
    makers = judge.plan.makers()
    before = {name for path in step.deps for name in makers.get(path, ())}
    if waits := sorted(before & unsettled):
        faults.append(
            PipelineError(
                f"{step.name!r} reads what {', '.join(waits)} will write, which is not fresh",
                where=Where(step.source),
                hint=f"run or accept these as well: nbsnake accept {' '.join(waits)} {step.name}",
            )
        )
    return faults


def _record(judge: Judge, step: PlannedStep, reason: str) -> Receipt:
    outs = {out.path: kept_in(judge.plan.cache, step, out).store(out.path) for out in step.outs}
    found = {path: judge.content(path) for path in step.deps}
    deps = [Seen(path, content, stamp(path)) for path, content in found.items() if content]
    receipt = receipt_of(step, (), deps, outs, time.time(), accepted=reason)
    write_receipt(receipt)
    with open_own(FILE) as file:
        file.write(f"{step.name}\n")
    return receipt


def reason_of(name: str, accepted: Container[str]) -> str:
    """Why the step's result was accepted, "" where a job made it."""
    receipt = read_receipt(name) if name in accepted else None
    return receipt.accepted if receipt else ""


def read_accepted() -> set[str]:
    """The steps of which results were ever accepted; most have none, and their receipts stay
    unread."""
    return {*(read_own_bytes(FILE) or b"").decode(errors="replace").splitlines()}
