"""The plan: every step as DVC resolves it, kept in one file that jobs can read.

Standard library only: this runs inside every job. `nbsnake.dvc.make_plan` makes the plan from
dvc.yaml, the parameter files, the ``.dvc`` files of what is read, and DVC's settings; the plan
holds their digests, and is good for as long as these are unchanged.
"""

import itertools
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from nbsnake.job.cache import Cache
from nbsnake.job.cachedir import is_cache_folder
from nbsnake.job.content import Digest, source_digests
from nbsnake.job.links import LINK
from nbsnake.job.own import read_own, throw_away
from nbsnake.job.run import Run
from nbsnake.job.shape import ShapeError, is_text_map, is_texts, parse
from nbsnake.names import DVC_FILE, file_name, upwards

PLAN_FILE = ".nbsnake/plan.json"
DONE = ".nbsnake/done"
RECORD = ("nbsnake", "record")  # how a command begins that writes the notebook of its run
FORMAT = 9
MOST = 0o7777  # of the modes of files


class PlannedOut(NamedTuple):
    """An output; ``persist`` means that the step finds what it wrote before."""

    path: str
    cache: bool = True
    persist: bool = False


class PlannedStep(NamedTuple):
    """One stage of dvc.yaml, or one variant of it (``name@key``), with all values filled in.

    Paths are relative to the project's root; ``names`` are those by which dvc.yaml calls them
    where these are others. ``cmd`` is the command as dvc.lock records it; ``argv`` are the words
    of the command that the step's rule runs, none where it runs ``cmd`` as DVC does: in the folder
    ``wdir``, by the user's shell. ``params`` maps parameter files to the values that the step
    uses, ``lists`` parameters to paths that are too many for a command, ``keys`` those that take
    values of another name to the keys of these. ``axes`` are what makes the variant.

    A ``frozen`` step never runs, and one that has ``always`` changed runs each time.
    ``notebook`` is "" for a hand-written stage. Of the parameter files in ``whole``, all keys
    count.
    """

    name: str
    notebook: str
    cmd: str | list[str]
    argv: tuple[str, ...]
    deps: tuple[str, ...]
    outs: tuple[PlannedOut, ...]
    params: dict[str, dict[str, Any]]
    run_cache: bool
    axes: dict[str, str]
    lists: dict[str, list[str]]
    keys: dict[str, str]
    wdir: str = "."
    names: dict[str, str] = {}  # noqa: RUF012  (never changed)
    frozen: bool = False
    always: bool = False
    whole: tuple[str, ...] = ()

    @property
    def rule(self) -> str:
        """The name of the rule; that of a generated step's variant is the stage's."""
        return self.name.partition("@")[0] if self.notebook else self.name

    @property
    def script(self) -> str:
        """The script that its rule runs; "" for a command of the author's own."""
        words = self.argv[self.argv.index("--") + 1 :] if self.argv[:2] == RECORD else self.argv
        script = words[1] if self.notebook and len(words) > 1 else ""
        return script if script in self.deps else ""

    @property
    def source(self) -> str:
        """The file to which its author turns."""
        return self.notebook or DVC_FILE

    @property
    def log(self) -> str:
        """The file for what the job prints."""
        return f"logs/{file_name(self.name)}.log"

    @property
    def out_paths(self) -> list[str]:
        """In the order of dvc.lock."""
        return sorted((out.path for out in self.outs), key=self._name)

    @property
    def marker(self) -> str:
        """The file that marks a step without outputs as done; "" where there are outputs."""
        return "" if self.outs else f"{DONE}/{file_name(self.name)}"

    @property
    def made_paths(self) -> list[str]:
        """What shows that the step has run."""
        return self.out_paths or [self.marker]

    def lock_entry(self, contents: Mapping[str, Digest | None]) -> dict[str, Any]:
        """The step's entry as dvc.lock has it: sections in DVC's order, paths sorted.

        ``contents`` maps each path to its content; None means "not known yet".
        """
        deps = sorted(self.deps, key=self._name)
        sections = {
            "cmd": self.cmd,
            "deps": [_lock_file(self._name(path), contents[path]) for path in deps],
            "params": self.params,
            "outs": [_lock_file(self._name(each), contents.get(each)) for each in self.out_paths],
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

    def locked_run(self, entry: Mapping[str, Any]) -> Run:
        """The run that the step's entry in dvc.lock records."""
        paths = {name: path for path, name in self.names.items()}
        deps, outs = (
            {paths.get(each["path"], each["path"]): each.get("md5", "") for each in section}
            for section in (entry.get("deps", ()), entry.get("outs", ()))
        )
        return Run(entry.get("cmd", ""), entry.get("params", {}), deps, outs)

    def declared(self, run: Run) -> Run:
        """What a run on record says of what the step declares today.

        A dependency, parameter or output that it declared then is no change, as for DVC.
        """
        params = {
            file: {
                key: value
                for key, value in values.items()
                if file in self.whole or key in self.params[file]
            }
            for file, values in run.params.items()
            if file in self.params
        }
        deps = {path: md5 for path, md5 in run.deps.items() if path in self.deps}
        outs = {path: md5 for path, md5 in run.outs.items() if path in self.out_paths}
        return Run(run.cmd, params, deps, outs)

    def locked_outs(self, entry: Mapping[str, Any]) -> dict[str, Digest]:
        """What the outputs are by the step's entry in dvc.lock."""
        paths = {name: path for path, name in self.names.items()}
        return {
            paths.get(out["path"], out["path"]): Digest.from_dict(out)
            for out in entry.get("outs", ())
            if "size" in out
            if "md5" in out
        }

    def _name(self, path: str) -> str:
        return self.names.get(path, path)


# The types of the fields of a step in JSON.
_TYPES = [
    (str, str, cmd, list, list, list, dict, bool, dict, dict, dict, str, dict, bool, bool, list)
    for cmd in (str, list)
]


class Tracked(NamedTuple):
    """A file or folder that ``dvc add`` or ``dvc import`` tracks, by its ``.dvc`` file."""

    file: str
    path: str
    md5: str


class Plan(NamedTuple):
    """All steps in the order in which DVC would run them.

    ``params`` is params.yaml as DVC reads it (YAML 1.2). ``left`` are the stages that only DVC
    can run, each with the reason, and ``left_outs`` what they write, with their names. ``beyond``
    says why only DVC can lock results here ("" where nbsnake can). ``tracked`` are what the steps
    read that has a ``.dvc`` file. ``state`` is the folder of DVC's state database for a project at
    ``root``. Of DVC's settings, ``autostage`` adds to git's index what is written, ``no_scm``
    leaves git alone, ``hardlink_lock`` is for file systems without locks, and with ``parsing``,
    mappings become options in a way of their own. ``unrecorded`` are the steps of which no executed
    notebook is kept, ("*",) for all; in a ``strict`` project, a step fails that reads, writes or
    imports what it does not declare.
    """

    steps: dict[str, PlannedStep]
    params: dict[str, Any]
    cache: Cache
    left: dict[str, str] = {}  # noqa: RUF012  (never changed)
    tracked: tuple[Tracked, ...] = ()
    beyond: str = ""
    root: str = ""
    state: str = ""
    left_outs: dict[str, str] = {}  # noqa: RUF012  (never changed)
    autostage: bool = False
    no_scm: bool = False
    hardlink_lock: bool = False
    unrecorded: tuple[str, ...] = ()
    strict: bool = False
    parsing: bool = False

    def makers(self) -> dict[str, list[str]]:
        """For each dependency that steps write, as a whole or a part of it, or a folder in which
        it lies, the names of these steps.

        What a frozen step wrote counts as a source.
        """
        writers = {
            out.path: step.name
            for step in self.steps.values()
            if not step.frozen
            for out in step.outs
        }
        read = {path for step in self.steps.values() for path in step.deps}
        found: dict[str, list[str]] = {}
        for path in read:
            if at := next((up for up in upwards(path) if up in writers), None):
                found[path] = [writers[at]]
        for out, name in writers.items():
            for up in itertools.islice(upwards(out), 1, None):
                if up in read and name not in found.setdefault(up, []):
                    found[up].append(name)
        return found

    def needed_for(self, targets: Collection[str]) -> set[str]:
        """The steps that make what Snakemake is asked for; all where it is nothing of a step's."""
        made: dict[str, set[str]] = {}
        for step in self.steps.values():
            for target in (step.rule, *step.made_paths):
                made.setdefault(target, set()).add(step.name)
        if not targets or not made.keys() >= {*targets}:
            return {*self.steps}
        makers, needed = self.makers(), {name for target in targets for name in made[target]}
        for name, step in reversed(self.steps.items()):
            if name in needed:
                needed.update(maker for path in step.deps for maker in makers.get(path, ()))
        return needed

    def left_lines(self) -> list[str]:
        """A line for each stage that only DVC can run."""
        return [
            f"{name} can be run by DVC only ({why}): dvc repro {name}"
            for name, why in self.left.items()
        ]

    def inside_deps(self) -> list[str]:
        """The outputs that lie in a folder that a step reads as a whole, in the plan's order."""
        read = {path for step in self.steps.values() for path in step.deps}
        outs = [out.path for step in self.steps.values() for out in step.outs if out.cache]
        return [out for out in outs if any(up in read for up in [*upwards(out)][1:])]

    def tracked_inside(self) -> list[Tracked]:
        """What has its ``.dvc`` file in a folder that a step reads as a whole."""
        read = {path for step in self.steps.values() for path in step.deps}
        return [each for each in self.tracked if read.intersection(upwards(each.file))]


def _lock_file(path: str, content: Digest | None) -> dict[str, Any]:
    return {"path": path, **(content.to_dict() if content else {})}


def read_plan() -> Plan | None:
    """The plan as it was last written, or None; whether it still holds is not asked."""
    found = _read()
    return found[0] if found else None


def read_current_plan() -> Plan | None:
    """The plan, or None when one of the files that it was made from has changed since."""
    found = _read()
    if found is None or found[1] != source_digests([*found[1]]):
        return None
    return found[0]


def read_old_plan() -> tuple[Plan, dict[str, str | None]] | None:
    """As :func:`read_plan`, with the digests of the files that the plan was made from."""
    return _read()


def plan_to_dict(plan: Plan, sources: dict[str, str | None]) -> dict[str, Any]:
    """The plan as JSON can hold it; ``sources`` are the md5s of the files that it rests on."""
    steps = [step_to_dict(step) for step in plan.steps.values()]
    fields = {**plan._asdict(), "cache": plan.cache._asdict(), "steps": steps}
    return {"format": FORMAT, "sources": sources, "plan": fields}


def step_to_dict(step: PlannedStep) -> dict[str, Any]:
    """A step as JSON can hold it."""
    return {**step._asdict(), "outs": [out._asdict() for out in step.outs]}


def _read() -> tuple[Plan, dict[str, str | None]] | None:
    """The plan, and the digests of the files that it rests on."""
    fields = read_own(PLAN_FILE)
    if fields is None or (isinstance(fields, dict) and fields.get("format") != FORMAT):
        return None
    try:
        sources = parse(dict[str, str | None], fields["sources"], "sources")
        return _plan_from(fields["plan"]), sources
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        throw_away(PLAN_FILE, str(error) if isinstance(error, ShapeError) else "has another form")
        return None


def _plan_from(fields: dict[str, Any]) -> Plan:
    """Raises :class:`ShapeError` and others for fields that are not a plan's."""
    cache_from(fields["cache"])
    tracked = [Tracked(*parse(tuple[str, ...], each, "tracked")) for each in fields["tracked"]]
    others = {**fields, "cache": fields["cache"], "steps": {}, "tracked": []}
    plan: Plan = parse(Plan, others)
    steps = {step["name"]: step_from(step) for step in fields["steps"]}
    return plan._replace(steps=steps, tracked=tuple(tracked))


def cache_from(fields: Any) -> Cache:
    """A cache from JSON. Raises :class:`ShapeError` for what is none."""
    cache: Cache = parse(Cache, fields, "cache")
    modes = [mode for mode in cache[2:] if mode is not None]
    if not is_cache_folder(cache.folder) or not {*cache.link_types} <= LINK.keys():
        raise ShapeError("cache", "that of DVC's settings")
    if not all(0 <= mode <= MOST for mode in modes):
        raise ShapeError("cache", "one with modes of files")
    return cache


def step_from(fields: dict[str, Any]) -> PlannedStep:
    """A step from JSON, as :func:`parse`, which takes too long for thousands of them.

    Raises :class:`ShapeError` and others for fields that are not a step's.
    """
    is_step = tuple(fields) == PlannedStep._fields and tuple(map(type, fields.values())) in _TYPES
    if not (
        is_step
        and (type(fields["cmd"]) is str or is_texts(fields["cmd"]))
        and all(is_texts(fields[name]) for name in ("argv", "deps", "whole"))
        and all(is_text_map(fields[name]) for name in ("axes", "keys", "names"))
        and all(map(is_texts, fields["lists"].values()))
        and {*map(type, fields["params"].values())} <= {dict}
    ):
        raise ShapeError("steps", "a list of steps")
    if "\0" in "".join((fields["name"], fields["wdir"], *fields["argv"], *fields["deps"])):
        raise ShapeError("steps", "without null bytes")
    outs = tuple(map(_out_from, fields["outs"]))
    lists = {name: tuple(fields[name]) for name in ("argv", "deps", "whole")}
    return PlannedStep(**{**fields, **lists, "outs": outs})


def _out_from(fields: dict[str, Any]) -> PlannedOut:
    types = tuple(map(type, fields.values()))
    if tuple(fields) != PlannedOut._fields or types != (str, bool, bool):
        raise ShapeError("outs", "a list of outputs")
    out = PlannedOut(**fields)
    if out.path.startswith("/") or ".." in out.path.split("/") or "\0" in out.path:
        raise ShapeError("outs", "below the project")
    return out
