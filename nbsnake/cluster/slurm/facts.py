"""What a Slurm cluster says of itself: its settings and its partitions."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

# What `sinfo` is asked for, and how its lines are read below.
SINFO = ("sinfo", "--noheader", "--exact", "--format=%P|%a|%l|%c|%m|%G")
SCONTROL = ("scontrol", "show", "config")
_DAYS = re.compile(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """A partition and the most that a job can have there on one node.

    ``minutes`` is its time limit, None for none.
    """

    name: str
    cpus: int
    mem_mb: int
    gpus: int = 0
    minutes: int | None = None
    is_default: bool = False
    is_up: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """``min_job_age`` is for how many seconds squeue knows of a job that has ended."""

    name: str
    partitions: tuple[Partition, ...]
    has_accounting: bool
    min_job_age: int
    requeues: bool
    wants_account: bool

    def partition(self, name: str) -> Partition | None:
        """The partition of that name; None where there is none."""
        return next((each for each in self.partitions if each.name == name), None)

    @property
    def default(self) -> Partition | None:
        """The partition to which jobs go that name none; the only one where there is one."""
        if len(self.partitions) == 1:
            return self.partitions[0]
        return next((each for each in self.partitions if each.is_default), None)


def parse_cluster(config: str, sinfo: str) -> Cluster:
    """The cluster, from what ``scontrol show config`` and ``sinfo`` print.

    Raises :class:`ValueError` for anything else.
    """
    settings = dict(_settings(config))
    if "MinJobAge" not in settings:
        raise ValueError("'scontrol show config' does not name MinJobAge")
    partitions = merged(_partition(line) for line in sinfo.splitlines() if line.strip())
    if not partitions:
        raise ValueError("'sinfo' names no partition")
    accounting = settings.get("AccountingStorageType", "")
    return Cluster(
        name=settings.get("ClusterName", "?"),
        partitions=partitions,
        has_accounting=accounting not in ("", "(null)", "accounting_storage/none"),
        min_job_age=int(re.match(r"\d*", settings["MinJobAge"])[0] or 0),  # type: ignore[index]
        requeues=settings.get("JobRequeue") == "1",
        wants_account="associations" in settings.get("AccountingStorageEnforce", ""),
    )


def _settings(config: str) -> Iterator[tuple[str, str]]:
    for line in config.splitlines():
        name, equals, value = line.partition("=")
        if equals:
            yield name.strip(), value.strip()


def _partition(line: str) -> Partition:
    fields = line.strip().split("|")
    if len(fields) != 6:
        raise ValueError(f"'sinfo' prints a line that is not known: {line.strip()!r}")
    name, availability, limit, cpus, memory, gres = fields
    return Partition(
        name=name.rstrip("*"),
        is_default=name.endswith("*"),
        is_up=availability == "up",
        minutes=minutes(limit),
        cpus=_number(cpus),
        mem_mb=_number(memory),
        gpus=sum(int(count) for count in re.findall(r"\bgpu(?::[^,:(]+)?:(\d+)", gres)),
    )


def _number(text: str) -> int:
    match = re.match(r"\d+", text)
    if match is None:
        raise ValueError(f"'sinfo' prints {text!r} where a number was expected")
    return int(match[0])


def merged(partitions: Iterable[Partition]) -> tuple[Partition, ...]:
    """Each partition once, with the most of each of its kinds of nodes."""
    found: dict[str, Partition] = {}
    for each in partitions:
        old = found.get(each.name, each)
        found[each.name] = replace(
            old,
            cpus=max(old.cpus, each.cpus),
            mem_mb=max(old.mem_mb, each.mem_mb),
            gpus=max(old.gpus, each.gpus),
        )
    return tuple(found.values())


def minutes(limit: str) -> int | None:
    """A time limit as Slurm writes it: ``1-02:03:04``, ``02:03:04``, ``03:04``; None for none."""
    match = _DAYS.fullmatch(limit)
    if match is None:
        return None
    days, *parts = match.groups()
    fields = [int(part) for part in parts if part is not None]
    if days is not None:  # days-hours[:minutes[:seconds]]
        hours, rest = fields[0], fields[1] if len(fields) > 1 else 0
        return int(days) * 1440 + hours * 60 + rest
    if len(fields) == 3:
        return fields[0] * 60 + fields[1]
    return fields[0]
