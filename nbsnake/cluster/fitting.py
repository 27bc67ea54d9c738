"""Whether a cluster can ever give a step what it asks for."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from nbsnake.cluster.slurm.accounts import NORMAL, Accounts
from nbsnake.cluster.slurm.facts import Cluster
from nbsnake.cluster.slurm.nodes import Partition, Request
from nbsnake.cluster.slurm.requests import (
    attempts_of,
    by_rule,
    request_of,
    resources_of,
    threads_of,
)
from nbsnake.errors import NbsnakeError, PipelineError, Where
from nbsnake.guess import did_you_mean
from nbsnake.model.step import Step


class Limit(NamedTuple):
    """The most of one thing that is to be had; ``asked`` is what a step says of it.

    ``place`` is what sets the limit.
    """

    asked: str
    amount: int
    most: int
    unit: str
    place: str


class Site(NamedTuple):
    """A cluster as one user sees it: ``default`` is the partition of jobs that name none.

    ``accounts`` is None where the cluster keeps none.
    """

    cluster: Cluster
    default: Partition
    accounts: Accounts | None = None


def unfit(steps: Iterable[Step], site: Site, profile: Mapping[str, Any]) -> list[NbsnakeError]:
    """The steps that would wait for ever, or be refused; ``profile`` holds its settings."""
    return [fault for step in steps for fault in _faults(step, site, profile)]


def unknown_rules(
    profile: Mapping[str, Any], rules: Iterable[str], file: str
) -> list[NbsnakeError]:
    """Names in the profile that are of no rule: Snakemake would ignore what is set for them."""
    known = list(rules)
    return [
        PipelineError(
            f"'{key}' names the rule {name!r}, which does not exist",
            where=Where(file),
            hint=did_you_mean(name, known, f"rules: {', '.join(known) or 'none'}"),
        )
        for key in ("set-resources", "set-threads")
        for name in by_rule(profile, key)
        if name not in known
    ]


def _faults(step: Step, site: Site, profile: Mapping[str, Any]) -> Iterator[NbsnakeError]:
    resources = resources_of(step.needs, step.name, profile)
    threads = threads_of(step.needs, step.name, profile)
    first = request_of(resources, threads, 1)
    named = site.cluster.partition(first.partition) if first.partition else site.default
    known = ", ".join(each.name for each in site.cluster.partitions)
    if named is None:
        yield _fault(
            step,
            f"asks for the partition {first.partition!r}, which does not exist",
            f"partitions: {known}",
        )
        return
    if not named.is_up:
        yield _fault(
            step, f"goes to the partition {named.name!r}, which is down", f"partitions: {known}"
        )
    for what, hint in _refusals(first, named, site):
        yield _fault(step, what, hint)
    found: set[str] = set()
    for attempt in range(1, attempts_of(step.needs, profile) + 1):
        request = request_of(resources, threads, attempt)
        when = "" if attempt == 1 else f", at attempt {attempt},"
        for asked, what in _too_much(request, named, site):
            if asked not in found:
                found.add(asked)
                yield _fault(step, f"asks{when} for {what}", _elsewhere(request, site))


def _fault(step: Step, what: str, hint: str) -> PipelineError:
    return PipelineError(f"the step {step.name!r} {what}", where=step.where, hint=hint)


def _refusals(request: Request, partition: Partition, site: Site) -> Iterator[tuple[str, str]]:
    """Accounts and QOS that the user may not use, each with a hint."""
    accounts = site.accounts
    if accounts is None or not accounts.mine:
        return
    account = request.account or accounts.default
    yours = f"your accounts: {', '.join(accounts.mine)}"
    if request.account and request.account not in accounts.mine:
        yield f"asks for the account {request.account!r}, which is not one of yours", yours
        return
    if account in partition.denied or (partition.accounts and account not in partition.accounts):
        what = f"goes to the partition {partition.name!r}, which is not for the account {account!r}"
        allowed = ", ".join(partition.accounts)
        yield what, f"{yours}; it is for: {allowed}" if allowed else yours
    qos = accounts.mine.get(account, ())
    if request.qos and request.qos not in qos:
        what = f"asks for the QOS {request.qos!r}, which the account {account!r} does not have"
        yield what, f"it has: {', '.join(qos) or 'none'}"
    elif partition.qos and (request.qos or NORMAL) not in partition.qos:
        what = f"goes to the partition {partition.name!r} without a QOS that it takes"
        yield what, f"add to its resources: qos={partition.qos[0]}"


def _too_much(request: Request, partition: Partition, site: Site) -> Iterator[tuple[str, str]]:
    """What of a request is too much, with a key by which it is said once."""
    limits = [*_limits(request, partition), *_account_limits(request, partition, site)]
    exceeded = [limit for limit in limits if limit.amount > limit.most]
    for limit in exceeded:
        text = f"{limit.asked}={limit.amount}; {limit.place} has {limit.most} {limit.unit} at most"
        yield limit.asked, text
    if not exceeded and partition.room(request) < request.all_tasks:
        yield "all of it", f"{_shown(request)}; no node of {_place(partition)} has all of that"


def _place(partition: Partition) -> str:
    return f"the partition {partition.name!r}"


def _limits(request: Request, partition: Partition) -> Iterator[Limit]:
    """Each thing for itself, against the best node."""
    place = _place(partition)
    yield Limit("threads", request.cpus, partition.cpus, "CPUs on a node", place)
    yield Limit("mem_mb", request.mem_mb, partition.mem_mb, "MB on a node", place)
    cpus = request.cpus_of_task
    asked = f"mem_mb_per_cpu={request.mem_per_cpu}, times {cpus} threads, mem_mb"
    memory = request.mem_per_cpu * cpus
    yield Limit(asked, memory, partition.mem_mb, "MB on a node", place)
    asked = f"gpu:{request.gpu_type}" if request.gpu_type else "gpu"
    unit = f"GPUs of the type {request.gpu_type!r}" if request.gpu_type else "GPUs"
    most = partition.gpus_of(request.gpu_type)
    yield Limit(asked, request.gpus, most, f"{unit} on a node", place)
    yield Limit("nodes", request.nodes or 0, partition.nodes, "nodes for a job", place)
    one = request._replace(tasks=1, tasks_per_gpu=0, nodes=None)
    if partition.room(one) and not request.nodes:
        most = partition.room(request)
        yield Limit("tasks", request.all_tasks, most, "places for such tasks", place)
    if partition.minutes is not None:
        yield Limit(
            "runtime", _time(request, partition), partition.minutes, "minutes for a job", place
        )


def _time(request: Request, partition: Partition) -> int:
    """The minutes that a job gets to ask for, also where it names none."""
    return request.minutes or partition.default_minutes or partition.minutes or 0


def _account_limits(request: Request, partition: Partition, site: Site) -> Iterator[Limit]:
    if site.accounts is None or "limits" not in site.cluster.enforces:
        return
    cpus = request.all_tasks * request.cpus_of_task
    nodes = request.nodes or 1
    memory = request.mem_per_cpu * cpus or request.mem_mb * nodes
    wanted = {"cpu": cpus, "mem": memory, "node": nodes, "gres/gpu": request.gpus}
    for place, limits in site.accounts.limits(request.account, request.qos):
        if limits.minutes is not None:
            time = _time(request, partition)
            yield Limit("runtime", time, limits.minutes, "minutes for a job", place)
        if limits.submit == 0:
            yield Limit("jobs", 1, 0, "jobs in the queue", place)
        for name, most in limits.most.items():
            yield Limit(name, wanted.get(name, 0), most, f"of {name} for a job", place)


def _shown(request: Request) -> str:
    """What is asked, of all that can make a node unfit."""
    gpus = f"{request.gpu_type or 'any'}:{request.gpus}" if request.gpus else ""
    asked = {
        "threads": request.cpus_of_task,
        "tasks": request.all_tasks if request.all_tasks > 1 else 0,
        "nodes": request.nodes,
        "mem_mb": request.mem_mb,
        "mem_mb_per_cpu": request.mem_per_cpu,
        "gpu": gpus,
        "gres": request.gres,
        "constraint": request.feature,
    }
    return ", ".join(f"{name}={value}" for name, value in asked.items() if value)


def _elsewhere(request: Request, site: Site) -> str:
    """A partition in which all of it fits."""
    for each in site.cluster.partitions:
        there = request._replace(partition=each.name)
        is_open = each.is_up and not list(_refusals(there, each, site))
        if is_open and not list(_too_much(there, each, site)):
            return f"it fits: slurm_partition={each.name}"
    return "ask for less; no partition has that much"
