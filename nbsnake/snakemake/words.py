"""What rules ask of nbsnake: the values, paths and axes of steps, as functions of wildcards."""

import os
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from nbsnake.errors import PipelineError, StaleError
from nbsnake.job.digests import Digests
from nbsnake.job.plan import Plan, PlannedOut, PlannedStep
from nbsnake.job.say import say
from nbsnake.model.paramtype import text_of, value_at
from nbsnake.model.variants import fill
from nbsnake.names import DVC_FILE, PARAMS_FILE, full_name
from nbsnake.places import place_of
from nbsnake.render.values import by_param, values_path, write_values
from nbsnake.results.freshness import Verdict

ParamFunction = Callable[[Any], Any]  # of Snakemake's wildcards
Answer = Callable[[PlannedStep, dict[str, Any]], str]  # one word, by the step and the config


class WrittenStage(NamedTuple):
    """What a rule needs to run a hand-written stage of dvc.yaml."""

    name: str
    inputs: list[Any]  # paths, or functions of no wildcards that give them
    outputs: list[str]
    log: str


class Words:
    """The words of the generated rules, for one reading of the Snakefile.

    ``workflow`` and ``config`` are Snakemake's globals, ``verdicts`` those of the head on each
    step; a job's own Snakemake has none. ``unread`` are rules that are left out of this reading.
    """

    def __init__(
        self,
        workflow: Any,
        config: dict[str, Any],
        plan: Plan,
        digests: Digests,
        verdicts: Mapping[str, Verdict],
        unread: Collection[str] = (),
    ) -> None:
        self._workflow = workflow
        self._config = config
        self._plan = plan
        self._digests = digests
        self._verdicts = verdicts
        self._unread = unread
        self._makers = plan.makers()
        self._answers: dict[str, list[Answer]] = {}  # the parameters of each rule
        self._variants: dict[str, list[PlannedStep]] = {}
        for step in plan.steps.values():
            self._variants.setdefault(step.rule, []).append(step)

    def param(self, name: str) -> ParamFunction:
        """The value of ``step.param`` as one word of the command line."""
        rule, key = self._split(name)
        return self._ask(rule, lambda step, config: text_of(_values(step, config)[key]))

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

        It may be an output of a hand-written stage.
        """
        return lambda wildcards: self._seen(fill(pattern, dict(wildcards.items())))

    def _seen(self, path: str) -> str:
        """A source's times do not count, unless a rule of the user's own makes it."""
        from snakemake.io import ancient  # only there when Snakemake reads the Snakefile

        return path if path in self._makers or self.is_made_elsewhere(path) else ancient(path)

    def is_made_elsewhere(self, path: str) -> bool:
        """Whether a rule of the user's own makes the file, by what Snakemake has read so far."""
        others = (rule for rule in self._workflow.rules if rule.name not in self._variants)
        return any(rule.is_producer(path) for rule in others)

    def in_head(self, retries: int) -> int:
        """How often the head tries a step again.

        A job's own Snakemake would do so too, without the memory and time of the next attempt.
        """
        return retries if self._workflow.is_main_process else 0

    def stages(self) -> list[WrittenStage]:
        """The hand-written stages, as rules.

        Raises :class:`SystemExit`, after a message, for one with the name of a rule.
        """
        for step in self._plan.steps.values():
            if not step.notebook and not step.frozen and self._workflow.is_rule(step.name):
                self._refuse_name(step.name)
        return [
            WrittenStage(
                name=step.name,
                inputs=[each for path in step.deps for each in self._inputs(path)],
                outputs=[_output(out) for out in step.outs] or [step.marker],
                log=step.log,
            )
            for step in self._plan.steps.values()
            if not step.notebook and not step.frozen and step.rule not in self._unread
        ]

    def _refuse_name(self, name: str) -> None:
        rule = self._workflow.get_rule(name)
        fault = PipelineError(
            f"the stage {name!r} has the name of a rule in {rule.snakefile}, line {rule.lineno}",
            where=place_of(DVC_FILE, ("stages", name)),
            hint="rename one of the two",
        )
        say(fault)
        raise SystemExit(fault.exit_code)

    def _inputs(self, path: str) -> list[Any]:
        """What Snakemake must have before a step can read ``path``."""
        return self.written_as(path) or [lambda _: self._seen(path)]

    def axis(self, name: str) -> list[str]:
        """The values of ``step.axis`` over all variants of the step."""
        rule, key = self._split(name)
        return list(dict.fromkeys(step.axes[key] for step in self._variants[rule]))

    def one_of(self, name: str) -> str:
        """The regular expression of these values."""
        return "|".join(map(re.escape, self.axis(name)))

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

    def record_params(self, step: PlannedStep, config: dict[str, Any]) -> list[str]:
        """The parameters of the step's rule as Snakemake records them."""
        values = [answer(step, config) for answer in self._answers.get(step.rule, [])]
        return sorted(repr(value) for value in (*values, self._content(step)))

    def written_as(self, path: str) -> list[str]:
        """The outputs that ``path`` is, lies in or holds; none for a source."""
        steps = [self._plan.steps[name] for name in self._makers.get(path, ())]
        outs = [out for step in steps for out in step.out_paths]
        return [out for out in outs if _are_one(out, path)]

    def _split(self, name: str) -> tuple[str, str]:
        rule, _, key = name.partition(".")
        self._check_rule(rule)
        return rule, key

    def _check_rule(self, rule: str) -> None:
        if rule not in self._variants:
            raise StaleError(f"dvc.yaml has no stage {rule!r}", hint="run: nbsnake generate")

    def _ask(self, rule: str, answer: Answer) -> ParamFunction:
        """A parameter of a rule; its answer is part of what Snakemake records."""
        self._answers.setdefault(rule, []).append(answer)
        return lambda wildcards: answer(self._variant(rule, wildcards), self._config)

    def _variant(self, rule: str, wildcards: Any) -> PlannedStep:
        axes = self._variants[rule][0].axes
        key = "-".join(getattr(wildcards, name) for name in axes)
        return self._plan.steps[full_name(rule, key)]

    def _content(self, step: PlannedStep) -> dict[str, Any]:
        sources = [path for path in step.deps if path not in self._makers]
        found = {path: self._digests.of(path) for path in sources}
        md5s = {path: content.md5 if content else None for path, content in found.items()}
        verdict = self._verdicts.get(step.name)
        unseen = {"stale": verdict.reasons} if verdict and verdict.reasons else {}
        return {"command": step.cmd, "sources": md5s, **unseen}


def _values(step: PlannedStep, config: dict[str, Any]) -> dict[str, Any]:
    """The values that a step takes, by parameter: those of params.yaml as the config has them."""
    given = {
        key: value_at(config, key) if file == PARAMS_FILE else value
        for file, values in step.params.items()
        for key, value in values.items()
    }
    return by_param(given, step.keys)


def _in_file(step: PlannedStep, config: dict[str, Any]) -> dict[str, Any]:
    return {**_values(step, config), **step.lists}


def _option(step: PlannedStep, name: str) -> str:
    start = f"--{name}="
    return next(word.removeprefix(start) for word in step.argv if word.startswith(start))


def _output(out: PlannedOut) -> str:
    from snakemake.io import flag  # only there when Snakemake reads the Snakefile

    path: str = flag(out.path, "update") if out.persist else out.path
    return path


def _are_one(out: str, path: str) -> bool:
    """Whether one of the two is, or holds, the other."""
    return f"{path}/".startswith(f"{out}/") or out.startswith(f"{path}/")


def _pass_on_force(settings: Any) -> None:
    """`--forceall` and its kind skip the cache."""
    if settings and (settings.forceall or settings.forcetargets or settings.forcerun):
        os.environ["NBSNAKE_RESTORE"] = "0"
