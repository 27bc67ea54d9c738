"""The progress display of ``nbsnake run``, fed with Snakemake's log records."""

import logging
import os
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from nbsnake.escape import LAYOUT, escaped
from nbsnake.job.receipt import read_receipt
from nbsnake.job.regular import read_regular
from nbsnake.snakemake.call import QUIET

TAIL = 20  # lines of a failed step's log
SHOWN = 4  # names of running steps


class Display:
    """Steps done, running and left; a line for each step that ends, and all warnings.

    On a terminal the counts are in a bar at the bottom; elsewhere only the lines are printed.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._quiet = bool(os.environ.get(QUIET))
        self._bar = Progress(
            BarColumn(bar_width=20),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal or self._quiet,
        )
        self._task = self._bar.add_task("", total=None, visible=False)
        self._running: dict[int, tuple[str, float, list[str]]] = {}
        self._done = 0
        self._failed = 0
        self._total = 0

    def show(self, record: logging.LogRecord) -> None:
        """Take one record; what is neither about a step nor a warning is left out."""
        event = str(getattr(record, "event", "") or "")
        action = getattr(self, f"_on_{event}", None)
        if action:
            action(record)
        elif record.levelno >= logging.WARNING and event != "job_error":
            self._print(_literal(record.getMessage().strip()))
        elif record.getMessage().startswith("Nothing to be done"):
            self._print("nothing to be done")

    def close(self) -> None:
        """End the bar, so that the terminal is as before."""
        self._bar.stop()

    def _on_run_info(self, record: Any) -> None:
        self._total = sum(n for rule, n in record.stats.items() if rule not in ("all", "total"))
        if self._total:
            self._bar.update(self._task, total=self._total, visible=True)

    def _on_job_info(self, record: Any) -> None:
        if record.rule_name != "all":
            name = _variant(record.rule_name, record.log or [])
            self._running[record.jobid] = (name, time.time(), record.log or [])
            self._count()

    def _on_job_finished(self, record: Any) -> None:
        if record.job_id in self._running:
            name, started, _ = self._running.pop(record.job_id)
            self._done += 1
            receipt = read_receipt(name)
            is_restored = receipt and receipt.restored and receipt.ended >= started
            word = "[blue]restored[/]" if is_restored else "[green]done[/]    "
            if not self._quiet:
                self._print(f"{word} {_literal(name)} ({time.time() - started:.1f} s)")
            self._count()

    def _on_job_error(self, record: Any) -> None:
        name, _, logs = self._running.pop(record.jobid, (f"job {record.jobid}", 0.0, []))
        self._failed += 1
        self._print(f"[red]failed[/]   {_literal(name)}")
        for log in logs:
            self._print(f"       its log, {_literal(log)}, ends with:")
            for line in _tail(log):
                self._print(f"       | {_literal(line)}")
        self._count()

    def _count(self) -> None:
        running = sorted(name for name, _, _ in self._running.values())
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


def _literal(text: str) -> str:
    """A text that neither the terminal nor rich's markup reads as anything else."""
    return escape(escaped(text, LAYOUT))


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
