"""What Snakemake's slurm executor asks of Slurm for a step, as it merges steps and profiles.

Of a resource, ``set-resources`` of the profile comes first, then the step, then
``default-resources``. The executor's options for ``sbatch`` are those of
snakemake-executor-plugin-slurm 2.8.
"""

import re
from collections.abc import Mapping
from typing import Any

from nbsnake.cluster.amounts import amount
from nbsnake.cluster.slurm.facts import minutes
from nbsnake.cluster.slurm.nodes import Request
from nbsnake.cluster.slurm.profile import RETRIES
from nbsnake.model.needs import Needs

_GPU = re.compile(r"gpu(?::([A-Za-z][\w.]*))?(?::(\d+))?")
_PLAIN_FEATURE = re.compile(r"[\w.-]+")
_DURATION = re.compile(r"(\d+)\s*([smhdw])")
_MINUTES = {"s": 1 / 60, "m": 1, "h": 60, "d": 1440, "w": 10080}


def by_rule(settings: Mapping[str, Any], key: str) -> dict[str, Any]:
    """A setting of the profile that has a value for each rule or resource, in either form.

    Profiles have it as a mapping, or as a list of ``name=value``, or ``rule:name=value``.
    """
    found = settings.get(key)
    if isinstance(found, dict):
        return {str(name): value for name, value in found.items()}
    merged: dict[str, Any] = {}
    for word in found if isinstance(found, list) else ():
        name, equals, value = str(word).partition("=")
        rule, colon, resource = name.partition(":")
        if equals and colon:
            merged.setdefault(rule, {})[resource] = value
        elif equals:
            merged[name] = value
    return merged


def resources_of(needs: Needs, step: str, profile: Mapping[str, Any]) -> dict[str, Any]:
    """The step's resources, with which a job is submitted, by name."""
    given = by_rule(profile, "set-resources").get(step)
    return {
        **by_rule(profile, "default-resources"),
        **{each.name: each.text for each in needs.resources},
        **(given if isinstance(given, dict) else {}),
    }


def threads_of(needs: Needs, step: str, profile: Mapping[str, Any]) -> int:
    """The threads of the step's rule."""
    given = amount(by_rule(profile, "set-threads").get(step), {"attempt": 1})
    return given or needs.threads or 1


def attempts_of(needs: Needs, profile: Mapping[str, Any]) -> int:
    """How often the step is tried at most."""
    default = 0 if profile else RETRIES  # without a profile: that of the one to be written
    set_ = profile.get("retries", profile.get("restart-times", default))
    retries = set_ if needs.retries is None else needs.retries
    return 1 + (retries if isinstance(retries, int) else 0)


def request_of(resources: Mapping[str, Any], threads: int, attempt: int) -> Request:
    """The request of one attempt, counted from 1; what is not known before the run is left out."""
    known = {"attempt": attempt, "threads": threads}

    def number(name: str) -> int:
        return amount(resources.get(name), known) or 0

    def text(name: str) -> str:
        value = resources.get(name)
        return "" if value is None else str(value).strip()

    gpus, gpu_type, gres = _gpus(text("gres"), number("gpu"), text("gpu_model"))
    per_cpu, feature = number("mem_mb_per_cpu"), text("constraint")
    return Request(
        partition=text("slurm_partition"),
        account=text("slurm_account"),
        qos=text("qos"),
        feature=feature if _PLAIN_FEATURE.fullmatch(feature) else "",
        gres=gres,
        tasks=1 if gpus else max(1, number("tasks")),
        cpus=max(1, number("cpus_per_task") or threads),
        nodes=number("nodes") or None,
        mem_mb=0 if per_cpu else number("mem_mb"),
        mem_per_cpu=per_cpu,
        gpus=gpus,
        gpu_type=gpu_type,
        tasks_per_gpu=(number("tasks_per_gpu") or number("tasks")) if gpus else 0,
        cpus_per_gpu=number("cpus_per_gpu") if gpus and not number("cpus_per_task") else 0,
        minutes=_minutes(resources.get("runtime"), known),
    )


def _gpus(gres: str, gpus: int, model: str) -> tuple[int, str, str]:
    """How many GPUs, their type, and what else is asked of nodes."""
    if gpus or model:
        return gpus or 1, model, ""
    match = _GPU.fullmatch(gres)
    if match:
        return int(match[2] or 1), match[1] or "", ""
    return 0, "", gres.partition(":")[0]


def _minutes(runtime: object, known: Mapping[str, int]) -> int | None:
    """A time in minutes, also one with units, as Snakemake takes it."""
    if (found := amount(runtime, known)) is not None:
        return found or None
    if match := _DURATION.fullmatch(str(runtime).strip()):
        return max(1, round(int(match[1]) * _MINUTES[match[2]]))
    return minutes(str(runtime)) if runtime and ":" in str(runtime) else None
