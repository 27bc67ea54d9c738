"""What a step needs of the machine it runs on: cores, memory, time, software.

None of it is part of a step's result: it changes neither dvc.lock nor what has to run again.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from nbsnake.guess import nearest

KEYS = ("threads", "resources", "conda", "container", "retries", "group")
# Resources that are counted: what else they might be called, Slurm would never get to know.
COUNTED = ("mem_mb", "mem_mb_per_cpu", "disk_mb", "runtime", "gpu", "nodes", "tasks")
_MISTAKEN = {
    **dict.fromkeys(("mem", "memory", "mem_gb", "mem_gib", "mem_mib", "ram"), "mem_mb"),
    **dict.fromkeys(("time", "walltime", "minutes", "hours", "timelimit"), "runtime"),
    **dict.fromkeys(("gpus", "gres_gpu"), "gpu"),
    **dict.fromkeys(("partition", "queue"), "slurm_partition"),
    **dict.fromkeys(("account",), "slurm_account"),
    **dict.fromkeys(("disk", "disk_gb"), "disk_mb"),
}
_CORES = frozenset({"threads", "cpus", "cores", "cpus_per_task"})
_AMOUNT = re.compile(r"(\d{1,12})(?: ?\* ?attempt(?: ?\*\* ?([23]))?)?")
_GROWS = re.compile(r"attempt")
_NAME = re.compile(r"[^\W\d_]\w*")
MAX_THREADS = 10_000
MAX_RETRIES = 100


class Resource(NamedTuple):
    """A resource by its name; ``text`` is a number, ``N * attempt**P``, or plain text."""

    name: str
    text: str

    @property
    def base(self) -> int | None:
        """The amount of the first attempt; None for a text."""
        match = _AMOUNT.fullmatch(self.text)
        return int(match[1]) if match else None

    @property
    def power(self) -> int:
        """How the amount grows with the attempt: not at all (0), in proportion, or faster."""
        match = _AMOUNT.fullmatch(self.text)
        return int(match[2] or 1) if match and "attempt" in self.text else 0

    def amount(self, attempt: int) -> int | None:
        """What an attempt, counted from 1, asks for; None for a text."""
        return None if self.base is None else self.base * attempt**self.power


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a step needs; None and "" mean that it does not say."""

    threads: int | None = None
    resources: tuple[Resource, ...] = ()
    conda: str = ""
    container: str = ""
    retries: int | None = None
    group: str = ""

    def amount(self, name: str, attempt: int = 1) -> int | None:
        """What an attempt requests of a resource; None where that is unknown or not a number."""
        return next((each.amount(attempt) for each in self.resources if each.name == name), None)

    def text(self, name: str) -> str:
        """The request for a resource, "" for none."""
        return next((each.text for each in self.resources if each.name == name), "")

    def changed(self, changes: Mapping[str, Any]) -> "Needs":
        """With other values for some keys; None removes the value.

        Of ``resources``, ``changes`` hold a mapping that changes single ones.
        """
        given = {**changes}
        if "resources" in given:
            own = {each.name: each.text for each in self.resources}
            merged = own | given["resources"] if given["resources"] is not None else {}
            given["resources"] = tuple(
                Resource(name, text) for name, text in merged.items() if text is not None
            )
        plain = {"conda": "", "container": "", "group": ""}
        values: dict[str, Any] = {
            key: plain.get(key) if value is None else value for key, value in given.items()
        }
        return replace(self, **values)


def parse_need(key: str, value: object) -> Any:
    """The value of one key but ``resources``, as :class:`Needs` has it.

    Raises :class:`ValueError` with what is wrong.
    """
    if key == "threads":
        return _whole(value, 1, MAX_THREADS)
    if key == "retries":
        return _whole(value, 0, MAX_RETRIES)
    if not isinstance(value, str) or not value.strip():
        raise ValueError("it needs a text")
    return {"group": _group, "conda": _conda, "container": _container}[key](value.strip())


def _whole(value: object, least: int, most: int) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,9}", text) or int(text) < least:
        raise ValueError(f"{shown(value)} is not a whole number of at least {least}")
    if int(text) > most:
        raise ValueError(f"{text} is more than {most}")
    return int(text)


def _group(text: str) -> str:
    if not text.isidentifier():
        raise ValueError(f"{shown(text)} is not the name of a group")
    return text


def _conda(text: str) -> str:
    """A file of the project that describes an environment, or the name of one that is there."""
    if re.fullmatch(r"[\w.-]+", text) and not text.endswith((".yaml", ".yml")):
        return text
    parts = text.split("/")
    if not text.endswith((".yaml", ".yml")):
        raise ValueError(f"{shown(text)} is neither a .yaml file nor the name of an environment")
    if text.startswith(("/", "~")) or ".." in parts or "\\" in text or "{" in text:
        raise ValueError(f"{shown(text)} is not the path of a file in the project")
    return "/".join(part for part in parts if part not in ("", "."))


def _container(text: str) -> str:
    if not re.fullmatch(r"[\w.:/@+~-]+", text):
        raise ValueError(f"{shown(text)} is not the address of an image")
    return text


def parse_resource(name: str, value: object) -> Resource:
    """One resource. Raises :class:`ValueError` with what is wrong."""
    if name in _CORES:
        raise ValueError(f"{name!r} is not a resource: write ':threads: N'")
    if name == "mpi":
        raise ValueError(
            "a step is started once, not by an MPI launcher: ask for tasks=N, and call "
            "'srun' or 'mpirun' in the notebook"
        )
    if not _NAME.fullmatch(name) or name.startswith("_"):
        raise ValueError(f"{shown(name)} is not the name of a resource")
    if name.lower() in _MISTAKEN:
        raise ValueError(f"unknown resource {name!r}: write {_MISTAKEN[name.lower()]!r}")
    if name not in COUNTED and (near := nearest(name, COUNTED, cutoff=0.75)):
        raise ValueError(f"unknown resource {name!r}: write {near!r}")
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"{name} is {shown(value)}, neither a number nor a text")
    text = str(value).strip()
    if match := _AMOUNT.fullmatch(text):
        return Resource(name, _canonical(match))
    if name in COUNTED or _GROWS.search(text):
        raise ValueError(f"{name} is {shown(value)}, which is not an amount")
    if not text or not text.isprintable() or set(text) & set("{}"):
        raise ValueError(f"{name} is {shown(value)}, which no batch system takes")
    return Resource(name, text)


def _canonical(match: re.Match[str]) -> str:
    power = f"**{match[2]}" if match[2] else ""
    return f"{int(match[1])} * attempt{power}" if "attempt" in match[0] else str(int(match[1]))


def shown(value: object) -> str:
    """A value as messages show it."""
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
