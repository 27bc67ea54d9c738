"""One reading of the Snakefile: what nbsnake does while Snakemake reads it, and after the run."""

import contextlib
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any

from nbsnake.bars import bars_for_long_work
from nbsnake.cluster.slurm.jobs import (
    cancel_waiting_jobs,
    end_left_jobs,
    forget_ended_jobs,
    hand_on_messages,
    wrap_slurm_tools,
)
from nbsnake.dvc.current import current_plan
from nbsnake.errors import NbsnakeError, ToolError, UsageError, os_error_text, raise_all
from nbsnake.generate.drift import Outdated, find_outdated
from nbsnake.job.digests import Digests, read_digests
from nbsnake.job.locks import Lock
from nbsnake.job.plan import Plan, read_plan
from nbsnake.job.running import become_head, wait_for_orphans
from nbsnake.job.rwlock import wait_for_writers
from nbsnake.job.say import say
from nbsnake.merging.drivers import MERGES_FOR_GIT, install_drivers
from nbsnake.programs import python_call
from nbsnake.remote import left
from nbsnake.results.cells import reason_lines
from nbsnake.results.failures import recent_failures
from nbsnake.results.freshness import Judge, Verdict
from nbsnake.results.places import check_places, hide_values
from nbsnake.results.prepare import prepare
from nbsnake.results.sources import check_sources, reset_future_times
from nbsnake.snakemake.call import other_head
from nbsnake.snakemake.ending import Ending
from nbsnake.snakemake.kinds import follow_disk
from nbsnake.snakemake.modes import keep_going, read_mode
from nbsnake.snakemake.retries import keep_workflow
from nbsnake.snakemake.seal import mark_done, seal
from nbsnake.snakemake.unread import (
    has_only_own_rules,
    leave_out,
    may_leave_out,
    rules_with_nothing_to_do,
)
from nbsnake.snakemake.words import Words


def open_session(workflow: Any, config: dict[str, Any]) -> "Session":
    """Prepare the project for Snakemake's decision; ``workflow`` and ``config`` are its globals.

    Raises :class:`SystemExit` for a fault in the project, after its message.
    """
    with _no_traceback(), bars_for_long_work():
        return _open(workflow, config)


@contextlib.contextmanager
def _no_traceback() -> Iterator[None]:
    """Raise :class:`SystemExit` for a fault in the project, after its message."""
    try:
        yield
    except NbsnakeError as error:
        say(error)
        raise SystemExit(error.exit_code) from None
    except OSError as error:
        say(os_error_text(error))
        raise SystemExit(ToolError.exit_code) from None


def _open(workflow: Any, config: dict[str, Any]) -> "Session":
    _find_own_tools()
    _check_root()
    if workflow.is_main_process:
        return _open_head(workflow, config)
    keep_going()
    plan = read_plan() or current_plan()  # a job takes what its head made
    _read_as_dvc_does(config, plan, workflow.config_settings)
    follow_disk({step.rule for step in plan.steps.values()})
    return Session(workflow, config, plan, read_digests(), {})


def _check_root() -> None:
    """Raise where Snakemake works in another folder than the project's root."""
    if not os.path.isdir(".dvc"):
        raise UsageError(
            f"Snakemake works in {os.getcwd()}, which is not the root of a DVC project",
            hint="call it in the project's root, without --directory",
        )


def _open_head(workflow: Any, config: dict[str, Any]) -> "Session":
    keep_workflow(workflow)
    plan, digests = current_plan(), read_digests()
    _read_as_dvc_does(config, plan, workflow.config_settings)
    follow_disk({step.rule for step in plan.steps.values()})
    mode = read_mode()
    if not mode.lints:
        check_places(plan)
        hide_values()
    is_dry = bool(workflow.output_settings.dryrun)
    lock = become_head()
    runs = mode.runs_jobs and not is_dry and lock is not None
    wrap_slurm_tools()
    if lock is None and mode.runs_jobs and mode.locks and not is_dry:
        raise other_head()
    if lock and not is_dry:
        cancel_waiting_jobs()  # or they would start while others are waited for
        wait_for_orphans()
        if runs:
            hand_on_messages()
            end_left_jobs()
            wait_for_writers(plan)
    outdated = find_outdated() if mode.runs_jobs else Outdated()
    _check(plan, outdated, runs=runs)
    if runs and _update_inside(plan, digests):
        plan = current_plan()
    if runs:
        left.begin(plan, reads_all=has_only_own_rules())
    notebooks = {step.notebook for step in plan.steps.values()}
    judge = Judge(plan, digests, outdated.reasons(notebooks))
    verdicts = prepare(judge, mode.targets) if runs else judge.verdicts()
    if mode.runs_jobs:
        needed = plan.needed_for(mode.targets)
        _report(judge, [each for name, each in verdicts.items() if name in needed])
        if not mode.sees_content:
            _refuse_blind_run(verdicts.values())
    unread: set[str] = set()
    if runs and outdated == Outdated() and may_leave_out(workflow):
        unread = rules_with_nothing_to_do(plan, verdicts)
        leave_out(workflow, unread)
    words = (workflow, config, plan, digests, verdicts, unread)
    return Session(*words, lock=lock, runs=runs, checks=not mode.lints)


