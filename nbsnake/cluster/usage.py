"""What steps really used, by their receipts, and which requests would fit."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from nbsnake.job.receipt import Receipt
from nbsnake.model.needs import Needs
from nbsnake.model.paramtype import Value
from nbsnake.tables import ABSENT, Table

MEGABYTE = 1 << 20
OVERHEAD = 300  # MB that Snakemake takes in a job of a cluster
ROOM = 1.3  # of memory; of time twice as much is asked as was used
SHORTEST = 5  # minutes


class Usage(NamedTuple):
    """Of one job: the memory of all its processes, its time, and the cores that it kept busy."""

    mem_mb: int
    seconds: float
    cores: float


def usage_of(receipt: Receipt | None) -> Usage | None:
    """What the job used; None for a result that was restored, which says nothing."""
    if receipt is None or receipt.restored or receipt.peak_memory <= 0:
        return None
    seconds = max(receipt.ended - receipt.started, 0.001)
    return Usage(
        mem_mb=math.ceil(receipt.peak_memory / MEGABYTE),
        seconds=seconds,
        cores=receipt.cpu_seconds / seconds,
    )


def most(usages: Iterable[Usage | None]) -> Usage | None:
    """The most of each over the variants of a step; None where nothing is known."""
    known = [usage for usage in usages if usage]
    return Usage(*(max(column) for column in zip(*known, strict=True))) if known else None


def fitting(usage: Usage, threads: int | None = None) -> dict[str, Value]:
    """What to ask for: what was used, and some room.

    Never fewer than the ``threads`` that the author gave the step: they are what its libraries
    start, whether one run kept them busy or not.
    """
    memory = math.ceil((usage.mem_mb * ROOM + OVERHEAD) / 100) * 100
    runtime = max(SHORTEST, math.ceil(usage.seconds / 60 * 2))
    return {
        "threads": max(threads or 1, math.ceil(usage.cores - 0.2)),
        "mem_mb": f"{memory} * attempt",
        "runtime": f"{runtime} * attempt",
    }


class Demand(NamedTuple):
    """What a step asks for, and what it used, None where that is not known."""

    needs: Needs
    usage: Usage | None

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it; ``fitting`` is what would do."""
        resources = {
            each.name: each.text if each.base is None or each.power else each.base
            for each in self.needs.resources
        }
        return {
            "asked": {"threads": self.needs.threads, **resources},
            "used": self.usage and self.usage._asdict(),
            "fitting": self.usage and fitting(self.usage, self.needs.threads),
        }


def demand_table(demands: Mapping[str, Demand]) -> Table:
    """A line for each step, used beside asked; nothing where nothing is known."""
    header = ("step", "MB", "asked", "minutes", "asked", "cores", "asked")
    return Table(header, [_row(name, *demand) for name, demand in demands.items()])


def _row(name: str, needs: Needs, usage: Usage | None) -> list[Any]:
    used: list[Any] = [ABSENT] * 3
    if usage:
        used = [usage.mem_mb, round(usage.seconds / 60, 1), round(usage.cores, 1)]
    asked = [needs.text("mem_mb"), needs.text("runtime"), needs.threads or ABSENT]
    return [name, *(cell for pair in zip(used, asked, strict=True) for cell in pair)]
