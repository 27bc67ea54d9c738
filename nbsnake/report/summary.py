"""What a run did, and what one would do, as one line."""

import time
from collections.abc import Iterable, Sequence

from nbsnake.job.receipt import failed_steps, read_failure, read_receipt
from nbsnake.report.jobs import job_of
from nbsnake.report.states import StepState
from nbsnake.report.timeline import duration, expected_seconds


def run_summary(names: Iterable[str], since: float) -> str:
    """What was done since a time, in seconds since 1970, and how much time the cache saved.

    "" where nothing was done.
    """
    done, restored, saved = 0, 0, 0.0
    for name in names:
        receipt = read_receipt(name)
        if receipt is None or receipt.ended < since:
            continue
        done += not receipt.restored
        restored += receipt.restored
        job = job_of(receipt) if receipt.restored else None
        saved += job.seconds if job else 0.0
    failed = sum(bool((f := read_failure(name)) and f.ended >= since) for name in failed_steps())
    counts = ((done, "done"), (restored, "restored"), (failed, "failed"))
    parts = [f"{count} {word}" for count, word in counts if count]
    if not parts:
        return ""
    text = f"{', '.join(parts)} in {duration(time.time() - since)}"
    return f"{text}, {duration(saved)} saved" if saved else text


def plan_summary(due: Sequence[StepState]) -> str:
    """How many steps a run would compute and restore, and how long that is expected to take."""
    runs = [each.name for each in due if not each.restorable]
    restored = len(due) - len(runs)
    found = [read_receipt(name) for name in runs]
    jobs = [job for receipt in found if receipt and (job := job_of(receipt))]
    expected = expected_seconds(runs, {job.step: job.seconds for job in jobs})
    took = f", {duration(sum(expected.values()))} by earlier runs" if expected else ""
    unknown = len(runs) - len(expected)
    more = f", no time known of {unknown}" if expected and unknown else ""
    parts = [f"{len(runs)} would run{took}{more}"] if runs else []
    parts += [f"{restored} would be restored"] if restored else []
    return "; ".join(parts) or "nothing to be done"
