"""What the generated Snakefile asks of nbsnake, while Snakemake reads it and after the run.

Snakemake decides by times and by its own records of jobs. Before it decides, :meth:`Session.seal`
makes both say what the contents say: a step whose result is right gets a matching record and times
in order; for any other step the record cannot match.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from copy import deepcopy
from typing import IO, Any, NamedTuple

from nbsnake.cluster.slurm.jobs import end_left_jobs, forget_ended_jobs, wrap_slurm_tools
from nbsnake.dvc.current import current_plan
from nbsnake.errors import NbsnakeError, StaleError, raise_all
from nbsnake.generate.drift import warn_of_drift
from nbsnake.job.atomic import write_atomically
from nbsnake.job.digests import read_digests, time_carrier
from nbsnake.job.plan import Plan, PlannedOut, PlannedStep, read_plan
from nbsnake.job.records import is_incomplete, read_record, write_record
from nbsnake.job.running import become_head, wait_for_orphans
from nbsnake.job.say import say
from nbsnake.model.paramtype import text_of, value_at
from nbsnake.model.variants import fill, full_name
from nbsnake.names import PARAMS_FILE
from nbsnake.render.values import by_param, values_path, write_values
from nbsnake.results.freshness import Judge, Verdict, told_reasons
from nbsnake.results.restore import restore
from nbsnake.results.sources import check_sources, mend_times

# With these Snakemake reads the Snakefile and runs no job.
READ_ONLY = frozenset(
    {"--lint", "--dag", "--d3dag", "--rulegraph", "--filegraph", "--summary", "-S"}
    | {"--detailed-summary", "-D", "--unlock", "--touch", "-t", "--report", "--archive"}
    | {"--list", "-l", "--list-rules", "--list-target-rules", "--lt", "--list-untracked", "--lu"}
    | {"--list-changes", "--lc", "--list-input-changes", "--li", "--list-params-changes", "--lp"}
    | {"--delete-all-output", "--delete-temp-output", "--cleanup-metadata", "--cleanup-shadow"}
    | {"--containerize", "--export-cwl", "--generate-unit-tests", "--print-compilation"}
    | {"--list-conda-envs", "--conda-create-envs-only", "--conda-cleanup-envs"}
)
ParamFunction = Callable[[Any], Any]  # of Snakemake's wildcards
Tell = Callable[[PlannedStep, dict[str, Any]], str]  # a word, by the step and the config


def open_session(workflow: Any, config: dict[str, Any]) -> "Session":
    """A session; a fault in the project ends Snakemake with its message instead of a traceback."""
    try:
        return Session(workflow, config)
    except NbsnakeError as error:
        say(error)
        raise SystemExit(error.exit_code) from None


class Session:
    """One reading of the Snakefile, by the head process or by a job's own Snakemake.

    ``workflow`` and ``config`` are Snakemake's globals.
    """

    def __init__(self, workflow: Any, config: dict[str, Any]) -> None:
        self._workflow = workflow
        self._config = config
        self._head_lock: IO[str] | None = None
        self._is_head = workflow.is_main_process
        self._is_dry = bool(workflow.output_settings.dryrun)
        # A job takes what its head made.
        self._plan = (None if self._is_head else read_plan()) or current_plan()
        self._digests = read_digests()
        self._verdicts: dict[str, Verdict] = {}
        self._asked: dict[str, list[Tell]] = {}  # the parameters of each rule
        self._variants: dict[str, list[PlannedStep]] = {}
        for step in self._plan.steps.values():
            self._variants.setdefault(step.rule, []).append(step)
        self._makers = self._plan.makers()
        _read_as_dvc_does(config, self._plan, workflow.config_settings)
        _find_own_tools()
        if self._is_head:
            self._head_lock = become_head()  # held until this process ends
            wrap_slurm_tools()
            if self._head_lock and not self._is_dry:
                wait_for_orphans()
                if self._tells:
                    end_left_jobs()
            if self._tells:
                warn_of_drift()
            if "--lint" not in sys.argv:
                check_sources(self._plan)
            if self._runs:
                for path in mend_times(self._plan):
                    say(f"{path} was dated in the future: its time is now, its content the same")
            self._verdicts = self._judge()

    @property
    def _tells(self) -> bool:
        """Whether this is about a run, be it a dry one."""
        return READ_ONLY.isdisjoint(word.partition("=")[0] for word in sys.argv)

    @property
    def _runs(self) -> bool:
        """Whether this head is going to run jobs, and is the only one."""
        return self._tells and not self._is_dry and self._head_lock is not None

    def _judge(self) -> dict[str, Verdict]:
        """The verdict on each step, after results were brought back that need not be made."""
        if self._runs and (inside := self._plan.inside_deps()):
            # DVC writes the .gitignore of a folder before a step reads the folder.
            from nbsnake.dvc.gitignore import ignore  # slow, and seldom needed

            ignore(inside)
        judge = Judge(self._plan, self._digests)
        if self._runs and os.environ.get("NBSNAKE_RESTORE") != "0":
            done = restore(judge)
            if done.steps:
                say(f"restored from the cache: {', '.join(done.steps)}")
            for path in done.kept:
                say(f"{path} was changed by hand; it will be made again")
        verdicts = judge.verdicts()
        if self._tells:
            for name, why in self._plan.left.items():
                say(f"{name} is for DVC alone to run ({why}): dvc repro {name}")
            for line in told_reasons(verdicts.values()):
                say(line)
        return verdicts

    def param(self, name: str) -> ParamFunction:
        """The value of ``step.param`` as one word of the command line."""
        rule, key = self._split(name)
        return self._ask(rule, lambda step, config: text_of(_told(step, config)[key]))

    def values(self, rule: str) -> ParamFunction:
        """A file with the values of a step, for those that a command cannot hold."""
        self._ask(rule, lambda step, config: values_path(step.name, _in_file(step, config)))

        def write(wildcards: Any) -> str:
            step = self._variant(rule, wildcards)
            return write_values(step.name, _in_file(step, self._config))

        return write

    def paths_of(self, name: str) -> ParamFunction:
        """The paths that ``step.param`` carries, as one word of the command line."""
        rule, key = self._split(name)
        return self._ask(rule, lambda step, config: _option(step, key))

    def path_of(self, name: str) -> ParamFunction:
        """The path that ``step.param`` carries, where overlays make it differ."""
        rule, key = self._split(name)
        return lambda wildcards: self._seen(
            _option(self._variant(rule, wildcards), key).rstrip("/")
        )

    def source(self, pattern: str) -> ParamFunction:
        """A path that no notebook's step writes, or those of some variants only.

        It may be what a stage writes that a person wrote.
        """
        return lambda wildcards: self._seen(fill(pattern, dict(wildcards.items())))

    def _seen(self, path: str) -> str:
        """A source's times do not count."""
        from snakemake.io import ancient

        return path if path in self._makers else ancient(path)

    def in_head(self, retries: int) -> int:
        """How often the head tries a step again; a job's own Snakemake would, too, and never gets
        the memory and time of the next attempt."""
        return retries if self._is_head else 0

    def stages(self) -> list["Stage"]:
        """The stages that a person wrote, as rules."""
        return [
            Stage(
                name=step.name,
                inputs=[each for path in step.deps for each in self._inputs(path)],
                outputs=[_output(out) for out in step.outs] or [step.marker],
                log=step.log,
            )
            for step in self._plan.steps.values()
            if not step.notebook and not step.frozen
        ]

    def _inputs(self, path: str) -> list[str]:
        """What Snakemake must have before a step can read ``path``."""
        from snakemake.io import ancient

        made = self._written_as(path)
        return made or [ancient(path)]

    def axis(self, name: str) -> list[str]:
        """The values of ``step.axis`` over all variants of the step."""
        rule, key = self._split(name)
        return list(dict.fromkeys(step.axes[key] for step in self._variants[rule]))

    def one_of(self, name: str) -> str:
        """The regular expression of these values."""
        return "|".join(map(re.escape, self.axis(name)))

    def _split(self, name: str) -> tuple[str, str]:
        rule, _, key = name.partition(".")
        self._check_rule(rule)
        return rule, key

    def _check_rule(self, rule: str) -> None:
        if rule not in self._variants:
            raise StaleError(f"dvc.yaml has no stage {rule!r}", hint="run: nbsnake generate")

    def _ask(self, rule: str, tell: Tell) -> ParamFunction:
        """A parameter of a rule; what it was asked for is part of what Snakemake records."""
        self._asked.setdefault(rule, []).append(tell)
        return lambda wildcards: tell(self._variant(rule, wildcards), self._config)

    def _variant(self, rule: str, wildcards: Any) -> PlannedStep:
        axes = self._variants[rule][0].axes
        key = "-".join(getattr(wildcards, name) for name in axes)
        return self._plan.steps[full_name(rule, key)]

    def content(self, rule: str) -> ParamFunction:
        """What the step's result depends on besides other steps' outputs, by digest.

        When the step is stale for a reason that Snakemake cannot see, the reason is in it too.
        """
        self._check_rule(rule)

        def value(wildcards: Any) -> dict[str, Any]:
            _pass_on_force(self._workflow.dag_settings)  # not known before the rules are applied
            return self._content(self._variant(rule, wildcards))

        return value

    def targets(self) -> list[str]:
        """The outputs of all steps, for what lies between must be there too."""
        steps = [step for step in self._plan.steps.values() if not step.frozen]
        return [path for step in steps for path in step.made_paths]

    def seal(self) -> None:
        """Make Snakemake's records and the files' times say what the contents say.

        Results of an earlier run that are not in dvc.lock yet are locked now.
        """
        for verdict in self._verdicts.values():
            if verdict.step.frozen:
                continue
            if verdict.state == "fresh":
                self._seal_fresh(verdict.step)
            else:
                self._seal_stale(verdict)
        if self._is_head:
            self._digests.save()
        pending = [v for v in self._verdicts.values() if v.settled and not v.locked]
        if pending and self._runs:
            self._run_sync()

    def sync(self) -> None:
        """Lock what the run made. Called at its end; never fails the run."""
        if not self._workflow.touch:
            self._run_sync()
            forget_ended_jobs()

    def _run_sync(self) -> None:
        done = subprocess.run([sys.executable, "-m", "nbsnake", "sync"], stdout=sys.stderr)
        if done.returncode > 1:  # 1 says that a result may not be locked, and why
            say("dvc.lock is not up to date; run: nbsnake sync")

    def _content(self, step: PlannedStep) -> dict[str, Any]:
        sources = [path for path in step.deps if path not in self._makers]
        found = {path: self._digests.of(path) for path in sources}
        md5s = {path: content.md5 if content else None for path, content in found.items()}
        verdict = self._verdicts.get(step.name)
        unseen = {"stale": verdict.reasons} if verdict and verdict.reasons else {}
        return {"command": step.cmd, "sources": md5s, **unseen}

    def _record_params(self, step: PlannedStep, config: dict[str, Any]) -> list[str]:
        """The parameters of the step's rule as Snakemake records them."""
        values = [tell(step, config) for tell in self._asked.get(step.rule, [])]
        return sorted(repr(value) for value in (*values, self._content(step)))

    def _seal_fresh(self, step: PlannedStep) -> None:
        params = self._record_params(step, self._plan.params)
        if step.marker and not os.path.exists(step.marker):
            write_atomically(step.marker, b"")
        for path in step.made_paths:
            record = read_record(path) or {}
            # What the result depends on is in the parameters; the rule's wording is not.
            sealed = {**record, "params": params, "code": None, "input": None}
            if record != sealed or is_incomplete(path):
                write_record(path, sealed, complete=True)
        inputs = [_mtime_ns(out) for path in step.deps for out in self._written_as(path)]
        for path in step.made_paths:
            if inputs and _mtime_ns(path) < max(inputs):
                self._digests.retime(path, max(inputs))

    def _written_as(self, path: str) -> list[str]:
        """The outputs that ``path`` is, lies in or holds; none for a source."""
        steps = [self._plan.steps[name] for name in self._makers.get(path, ())]
        outs = [out for step in steps for out in step.out_paths]
        return [out for out in outs if _are_one(out, path)]

    def _seal_stale(self, verdict: Verdict) -> None:
        """Snakemake sees by itself what is missing, and what waits for another step."""
        if not verdict.reasons:
            return
        now = set(self._record_params(verdict.step, self._config))
        for path in verdict.step.made_paths:
            record = read_record(path) or {}
            if os.path.lexists(path) and set(record.get("params") or now) == now:
                write_record(path, {**record, "params": []}, complete=False)


