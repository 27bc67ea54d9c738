"""Making Snakemake's records and the files' times say what the contents say.

Snakemake decides by times and by its own records of jobs. A step whose result is right gets a
matching record and times in order; for any other step the record cannot match.
"""

import os
from collections.abc import Iterable
from typing import Any

from nbsnake.job.digests import Digests, time_carrier
from nbsnake.job.own import write_own
from nbsnake.job.plan import PlannedStep
from nbsnake.job.records import is_incomplete, read_record, write_record
from nbsnake.results.freshness import Verdict
from nbsnake.snakemake.kinds import take_timestamp
from nbsnake.snakemake.words import Words


def seal(
    verdicts: Iterable[Verdict],
    words: Words,
    digests: Digests,
    locked: dict[str, Any],
    config: dict[str, Any],
) -> None:
    """Seal every step that may run.

    ``locked`` are the parameters of the plan, ``config`` what this run uses in their place.
    """
    for verdict in verdicts:
        if verdict.step.frozen:
            continue
        if verdict.state == "fresh":
            _seal_fresh(verdict.step, words.record_params(verdict.step, locked))
            _order_times(verdict.step, words, digests)
        elif verdict.reasons:
            # Snakemake sees by itself what is missing, and what waits for another step.
            _seal_stale(verdict.step, words.record_params(verdict.step, config))


def _seal_fresh(step: PlannedStep, params: list[str]) -> None:
    mark_done(step)
    for path in step.made_paths:
        take_timestamp(path)
        record = read_record(path) or {}
        # What the result depends on is in the parameters; the rule's wording is not.
        sealed = {**record, "params": params, "code": None, "input": None}
        if record != sealed or is_incomplete(path):
            write_record(path, sealed, complete=True)


def mark_done(step: PlannedStep) -> None:
    """Have a step without outputs show that it has run."""
    if step.marker and not os.path.exists(step.marker):
        write_own(step.marker, b"")


def _order_times(step: PlannedStep, words: Words, digests: Digests) -> None:
    """No output is older than an input that another step wrote."""
    inputs = [_mtime_ns(out) for path in step.deps for out in words.written_as(path)]
    for path in step.made_paths:
        if inputs and _mtime_ns(path) < max(inputs):
            digests.retime(path, max(inputs))


def _seal_stale(step: PlannedStep, params: list[str]) -> None:
    """A record that agrees with this run's parameters would hide the reason."""
    now = set(params)
    for path in step.made_paths:
        record = read_record(path) or {}
        if os.path.lexists(path) and set(record.get("params") or now) == now:
            write_record(path, {**record, "params": []}, complete=False)


def _mtime_ns(path: str) -> int:
    return os.stat(time_carrier(path), follow_symlinks=False).st_mtime_ns
