"""The progress display of a run, fed with Snakemake's log records."""

import logging
import os
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from nbsnake.escape import LAYOUT, escaped
from nbsnake.job.executed import cut_off_steps, failure_of_killed
from nbsnake.job.receipt import read_failure, read_receipt
from nbsnake.job.regular import read_regular
from nbsnake.snakemake.call import QUIET
from nbsnake.snakemake.progress_file import (
    DONE,
    FAILED,
    PLANNED,
    RESTORED,
    STARTED,
    note_progress,
)
from nbsnake.snakemake.reasons import REPEATED, Reason, reason_of, submitted
from nbsnake.snakemake.retries import retries_of

TAIL = 20  # lines of a failed step's log
SHOWN = 4  # names of running steps
MARGIN = "       "


class Running(NamedTuple):
    """A step at work: its variant's name, its rule, since when, in seconds since 1970, its logs."""

    name: str
    rule: str
    since: float
    logs: list[str]


class Display:
    """Steps done, running and left; a line for each step that ends, and all warnings.

    On a terminal the counts are in a bar at the bottom; elsewhere only the lines are printed.
    """

    def __init__(self, console: Console | None = None, *, quiet: bool = False) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._quiet = quiet or bool(os.environ.get(QUIET))
        self._bar = Progress(
            BarColumn(bar_width=20),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal or self._quiet,
        )
        self._task = self._bar.add_task("", total=None, visible=False)
        self._running: dict[int, Running] = {}
        self._numbers: dict[str, str] = {}  # of jobs in the batch system, by Snakemake's
        self._attempts: Counter[int] = Counter()  # that failed, by job
        self._waiting: dict[int, str] = {}  # steps that are going to be tried again
        self._of_group: dict[int, list[str]] = {}  # logs of the job, by its steps
        self._done = 0
        self._failed = 0
        self._total = 0

    def show(self, record: logging.LogRecord) -> None:
        """Take one record; what is neither about a step nor a warning is left out."""
        event = str(getattr(record, "event", "") or "")
        action = getattr(self, f"_on_{event}", None)
        if action:
            action(record)
        elif record.levelno >= logging.WARNING:
            self._on_warning(record.getMessage().strip())
        elif record.getMessage().startswith("Nothing to be done"):
            self._print(_literal(record.getMessage()))
        elif found := submitted(record.getMessage()):
            self._numbers[found[0]] = found[1]

    def close(self) -> None:
        """End the bar, so that the terminal is as before."""
        for name in self._waiting.values():
            note_progress(FAILED, name)
            self._print(f"[red]failed[/]   {_literal(name)}: it was not tried again")
        self._waiting.clear()
        self._bar.stop()

    def _on_warning(self, message: str) -> None:
        if not message.startswith(REPEATED):
            self._print(_literal(message))

    def _on_run_info(self, record: Any) -> None:
        self._total = sum(n for rule, n in record.stats.items() if rule not in ("all", "total"))
        note_progress(PLANNED, self._total)
        if self._total:
            self._bar.update(self._task, total=self._total, visible=True)

    def _on_job_info(self, record: Any) -> None:
        if record.rule_name != "all":
            name = _variant(record.rule_name, record.log or [])
            since = time.time()
            self._running[record.jobid] = Running(name, record.rule_name, since, record.log or [])
            self._waiting.pop(record.jobid, None)
            note_progress(STARTED, name)
            self._count()

    def _on_job_finished(self, record: Any) -> None:
        if record.job_id in self._running:
            step = self._running.pop(record.job_id)
            self._done += 1
            receipt = read_receipt(step.name)
            ran = receipt if receipt and receipt.ended >= step.since else None
            is_restored = ran is not None and ran.restored
            note_progress(RESTORED if is_restored else DONE, step.name)
            word = "[blue]restored[/]" if is_restored else "[green]done[/]    "
            # In a queue, a step starts later and is seen to end later than it does.
            seconds = ran.ended - ran.started if ran else time.time() - step.since
            if not self._quiet:
                self._print(f"{word} {_literal(step.name)} ({seconds:.1f} s)")
            self._count()

    def _on_group_error(self, record: Any) -> None:
        """The steps of the group follow, one by one and without the log of their job."""
        for each in record.job_error_info:
            self._of_group[each["jobid"]] = [log for log in record.aux_logs if log]

    def _on_job_error(self, record: Any) -> None:
        unknown = Running(f"job {record.jobid}", "", 0.0, [])
        step = self._running.pop(record.jobid, unknown)
        group = self._of_group.pop(record.jobid, None)
        if group is not None and _has_ended_well(step):
            self._print(f"done     {_literal(step.name)}, in a job of a group that failed")
            self._count()
            return
        self._attempts[record.jobid] += 1
        logs = [*(getattr(record, "log", None) or step.logs), *(group or ())]
        number = self._numbers.get(str(record.jobid), "")
        reason = reason_of(getattr(record, "rule_msg", None) or "", logs, number)
        self._print(f"{self._verdict(record.jobid, step)}{_shown(reason)}")
        self._show_logs(step, reason)
        self._count()

    def _verdict(self, job: int, step: Running) -> str:
        """What a failure means: the end of the step, or of one attempt of several."""
        attempt, retries = self._attempts[job], retries_of(step.rule)
        if attempt > retries:
            self._failed += 1
            note_progress(FAILED, step.name)
            return f"[red]failed[/]   {_literal(step.name)}"
        self._waiting[job] = step.name
        return f"[yellow]retrying[/] {_literal(step.name)}, attempt {attempt} of {retries + 1}"

    def _show_logs(self, step: Running, reason: Reason) -> None:
        if cell := _cell(step):
            self._print(f"{MARGIN}it got to cell {cell} of its notebook")
        if reason.hint:
            self._print(f"{MARGIN}hint: {reason.hint}")
        if reason.log:
            self._print(f"{MARGIN}the log of its job: {_literal(reason.log)}")
        for log in step.logs:
            lines = _tail(log)
            self._print(
                f"{MARGIN}its log, {_literal(log)}, {'ends with:' if lines else 'is empty'}"
            )
            if not lines and reason.log:
                lines = _of_batch_system(_tail(reason.log))
            for line in lines:
                self._print(f"{MARGIN}| {_literal(line)}")

    def _count(self) -> None:
        running = sorted(step.name for step in self._running.values())
        names = ", ".join(running[:SHOWN]) + (", ..." if len(running) > SHOWN else "")
        left = self._total - self._done - self._failed - len(running)
        if not running:  # the lines of others follow
            self._bar.stop()
            return
        self._bar.start()
        counts = f"{self._done} done, {len(running)} running, {left} left"
        if self._failed:
            counts += f", [red]{self._failed} failed[/]"
        shown = f"{counts}: {_literal(names)}" if names else counts
        self._bar.update(self._task, completed=self._done + self._failed, description=shown)

    def _print(self, text: str) -> None:
        self._console.print(text, soft_wrap=True)


