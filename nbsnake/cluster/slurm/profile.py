"""Which settings a Slurm cluster wants, from what it reports about itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nbsnake.cluster.profiles import Setting, common_settings, group_settings, per_rule
from nbsnake.cluster.slurm.call import LOGS
from nbsnake.cluster.slurm.facts import Cluster
from nbsnake.cluster.slurm.nodes import Partition
from nbsnake.errors import ToolError, UsageError
from nbsnake.model.paramtype import Value

LONGEST_PAUSE = 180  # seconds to which the executor's pauses between two looks grow
MEMORY = 1000  # MB of a step that says nothing; Snakemake itself takes 250 of them
MINUTES = 60
RETRIES = 2
JOBS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the user chose; "" and None leave it to the cluster.

    ``poll`` is after how many seconds the first look at a job is taken, ``fitted`` are resources
    by step, ``groups`` the names of groups, ``queue`` how many jobs the user may have in the queue.
    """

    partition: str = ""
    account: str = ""
    poll: int = 20
    groups: tuple[str, ...] = ()
    fitted: Mapping[str, Mapping[str, Value]] | None = None
    queue: int | None = None


def slurm_settings(cluster: Cluster, wishes: Wishes) -> list[Setting]:
    """The profile.

    Raises :class:`UsageError` for what the cluster does not have, and :class:`ToolError` for a
    cluster that forgets jobs before one can look.
    """
    partition = choose_partition(cluster, wishes.partition)
    if wishes.account and not cluster.has_accounting:
        raise UsageError(
            f"the cluster {cluster.name!r} keeps no accounts, and takes none",
            hint="leave --account out",
        )
    return [
        Setting("executor", "slurm"),
        _jobs(wishes.queue),
        *common_settings(),
        _status(cluster, wishes.poll),
        Setting(
            "slurm-init-seconds-before-status-checks",
            wishes.poll,
            f"the first look at a job; the next ones come after 10 more seconds each time, up to "
            f"{LONGEST_PAUSE}, until a job ends",
        ),
        _requeue(cluster),
        Setting(
            "retries",
            RETRIES,
            "a step that fails is tried again; with amounts that grow, it asks for more then",
        ),
        Setting("slurm-logdir", LOGS, "of jobs that fail; logs/<step>.log is the step's"),
        Setting("slurm-jobname-prefix", "nbsnake"),
        *_resources(cluster, partition, wishes),
        *group_settings(wishes.groups, _side_by_side(partition)),
    ]


def _jobs(limit: int | None) -> Setting:
    why = "jobs in the queue at the same time; not cores"
    if limit is None or limit >= JOBS:
        return Setting("jobs", JOBS, why)
    return Setting("jobs", max(1, limit), f"{why}. You may have {limit} (MaxSubmitJobs)")


def choose_partition(cluster: Cluster, name: str) -> Partition:
    """The partition for steps that name none.

    Raises :class:`UsageError` where none can be chosen.
    """
    known = ", ".join(each.name for each in cluster.partitions)
    if name:
        if found := cluster.partition(name):
            return found
        raise UsageError(f"the cluster has no partition {name!r}", hint=f"partitions: {known}")
    if cluster.default is None:
        raise UsageError(
            "the cluster has several partitions, and none for jobs that name none",
            hint=f"choose one with --partition: {known}",
        )
    return cluster.default


def _status(cluster: Cluster, poll: int) -> Setting:
    longest = LONGEST_PAUSE + poll
    if cluster.min_job_age >= longest:
        why = (
            f"squeue knows of ended jobs for {cluster.min_job_age} s (MinJobAge), longer than the "
            f"longest pause between two looks, {longest} s"
        )
        return Setting("slurm-status-command", "squeue", why)
    if cluster.has_accounting:
        why = (
            f"squeue forgets ended jobs after {cluster.min_job_age} s (MinJobAge), but the cluster "
            "keeps accounts (AccountingStorageType)"
        )
        return Setting("slurm-status-command", "sacct", why)
    raise ToolError(
        f"the cluster forgets ended jobs after {cluster.min_job_age} s (MinJobAge) and keeps no "
        f"accounts, so that the end of a job can be missed in a pause of up to {longest} s",
        hint="its administrators can raise MinJobAge; or use, which looks more often: "
        "nbsnake profile generic --system slurm",
    )


def _requeue(cluster: Cluster) -> Setting:
    why = "Snakemake submits lost jobs again, so that Slurm must not do it as well"
    if cluster.requeues:
        why += " (the cluster would: JobRequeue=1)"
    return Setting("slurm-no-requeue", True, why)


def _resources(cluster: Cluster, partition: Partition, wishes: Wishes) -> Iterable[Setting]:
    limit = partition.minutes
    memory: Value = f"min({MEMORY} * attempt, {partition.mem_mb})"
    runtime: Value = f"{MINUTES} * attempt"
    if limit is not None and limit < MINUTES * (RETRIES + 1):
        runtime = f"min({MINUTES} * attempt, {limit})"
    defaults: dict[str, Value] = {"slurm_partition": partition.name}
    if wishes.account:
        defaults["slurm_account"] = wishes.account
    defaults |= {"mem_mb": memory, "runtime": runtime}
    shown = "without a time limit" if limit is None else f"up to {limit} minutes"
    why = (
        f"of steps that do not say it themselves. The partition {partition.name!r} has nodes of "
        f"{partition.cpus} CPUs and {partition.mem_mb} MB, {shown}"
    )
    if cluster.wants_account and not wishes.account:
        why += ". The cluster wants an account (AccountingStorageEnforce): yours by default, or "
        why += "another with --account"
    yield Setting("default-resources", defaults, why)
    fitted = wishes.fitted or {}
    threads = {step: each["threads"] for step, each in fitted.items() if "threads" in each}
    others = {
        step: {name: value for name, value in each.items() if name != "threads"}
        for step, each in fitted.items()
    }
    if threads:
        yield Setting("set-threads", threads, "from receipts: the cores that each step used")
    if resources := per_rule(others):
        why = "from receipts: memory and time that each step used, and some room"
        yield Setting("set-resources", resources, why)


def _side_by_side(partition: Partition) -> int:
    return max(1, min(partition.cpus, partition.mem_mb // MEMORY))