def _told(step: PlannedStep, config: dict[str, Any]) -> dict[str, Any]:
    """The values that a step takes, by parameter: those of params.yaml as the config has them."""
    told = {
        key: value_at(config, key) if file == PARAMS_FILE else value
        for file, values in step.params.items()
        for key, value in values.items()
    }
    return by_param(told, step.keys)


def _in_file(step: PlannedStep, config: dict[str, Any]) -> dict[str, Any]:
    return {**_told(step, config), **step.lists}


def _option(step: PlannedStep, name: str) -> str:
    start = f"--{name}="
    return next(word.removeprefix(start) for word in step.argv if word.startswith(start))


class Stage(NamedTuple):
    """What a rule needs to run a stage of dvc.yaml that a person wrote."""

    name: str
    inputs: list[str]
    outputs: list[str]
    log: str


class _IsFolder:
    """A flag of Snakemake's that is true where the path is a folder, which dvc.yaml does not tell
    before the stage has run."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __bool__(self) -> bool:
        return os.path.isdir(self._path)


def _output(out: PlannedOut) -> str:
    from snakemake.io import flag

    path: str = flag(out.path, "directory", _IsFolder(out.path))
    return flag(path, "update") if out.persist else path


def _are_one(out: str, path: str) -> bool:
    """Whether one of the two is, or holds, the other."""
    return f"{path}/".startswith(f"{out}/") or out.startswith(f"{path}/")


def _read_as_dvc_does(config: dict[str, Any], plan: Plan, settings: Any) -> None:
    """Take params.yaml as DVC reads it (YAML 1.2), then what the command line sets.

    Snakemake's own reader (YAML 1.1) takes ``1e-5`` for a text and ``on`` for true.
    """
    if settings.replace_workflow_config:
        return
    from snakemake.utils import update_config

    config.update(deepcopy(plan.params))
    told = settings.overwrite_config or {}
    if told:
        from nbsnake.settings.schema import read_schema, word_faults  # slow, and seldom needed

        # Snakemake leaves texts within mappings as they are told; scripts read them by type.
        raise_all(word_faults(read_schema() or {}, told, "--config"))
    update_config(config, told)


def _pass_on_force(settings: Any) -> None:
    """Who asks Snakemake to compute again wants no result from the cache."""
    if settings and (settings.forceall or settings.forcetargets or settings.forcerun):
        os.environ["NBSNAKE_RESTORE"] = "0"


def _find_own_tools() -> None:
    """Let jobs find ``nbsnake`` when Snakemake was called by its path, outside a venv."""
    if shutil.which("nbsnake") is None:
        os.environ["PATH"] = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"


def _mtime_ns(path: str) -> int:
    return os.stat(time_carrier(path), follow_symlinks=False).st_mtime_ns
