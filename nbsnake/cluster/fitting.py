"""Whether a cluster can ever give a step what it asks for."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from nbsnake.cluster.slurm.facts import Cluster, Partition
from nbsnake.cluster.slurm.profile import RETRIES
from nbsnake.errors import NbsnakeError, PipelineError
from nbsnake.model.needs import Needs, parse_resource
from nbsnake.model.step import Step


class Limit(NamedTuple):
    """The most of one thing that a partition has; ``asked`` is what a step says of it."""

    asked: str
    amount: int
    most: int
    unit: str


def unfit(
    steps: Iterable[Step], cluster: Cluster, default: Partition, profile: Mapping[str, Any]
) -> list[NbsnakeError]:
    """The steps that would wait for ever, or be refused; ``profile`` holds its settings."""
    return [fault for step in steps for fault in _faults(step, cluster, default, profile)]


def with_profile(needs: Needs, step: str, profile: Mapping[str, Any]) -> Needs:
    """What is asked for in the end: a profile has the last word."""
    resources = _mapping(_mapping(profile, "set-resources"), step)
    threads = _mapping(profile, "set-threads").get(step)
    known: dict[str, str | None] = {}
    for name, value in resources.items():
        try:
            known[name] = parse_resource(str(name), value).text
        except ValueError:  # an expression: it is known only when it runs
            known[name] = None
    changed = needs.changed({"resources": known})
    return changed.changed({"threads": threads}) if isinstance(threads, int) else changed


def _mapping(settings: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = settings.get(key)
    return found if isinstance(found, dict) else {}


def _faults(
    step: Step, cluster: Cluster, default: Partition, profile: Mapping[str, Any]
) -> Iterator[NbsnakeError]:
    needs = with_profile(step.needs, step.name, profile)
    named = needs.text("slurm_partition")
    partition = cluster.partition(named) if named else default
    known = ", ".join(each.name for each in cluster.partitions)
    if partition is None:
        yield PipelineError(
            f"the step {step.name!r} asks for the partition {named!r}, which does not exist",
            where=step.where,
            hint=f"partitions: {known}",
        )
        return
    if not partition.is_up:
        yield PipelineError(
            f"the step {step.name!r} goes to the partition {partition.name!r}, which is down",
            where=step.where,
            hint=f"partitions: {known}",
        )
    last = 1 + (RETRIES if needs.retries is None else needs.retries)
    found: set[str] = set()
    for attempt in range(1, last + 1):
        for limit in _limits(needs, partition, attempt):
            if limit.amount > limit.most and limit.asked not in found:
                found.add(limit.asked)
                yield _fault(step, limit, partition, attempt, _others(needs, cluster, attempt))


def _limits(needs: Needs, partition: Partition, attempt: int) -> Iterator[Limit]:
    yield Limit("threads", needs.threads or 1, partition.cpus, "CPUs on a node")
    memory = needs.amount("mem_mb", attempt)
    yield Limit("mem_mb", memory or 0, partition.mem_mb, "MB on a node")
    yield Limit("gpu", needs.amount("gpu", attempt) or 0, partition.gpus, "GPUs on a node")
    if partition.minutes is not None:
        runtime = needs.amount("runtime", attempt)
        yield Limit("runtime", runtime or 0, partition.minutes, "minutes for a job")


def _others(needs: Needs, cluster: Cluster, attempt: int) -> list[str]:
    """The partitions in which all of it fits."""
    return [
        each.name
        for each in cluster.partitions
        if each.is_up and all(limit.amount <= limit.most for limit in _limits(needs, each, attempt))
    ]


def _fault(
    step: Step, limit: Limit, partition: Partition, attempt: int, others: list[str]
) -> NbsnakeError:
    when = "" if attempt == 1 else f", at attempt {attempt},"
    return PipelineError(
        f"the step {step.name!r} asks{when} for {limit.asked}={limit.amount}; "
        f"the partition {partition.name!r} has {limit.most} {limit.unit} at most",
        where=step.where,
        hint=f"it fits: slurm_partition={others[0]}"
        if others
        else "ask for less; no partition has that much",
    )
