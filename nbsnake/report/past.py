"""An earlier state of a project, from what git, dvc.lock, the cache and kept notebooks hold.

A step is fresh where dvc.lock of the revision records a run of the revision's command, values and
sources. What git does not hold is not known, and :attr:`View.not_known` says so.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from nbsnake.compare.rows import Row, StageResult, leaves
from nbsnake.dvc.lockfile import Entry, parse_lock
from nbsnake.job.cache import Cache
from nbsnake.job.content import Digest
from nbsnake.job.executed import kept_notebook
from nbsnake.job.plan import Plan, PlannedOut, PlannedStep
from nbsnake.job.regular import open_regular
from nbsnake.job.run import Run
from nbsnake.job.runcache import run_value
from nbsnake.job.say import few
from nbsnake.names import LOCK_FILE
from nbsnake.report.committed import commit_of, file_at, md5s_at, text_at
from nbsnake.report.graph import graph_of
from nbsnake.report.jobs import job_of_notebook
from nbsnake.report.states import StepState, totals
from nbsnake.report.timeline import Job, last_run, longest_chain
from nbsnake.report.view import FileView, MetricRow, RunView, StepView, View
from nbsnake.results.freshness import differing
from nbsnake.yaml_limits import limited_time

ALL = ""  # the file of all parameters: a key identifies the value, in whichever file it is


class Past:
    """The project at a revision; ``stages`` are DVC's of it.

    Raises :class:`ToolError` where dvc.lock of the revision is none.
    """

    def __init__(self, rev: str, stages: Sequence[StageResult], cache: Cache) -> None:
        self._rev = rev
        self._commit = commit_of(rev)
        self._lock = parse_lock(text_at(self._commit, LOCK_FILE))
        steps = {stage.name: _planned(stage) for stage in stages}
        self._plan = Plan(steps=steps, params={}, cache=cache)
        self._makers = self._plan.makers()
        self._locked = {
            out["path"]: Digest.from_dict(out)
            for name in steps
            for out in self._lock.get(name, {}).get("outs", ())
            if "md5" in out and "size" in out
        }
        self._sources = self._source_md5s()
        self._notebooks = {name: self._kept(name) for name in steps}

    def view(self, rows: Sequence[Row]) -> View:
        """What the page shows; ``rows`` are those of the metrics."""
        states = [*self._states()]
        jobs = {name: job for name in self._plan.steps if (job := self._job(name))}
        before = {
            step.name: [name for path in step.deps for name in self._makers.get(path, ())]
            for step in self._plan.steps.values()
        }
        return View(
            project=os.path.basename(os.getcwd()),
            rev=self._rev,
            commit=self._commit,
            dirty=False,
            totals=totals(states),
            steps=tuple(self._step(each, jobs.get(each.name)) for each in states),
            graph=graph_of(states, self._plan, self._plan.steps.keys()),
            timeline=tuple(last_run(jobs.values())),
            critical=longest_chain(before, {name: job.seconds for name, job in jobs.items()}),
            due=(),
            due_seconds=0.0,
            due_least=0.0,
            unknown=(),
            metrics=tuple(
                MetricRow(step=row.step, rev=row.rev, params=row.params, metrics=row.metrics)
                for row in rows
            ),
            environments=(),
            not_known=tuple(self._not_known()),
        )

    def notebook(self, step: StepView) -> Any:
        """The notebook of the run that dvc.lock records, or else that of git; None without one."""
        return self._notebooks[step.name] or _numbered(file_at(self._commit, step.notebook))

    def output(self, path: str) -> bytes:
        """The content of an output, from the cache or git. Raises OSError where neither has it."""
        content = self._locked.get(path)
        if content is not None and self._plan.cache.has_object(content.md5):
            with open_regular(self._plan.cache.object_path(content.md5), follow=False) as file:
                return file.read()
        if data := file_at(self._commit, path):
            return data
        raise FileNotFoundError(path)

    def _states(self) -> Iterator[StepState]:
        unsettled: set[str] = set()
        for step in self._plan.steps.values():
            entry = self._lock.get(step.name)
            makers = {name for path in step.deps for name in self._makers.get(path, ())}
            waits = tuple(sorted(makers & unsettled))
            reasons = tuple(self._reasons(step, entry)) if entry else ()
            if not entry:
                state = StepState(step, "never run", (f"{LOCK_FILE} has no run of it",))
            elif reasons:
                state = StepState(step, "stale", reasons, waits)
            else:
                state = StepState(step, "waiting" if waits else "fresh", (), waits, locked=True)
            if state.state != "fresh":
                unsettled.add(step.name)
            yield state

    def _reasons(self, step: PlannedStep, entry: Entry) -> Iterator[str]:
        then = step.locked_run(entry)
        params = {ALL: _flat(then.params)}
        then = step.declared(Run(then.cmd, params, then.deps, then.outs))
        deps = {path: self._md5(path) or then.deps.get(path, "") for path in step.deps}
        outs = {path: then.outs.get(path, "") for path in step.out_paths}
        yield from differing(then, Run(step.cmd, step.params, deps, outs), None)

    def _md5(self, path: str) -> str:
        """What a dep held, "" where that is not known."""
        return self._locked[path].md5 if path in self._locked else self._sources.get(path, "")

    def _source_md5s(self) -> dict[str, str]:
        """The md5s of deps that no step makes, by their content or their ``.dvc`` files."""
        paths = [
            path
            for step in self._plan.steps.values()
            for path in step.deps
            if path not in self._makers and not path.startswith(("/", "../"))
        ]
        found = dict(md5s_at(self._commit, paths))
        for path in paths:
            if path not in found and (md5 := self._tracked(path)):
                found[path] = md5
        return found

    def _tracked(self, path: str) -> str:
        """The md5 in the file that ``dvc add`` or ``dvc import`` wrote, "" without one."""
        text = text_at(self._commit, f"{path}.dvc")
        try:
            with limited_time(text):
                (out,) = (yaml.safe_load(text) or {}).get("outs", ())
            return str(out["md5"])
        except (ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError):
            return ""

    def _kept(self, name: str) -> Any:
        entry = self._lock.get(name)
        return kept_notebook(run_value(entry)) if entry else None

    def _job(self, name: str) -> Job | None:
        return job_of_notebook(name, self._notebooks[name])

    def _step(self, each: StepState, job: Job | None) -> StepView:
        step = each.step
        return StepView(
            name=step.name,
            notebook=step.notebook,
            description="",
            state=each.state,
            reasons=each.reasons,
            waits=each.waits,
            since=None,
            failure="",
            diff=(),
            command=step.cmd if isinstance(step.cmd, str) else "\n".join(step.cmd),
            params=step.params[ALL],
            deps=tuple(self._dep(path) for path in sorted(step.deps)),
            outs=tuple(self._out(path) for path in step.out_paths),
            run=_run(job) if job else None,
            asked={},
            undeclared=(),
            log_path=step.log,
            log="",
            expected=None,
        )

    def _dep(self, path: str) -> FileView:
        makers = self._makers.get(path, ())
        size = self._locked[path].size if path in self._locked else None
        return FileView(path=path, md5=self._md5(path), size=size, maker=next(iter(makers), ""))

    def _out(self, path: str) -> FileView:
        content = self._locked.get(path)
        return (
            FileView(path=path, md5=content.md5, size=content.size)
            if content
            else FileView(path=path)
        )

    def _not_known(self) -> Iterator[str]:
        yield "failed and running steps, logs, memory, environments and requests"
        steps = self._plan.steps
        if lost := [name for name in steps if name in self._lock and not self._notebooks[name]]:
            yield f"when {few(lost)} ran, and their outputs: the notebook shown is the one in git"
        read = {path for step in steps.values() for path in step.deps}
        if unknown := sorted(path for path in read if not self._md5(path)):
            yield f"whether {few(unknown)} changed: neither git nor {LOCK_FILE} has the content"


def _planned(stage: StageResult) -> PlannedStep:
    """The stage in the form that the graph and the comparison of runs take."""
    return PlannedStep(
        name=stage.name,
        notebook=stage.notebook,
        cmd=stage.cmd,
        argv=(),
        deps=stage.deps,
        outs=tuple(map(PlannedOut, stage.outs)),
        params={ALL: {key: value for (_, key), value in stage.params.items()}},
        run_cache=True,
        axes={name: str(value) for name, value in stage.axes.items()},
        lists={},
        keys={},
    )


def _flat(params: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The values of all files by their keys, as :class:`StageResult` has them."""
    return {
        key: leaf
        for values in params.values()
        for name, value in values.items()
        for key, leaf in leaves(value, name)
    }


def _run(job: Job) -> RunView:
    return RunView(
        started=job.started,
        seconds=job.seconds,
        host=job.host,
        cpu_seconds=None,
        peak_memory=None,
        restored=False,
        accepted="",
        commit="",
        as_committed=None,
        environment=None,
    )


def _numbered(data: bytes) -> Any:
    """A notebook of git in the form of an executed one: each cell with its number."""
    try:
        document = json.loads(data)
        for number, cell in enumerate(document["cells"], 1):
            cell["metadata"] = {"nbsnake": {"cell": number}}
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return document
