"""Nodes and partitions of a Slurm cluster, and how many tasks of a job find room there."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Request(NamedTuple):
    """What one job asks of Slurm; None and "" leave it to the cluster.

    ``cpus`` are those of each of its ``tasks``. ``mem_mb`` is for each node, ``mem_per_cpu`` for
    each CPU, both in MB; ``gpus`` are of the type ``gpu_type``, each with ``tasks_per_gpu`` tasks
    or ``cpus_per_gpu`` CPUs.
    """

    partition: str = ""
    account: str = ""
    qos: str = ""
    feature: str = ""
    gres: str = ""
    tasks: int = 1
    cpus: int = 1
    nodes: int | None = None
    mem_mb: int = 0
    mem_per_cpu: int = 0
    gpus: int = 0
    gpu_type: str = ""
    tasks_per_gpu: int = 0
    cpus_per_gpu: int = 0
    minutes: int | None = None

    @property
    def all_tasks(self) -> int:
        """The tasks of the whole job."""
        return max(self.tasks, self.tasks_per_gpu * self.gpus)

    @property
    def cpus_of_task(self) -> int:
        """The CPUs that one task takes on its node."""
        return max(self.cpus, self.cpus_per_gpu * self.gpus) if self.cpus_per_gpu else self.cpus


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """``count`` nodes that are alike; ``gpus`` are counted by their type, "" for none."""

    count: int
    cpus: int
    mem_mb: int
    gpus: Mapping[str, int] = field(default_factory=dict)
    gres: frozenset[str] = frozenset()
    features: frozenset[str] = frozenset()

    def gpus_of(self, type_: str) -> int:
        """How many GPUs of a type one node has, of any for ""."""
        return self.gpus.get(type_, 0) if type_ else sum(self.gpus.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """A partition, its kinds of nodes, and the limits that it sets; None for no limit.

    Of one job: ``minutes`` at most, ``default_minutes`` where it names no time, ``max_nodes``
    nodes. On one node: ``max_cpus``, ``max_mem`` and ``max_mem_per_cpu`` MB. ``accounts`` and
    ``qos`` are those that may use it, () for all; ``denied`` are accounts that may not.
    """

    name: str
    kinds: tuple[Kind, ...]
    minutes: int | None = None
    default_minutes: int | None = None
    is_default: bool = False
    is_up: bool = True
    max_nodes: int | None = None
    max_cpus: int | None = None
    max_mem: int | None = None
    max_mem_per_cpu: int | None = None
    accounts: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    qos: tuple[str, ...] = ()

    @property
    def cpus(self) -> int:
        """The most CPUs that a job can have on one node."""
        return _least(max(kind.cpus for kind in self.kinds), self.max_cpus)

    @property
    def mem_mb(self) -> int:
        """The most MB that a job can have on one node."""
        return _least(max(kind.mem_mb for kind in self.kinds), self.max_mem)

    @property
    def nodes(self) -> int:
        """The most nodes that a job can have."""
        return _least(sum(kind.count for kind in self.kinds), self.max_nodes)

    def gpus_of(self, type_: str) -> int:
        """The most GPUs of a type on one node, of any for ""."""
        return max(kind.gpus_of(type_) for kind in self.kinds)

    @property
    def gpus(self) -> int:
        """The most GPUs on one node."""
        return self.gpus_of("")

    @property
    def features(self) -> frozenset[str]:
        """What jobs can name as their constraint."""
        return frozenset().union(*(kind.features for kind in self.kinds))

    def room(self, request: Request) -> int:
        """How many of the job's tasks find room at the same time; 0 where it gets no node."""
        rooms = sorted((self._on_one(request, kind) for kind in self._each()), reverse=True)
        wanted = request.nodes or (1 if request.gpus else self.nodes)
        used = rooms[: min(wanted, self.nodes)]
        if request.nodes and (len(used) < request.nodes or not all(used)):
            return 0
        return sum(used)

    def _each(self) -> list[Kind]:
        return [kind for kind in self.kinds for _ in range(min(kind.count, self.nodes))]

    def _on_one(self, request: Request, kind: Kind) -> int:
        """The tasks that find room on one node of a kind."""
        cpus, memory = _least(kind.cpus, self.max_cpus), _least(kind.mem_mb, self.max_mem)
        if (
            (request.feature and request.feature not in kind.features)
            or (request.gres and request.gres not in kind.gres)
            or request.gpus > kind.gpus_of(request.gpu_type)
            or request.mem_mb > memory
            or self._cpus_for(request.mem_mb) > cpus
        ):
            return 0
        per_task = request.cpus_of_task
        of_memory = request.mem_per_cpu * request.cpus_of_task
        tasks = cpus // max(per_task, self._cpus_for(of_memory))
        return min(tasks, memory // of_memory) if of_memory else tasks

    def _cpus_for(self, mem_mb: int) -> int:
        """The CPUs that a job has to take to get so much memory."""
        return math.ceil(mem_mb / self.max_mem_per_cpu) if self.max_mem_per_cpu else 0


def _least(amount: int, limit: int | None) -> int:
    return amount if limit is None else min(amount, limit)
