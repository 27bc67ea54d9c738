"""What a Slurm cluster says of itself: its settings and its partitions."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from nbsnake.cluster.slurm.nodes import Kind, Partition

# What `sinfo` is asked for, and how its lines are read below.
SINFO = ("sinfo", "--noheader", "--exact", "--format=%P|%a|%l|%D|%c|%m|%G|%f")
SCONTROL = ("scontrol", "show", "config")
PARTITIONS = ("scontrol", "show", "partition", "--oneliner")
_DAYS = re.compile(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """``min_job_age`` is for how many seconds squeue knows of a job that has ended.

    ``enforces`` are the kinds of limits of accounts that hold ("associations", "limits", "qos").
    """

    name: str
    partitions: tuple[Partition, ...]
    has_accounting: bool
    min_job_age: int
    requeues: bool
    enforces: frozenset[str] = frozenset()

    @property
    def wants_account(self) -> bool:
        """Whether jobs are charged to an account."""
        return "associations" in self.enforces

    def partition(self, name: str) -> Partition | None:
        """The partition of that name; None where there is none."""
        return next((each for each in self.partitions if each.name == name), None)

    @property
    def default(self) -> Partition | None:
        """The partition to which jobs go that name none; the only one where there is one."""
        if len(self.partitions) == 1:
            return self.partitions[0]
        return next((each for each in self.partitions if each.is_default), None)


def parse_cluster(config: str, sinfo: str, shown: str = "") -> Cluster:
    """The cluster, from what ``scontrol show config`` and ``sinfo`` print.

    ``shown`` are the limits of partitions, as ``scontrol show partition`` prints them.

    Raises :class:`ValueError` for anything else.
    """
    settings = dict(_settings(config))
    if "MinJobAge" not in settings:
        raise ValueError("'scontrol show config' does not name MinJobAge")
    limits = {each["PartitionName"]: each for each in _shown(shown)}
    found = merged(_partition(line) for line in sinfo.splitlines() if line.strip())
    partitions = tuple(_limited(each, limits.get(each.name, {})) for each in found)
    if not partitions:
        raise ValueError("'sinfo' names no partition")
    accounting = settings.get("AccountingStorageType", "")
    return Cluster(
        name=settings.get("ClusterName", "?"),
        partitions=partitions,
        has_accounting=accounting not in ("", "(null)", "accounting_storage/none"),
        min_job_age=int(re.match(r"\d*", settings["MinJobAge"])[0] or 0),  # type: ignore[index]
        requeues=settings.get("JobRequeue") == "1",
        enforces=frozenset(settings.get("AccountingStorageEnforce", "none").split(",")),
    )


def _settings(config: str) -> Iterator[tuple[str, str]]:
    for line in config.splitlines():
        name, equals, value = line.partition("=")
        if equals:
            yield name.strip(), value.strip()


def _shown(text: str) -> Iterator[dict[str, str]]:
    for line in text.splitlines():
        if line.startswith("PartitionName="):
            yield dict(re.findall(r"(\w+)=(\S*)", line))


def _limited(partition: Partition, shown: Mapping[str, str]) -> Partition:
    """The partition with the limits that ``scontrol`` shows of it."""
    return replace(
        partition,
        is_up=partition.is_up and shown.get("State", "UP") == "UP",
        default_minutes=minutes(shown.get("DefaultTime", "")),
        max_nodes=_limit(shown.get("MaxNodes", "")),
        max_cpus=_limit(shown.get("MaxCPUsPerNode", "")),
        max_mem=_limit(shown.get("MaxMemPerNode", "")),
        max_mem_per_cpu=_limit(shown.get("MaxMemPerCPU", "")),
        accounts=_names(shown.get("AllowAccounts", "ALL")),
        denied=_names(shown.get("DenyAccounts", "ALL")),
        qos=_names(shown.get("AllowQos", "ALL")),
    )


def _limit(text: str) -> int | None:
    return int(text) if text.isdecimal() else None


def _names(text: str) -> tuple[str, ...]:
    return () if text in ("ALL", "(null)", "N/A") else tuple(text.split(","))


def _partition(line: str) -> Partition:
    fields = line.strip().split("|")
    if len(fields) != 8:
        raise ValueError(f"'sinfo' prints a line that is not known: {line.strip()!r}")
    name, availability, limit, count, cpus, memory, gres, features = fields
    kind = Kind(
        count=_number(count),
        cpus=_number(cpus),
        mem_mb=_number(memory),
        gpus=_gpus(gres),
        gres=frozenset(re.findall(r"(?:^|,)([\w.]+)", "" if gres == "(null)" else gres)),
        features=frozenset(() if features == "(null)" else features.split(",")),
    )
    return Partition(
        name=name.rstrip("*"),
        kinds=(kind,),
        is_default=name.endswith("*"),
        is_up=availability == "up",
        minutes=minutes(limit),
    )


def _gpus(gres: str) -> dict[str, int]:
    """GPUs by type, from ``gpu:a100:4(S:0-1),gpu:2``."""
    found: dict[str, int] = {}
    for type_, count in re.findall(r"\bgpu(?::([^,:(]+))?:(\d+)", gres):
        found[type_] = found.get(type_, 0) + int(count)
    return found


def _number(text: str) -> int:
    match = re.match(r"\d+", text)
    if match is None:
        raise ValueError(f"'sinfo' prints {text!r} where a number was expected")
    return int(match[0])


def merged(partitions: Iterable[Partition]) -> tuple[Partition, ...]:
    """Each partition once, with all of its kinds of nodes."""
    found: dict[str, Partition] = {}
    for each in partitions:
        old = found.get(each.name)
        found[each.name] = replace(old, kinds=(*old.kinds, *each.kinds)) if old else each
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
