"""The plan: every step as DVC resolves it, kept in one file that jobs can read.

Standard library only: this runs inside every job. DVC itself makes the plan (`nbsnake.dvc`), from
dvc.yaml, the parameter files and its configuration; the plan holds their digests, and is good for
as long as these are unchanged.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from nbsnake.cache import Cache
from nbsnake.content import Digest
from nbsnake.receipt import Run

PLAN_FILE = ".nbsnake/plan.json"
FORMAT = 2


class PlannedOut(NamedTuple):
    """An output; ``persist`` means that the step finds what it wrote before."""

    path: str
    cache: bool = True
    persist: bool = False


class PlannedStep(NamedTuple):
    """One step, or one variant of it (``name@key``), with all values filled in.

    ``cmd`` is the command as dvc.lock records it; ``argv`` are the words of the command that the
    step's rule runs; ``params`` maps parameter files to the values that the step uses, ``lists``
    parameters to paths that are too many for a command, ``keys`` those that take values of another
    name to the keys of these. ``axes`` are what makes the variant.
    """

    name: str
    notebook: str
    cmd: str
    argv: tuple[str, ...]
    deps: tuple[str, ...]
    outs: tuple[PlannedOut, ...]
    params: dict[str, dict[str, Any]]
    run_cache: bool
    axes: dict[str, str]
    lists: dict[str, list[str]]
    keys: dict[str, str]

    @property
    def rule(self) -> str:
        """The name of the rule, and of the stage, of which this may be a variant."""
        return self.name.partition("@")[0]

    def lock_entry(self, contents: Mapping[str, Digest | None]) -> dict[str, Any]:
        """The step's entry as dvc.lock has it: sections in DVC's order, paths sorted.

        ``contents`` tells what each path holds; None stands for "not known yet".
        """
        sections = {
            "cmd": self.cmd,
            "deps": [_lock_file(path, contents[path]) for path in sorted(self.deps)],
            "params": self.params,
            "outs": [_lock_file(path, contents.get(path)) for path in self.out_paths],
        }
        return {name: section for name, section in sections.items() if section}

    def run(self, contents: Mapping[str, Digest | None]) -> Run:
        """The run that ``contents`` show; a path that holds nothing has the md5 ""."""
        md5s = {path: content.md5 if content else "" for path, content in contents.items()}
        return Run(
            self.cmd,
            self.params,
            {path: md5s.get(path, "") for path in self.deps},
            {path: md5s.get(path, "") for path in self.out_paths},
        )

    @property
    def out_paths(self) -> list[str]:
        return sorted(out.path for out in self.outs)


class Plan(NamedTuple):
    """All steps in the order in which DVC would run them.

    ``order`` also names the stages that are not ours; ``params`` is params.yaml as DVC reads it
    (YAML 1.2).
    """

    steps: dict[str, PlannedStep]
    order: tuple[str, ...]
    params: dict[str, Any]
    cache: Cache

    def makers(self) -> dict[str, str]:
        """For each dependency that a step writes, also inside a folder, the name of that step."""
        written = {out.path: step.name for step in self.steps.values() for out in step.outs}
        found = {}
        for path in {path for step in self.steps.values() for path in step.deps}:
            up = path
            while up and up not in written:
                up = up.rpartition("/")[0]
            if up:
                found[path] = written[up]
        return found


def _lock_file(path: str, content: Digest | None) -> dict[str, Any]:
    return {"path": path, **(content.to_dict() if content else {})}


def read_plan() -> Plan | None:
    """The plan as it was last written, or None; whether it still holds is not asked."""
    fields = _read_json(PLAN_FILE)
    return _plan_from_dict(fields["plan"]) if fields else None


def read_current_plan() -> Plan | None:
    """The plan, or None when one of the files that it was made from has changed since."""
    fields = _read_json(PLAN_FILE)
    if not fields or fields["sources"] != source_digests(list(fields["sources"])):
        return None
    return _plan_from_dict(fields["plan"])


def source_digests(paths: list[str]) -> dict[str, str | None]:
    """The md5 of each file, None for one that is absent."""
    digests: dict[str, str | None] = {}
    for path in paths:
        try:
            with open(path, "rb") as file:
                digests[path] = hashlib.file_digest(file, "md5").hexdigest()
        except OSError:
            digests[path] = None
    return digests


def plan_to_dict(plan: Plan, sources: dict[str, str | None]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "sources": sources,
        "plan": {
            "cache": plan.cache._asdict(),
            "order": plan.order,
            "params": plan.params,
            "steps": [
                {**step._asdict(), "outs": [out._asdict() for out in step.outs]}
                for step in plan.steps.values()
            ],
        },
    }


def _plan_from_dict(fields: dict[str, Any]) -> Plan:
    steps = {}
    for step in fields["steps"]:
        outs = tuple(PlannedOut(**out) for out in step["outs"])
        known = {**step, "argv": tuple(step["argv"]), "deps": tuple(step["deps"]), "outs": outs}
        steps[step["name"]] = PlannedStep(**known)
    cache = Cache(fields["cache"]["folder"], tuple(fields["cache"]["link_types"]))
    return Plan(steps, tuple(fields["order"]), fields["params"], cache)


def _read_json(path: str) -> dict[str, Any] | None:
    try:
        with open(path, encoding="utf-8") as file:
            fields: dict[str, Any] = json.load(file)
    except (OSError, ValueError):
        return None
    known = isinstance(fields, dict) and fields.get("format") == FORMAT
    return fields if known else None
