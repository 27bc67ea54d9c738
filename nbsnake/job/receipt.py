"""Receipts: what a finished job read and wrote, one JSON file for each step.

Standard library only: this runs inside every job.
"""

import contextlib
import functools
import json
import os
import resource
import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from nbsnake.job.commit import head_commit
from nbsnake.job.content import Digest, stamp
from nbsnake.job.memory import most_memory
from nbsnake.job.own import read_own, remove_own, throw_away, write_own
from nbsnake.job.plan import PlannedStep
from nbsnake.job.run import Run
from nbsnake.job.say import say
from nbsnake.job.shape import ShapeError, parse
from nbsnake.names import file_name, step_of_file

RECEIPTS = ".nbsnake/receipts"
FORMAT = 1


class Seen(NamedTuple):
    """A file or folder as a job saw it: its content, and its stamp at that moment."""

    path: str
    content: Digest
    stamp: str | None = None


class Receipt(NamedTuple):
    """The record of one successful job.

    Times are seconds since 1970, ``peak_memory`` is in bytes, as :func:`most_memory` has it.
    ``refused`` says why the result must not be locked ("" when it may be). ``restored`` means
    that the outputs came from the cache, ``accepted`` is why a person takes what is there as
    the result, "" where a job made it. ``python``, ``platform`` and the versions of
    ``packages`` are what the script ran with, as far as it was seen; ``undeclared`` are paths
    that the step does not declare, by what was done with them: "imported", "read" or "wrote".
    ``commit`` is that of git's HEAD, "" where it is not known.
    """

    step: str
    cmd: str | list[str]
    argv: tuple[str, ...]
    params: dict[str, dict[str, Any]]
    deps: tuple[Seen, ...]
    outs: tuple[Seen, ...]
    started: float
    ended: float
    host: str
    cpu_seconds: float = 0.0
    peak_memory: int = 0
    restored: bool = False
    refused: str = ""
    accepted: str = ""
    python: str = ""
    platform: str = ""
    packages: dict[str, str] = {}  # noqa: RUF012  (never changed)
    undeclared: dict[str, list[str]] = {}  # noqa: RUF012  (never changed)
    commit: str = ""

    @property
    def run(self) -> "Run":
        """The run that the receipt records."""
        return Run(
            self.cmd,
            self.params,
            {seen.path: seen.content.md5 for seen in self.deps},
            {seen.path: seen.content.md5 for seen in self.outs},
        )


class Failure(NamedTuple):
    """The record of a failed job; the step's receipt, if any, is that of an earlier success.

    ``cell`` is the index of the notebook's cell that failed or was cut off, 0 where it is not
    known; ``line`` counts the cell's lines in the script from 1, and ``code`` is that line.
    ``error`` is the last line of the traceback, ``said`` are the last lines that the cell printed.
    """

    step: str
    exit_code: int
    ended: float
    cell: int = 0
    line: int = 0
    code: str = ""
    error: str = ""
    said: str = ""


def read_receipt(step: str) -> Receipt | None:
    """The step's receipt, or None when there is none that this version can read."""
    fields = read_own(receipt_path(step))
    if isinstance(fields, dict) and fields.pop("format", None) != FORMAT:
        _say_of_other_version()
        return None
    if fields is None:
        return None
    try:
        return receipt_from(fields, step)
    except ValueError as error:
        throw_away(receipt_path(step), str(error))
        return None


@functools.cache
def _say_of_other_version() -> None:
    """Once for all of them; they stay for that version."""
    say(f"receipts in {RECEIPTS} are of another version of nbsnake, and are not used")


def receipt_from(fields: Any, step: str) -> Receipt:
    """The step's receipt from JSON, without its format. Raises :class:`ValueError`."""
    if not isinstance(fields, dict):
        raise ShapeError("", "an object")
    deps, outs = (_seen_from(name, fields.get(name)) for name in ("deps", "outs"))
    receipt: Receipt = parse(Receipt, {**fields, "deps": [], "outs": []})
    if receipt.step != step:
        raise ShapeError("step", repr(step))
    return receipt._replace(deps=deps, outs=outs)


def write_receipt(receipt: Receipt) -> None:
    """Write the receipt, and forget an earlier failure."""
    fields = {"format": FORMAT, **receipt._asdict()}
    for name in ("deps", "outs"):
        fields[name] = [_seen_to_dict(seen) for seen in fields[name]]
    write_own(receipt_path(receipt.step), json.dumps(fields, indent=1).encode())
    with contextlib.suppress(OSError):  # the receipt is what counts
        remove_own(failure_path(receipt.step))


def read_failure(step: str) -> Failure | None:
    """How the step's last job failed; None when it has not failed since its last receipt."""
    path = failure_path(step)
    if (fields := read_own(path)) is None:
        return None
    try:
        failure: Failure = parse(Failure, fields)
    except ShapeError as error:
        throw_away(path, str(error))
        return None
    return failure


def failed_steps() -> set[str]:
    """The names of the steps whose last job failed."""
    end = ".failed.json"
    try:
        names = os.listdir(RECEIPTS)
    except OSError:
        return set()
    return {step_of_file(name.removesuffix(end)) for name in names if name.endswith(end)}


def write_failure(failure: Failure) -> None:
    """Record that the step's last job failed."""
    write_own(failure_path(failure.step), json.dumps(failure._asdict()).encode())


def receipt_path(step: str) -> str:
    """Where the step's receipt is."""
    return os.path.join(RECEIPTS, f"{file_name(step)}.json")


def failure_path(step: str) -> str:
    """Where the record of the step's failure is."""
    return os.path.join(RECEIPTS, f"{file_name(step)}.failed.json")


def _seen_to_dict(seen: Seen) -> dict[str, Any]:
    return {"path": seen.path, **seen.content.to_dict(), "stamp": seen.stamp}


def _seen_from(name: str, listed: Any) -> tuple[Seen, ...]:
    found = parse(tuple[dict[str, Any], ...], listed, name)
    return tuple(
        Seen(
            parse(str, each.get("path"), f"{name}.path"),
            Digest.from_dict(each),
            parse(str | None, each.get("stamp"), f"{name}.stamp"),
        )
        for each in found
    )


def receipt_of(
    step: PlannedStep,
    command: Sequence[str],
    deps: Iterable[Seen],
    outs: dict[str, Digest],
    started: float,
    *,
    refused: str = "",
    restored: bool = False,
    accepted: str = "",
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
        peak_memory=most_memory(),
        refused=refused,
        restored=restored,
        accepted=accepted,
        commit=head_commit(),
    )