def _has_ended_well(step: Running) -> bool:
    receipt = read_receipt(step.name)
    return receipt is not None and receipt.ended >= step.since


def _cell(step: Running) -> int:
    """The cell of the notebook that a failed job got to; 0 where that is not known."""
    failure = read_failure(step.name)
    if failure and failure.ended >= step.since:
        return failure.cell
    ended = cut_off_steps().get(step.name, 0.0)
    return failure_of_killed(step.name, ended).cell if ended >= step.since else 0


def _shown(reason: Reason) -> str:
    """The time that a job took, why it failed, and its number, as far as they are known."""
    took = "" if reason.seconds is None else f" ({reason.seconds:.0f} s)"
    text = f": {_literal(reason.text)}" if reason.text else ""
    return f"{took}{text}" + (f" (job {_literal(reason.job)})" if reason.job else "")


def _literal(text: str) -> str:
    """A text that neither the terminal nor rich's markup reads as anything else."""
    return escape(escaped(text, LAYOUT))


def _of_batch_system(lines: list[str]) -> list[str]:
    """What Slurm says in the log of a job, where it does; Snakemake's lines repeat the rule."""
    return [line for line in lines if re.match(r"slurm|srun: ", line)] or lines


def _variant(rule: str, logs: list[str]) -> str:
    """The name of the step's variant, after which its log is called."""
    name = Path(logs[0]).stem if logs else rule
    return name if name.partition("@")[0] == rule else rule


def _tail(path: str) -> list[str]:
    try:
        lines = read_regular(path).decode(errors="replace").split("\n")[-TAIL - 1 :]
        # Of a progress bar, the last state.
        return [line.rstrip("\r").rpartition("\r")[2] for line in lines if line]
    except OSError:
        return []