def _check(plan: Plan, outdated: Outdated, *, runs: bool) -> None:
    """A run over other code than the notebooks' would call its results fresh."""
    if runs:
        outdated.refuse_run()
    if warning := str(outdated):
        say(warning)
    if runs:
        for path in reset_future_times(plan):
            say(f"{path} had a time stamp in the future; it was set to the current time")
        if not plan.no_scm and (merged := install_drivers()):
            say(f"{MERGES_FOR_GIT}: {', '.join(merged)}")


def _update_inside(plan: Plan, digests: Digests) -> bool:
    """Update the ``.dvc`` files that a step reads with their folder, as DVC does before it runs."""
    inside = plan.tracked_inside()
    if not inside:
        return False
    from nbsnake.results.sync import update_tracked  # slow, and seldom needed

    updated = update_tracked(plan, inside, digests)
    if updated:
        say(f"updated to what they track: {', '.join(updated)}")
    return bool(updated)


def _refuse_blind_run(verdicts: Iterable[Verdict]) -> None:
    """Raise where Snakemake would call stale results up to date."""
    unseen = [verdict.step.name for verdict in verdicts if verdict.reasons]
    if unseen:
        raise UsageError(
            "with --rerun-triggers but without 'params' among them, Snakemake ignores the reasons "
            f"for which these steps are stale: {', '.join(unseen)}",
            hint="leave the option out, on the command line and in the profile, or add params",
        )


def _report(judge: Judge, verdicts: Iterable[Verdict]) -> None:
    for message in filter(None, (judge.unseen, judge.legacy)):
        say(message)
    for line in judge.plan.left_lines():
        say(line)
    for line in reason_lines(judge, verdicts):
        say(line)


class Session(Words):
    """What the generated Snakefile asks and calls.

    ``lock`` is held until this process ends; ``runs`` says that this head is going to run jobs,
    and is the only one; ``checks`` that missing sources are a fault.
    """

    def __init__(
        self,
        workflow: Any,
        config: dict[str, Any],
        plan: Plan,
        digests: Digests,
        verdicts: Mapping[str, Verdict],
        unread: Collection[str] = (),
        lock: Lock | None = None,
        *,
        runs: bool = False,
        checks: bool = False,
    ) -> None:
        super().__init__(workflow, config, plan, digests, verdicts, unread)
        self._lock = lock
        self._runs = runs
        self._checks = checks
        self._started = time.time()
        self._ending = Ending(workflow)
        if runs:
            self._ending.install()

    def seal(self) -> None:
        """Make Snakemake's records and the files' times say what the contents say.

        Results of an earlier run that are not in dvc.lock yet are locked now.
        """
        with _no_traceback():
            self._pass_unread()
            read = [each for each in self._verdicts.values() if each.step.rule not in self._unread]
            seal(read, self, self._digests, self._plan.params, self._config)
            if self._workflow.is_main_process:
                self._digests.save()
        pending = any(each.settled and not each.locked for each in self._verdicts.values())
        if pending and self._runs:
            _sync()

    def _pass_unread(self) -> None:
        """Of a rule that is not read, Snakemake asks for no inputs, and is told of no outputs."""
        if self._unread and self._checks:
            self._checks = False
            self._check_sources()
        for verdict in self._verdicts.values():
            if verdict.step.rule in self._unread and not verdict.step.frozen:
                mark_done(verdict.step)

    def _seen(self, path: str) -> str:
        """Snakemake asks for inputs when it has read all rules: now it is known what they make."""
        if self._checks:
            self._checks = False
            self._check_sources()
        return super()._seen(path)

    def _check_sources(self) -> None:
        try:
            check_sources(self._plan, self.is_made_elsewhere)
        except NbsnakeError as error:
            say(error)
            raise SystemExit(error.exit_code) from None

    def sync(self) -> None:
        """Lock what the run made. Called at its end; never fails the run."""
        self._ending.before_sync()
        if not self._workflow.touch:
            _sync()
            left.end(self._plan, read_mode().targets)
            forget_ended_jobs()
            for line in recent_failures(self._plan.steps.values(), self._started):
                say(line)
        self._ending.say_how_to_go_on()


def _sync() -> None:
    done = subprocess.run(python_call("nbsnake", "sync"), stdout=sys.stderr)
    if done.returncode not in (0, 1):  # 1 says that a result may not be locked, and why
        say("dvc.lock is not up to date; run: nbsnake sync")


def _read_as_dvc_does(config: dict[str, Any], plan: Plan, settings: Any) -> None:
    """Take params.yaml as DVC reads it (YAML 1.2), then what the command line sets.

    Snakemake's own reader (YAML 1.1) takes ``1e-5`` for a string and ``on`` for true.
    """
    if settings.replace_workflow_config:
        return
    from snakemake.utils import update_config  # only there when Snakemake reads the Snakefile

    config.update(deepcopy(plan.params))
    given = settings.overwrite_config or {}
    if given:
        from nbsnake.settings.schema import read_schema, word_faults  # slow, and seldom needed

        # Snakemake leaves strings within mappings as they are given; scripts read them by type.
        raise_all(word_faults(read_schema() or {}, given, "--config"))
    update_config(config, given)


def _find_own_tools() -> None:
    """Let jobs find ``nbsnake`` when Snakemake was called by its path, outside a venv."""
    if shutil.which("nbsnake") is None:
        os.environ["PATH"] = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
