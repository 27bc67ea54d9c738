"""From the records of a project to the values that a report shows."""

import hashlib
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from nbsnake.compare.rows import Row
from nbsnake.dvc.scan import check_git_files
from nbsnake.job.commit import head_commit
from nbsnake.job.executed import notebook_path
from nbsnake.job.own import read_own
from nbsnake.job.plan import PlannedStep
from nbsnake.job.receipt import Receipt
from nbsnake.job.regular import open_regular
from nbsnake.model.needs import Needs
from nbsnake.names import LOCK_FILE
from nbsnake.programs import git_call
from nbsnake.report.graph import graph_of
from nbsnake.report.jobs import job_of
from nbsnake.report.states import StepState, totals
from nbsnake.report.timeline import expected_seconds, last_run, longest_chain
from nbsnake.report.view import FileView, MetricRow, RunView, StepView, View
from nbsnake.results.cells import code_change
from nbsnake.results.failures import failure_lines
from nbsnake.results.freshness import Judge

TAIL = 4000  # bytes of a log that are shown


class About(NamedTuple):
    """What only the notebook says of a step."""

    description: str = ""
    needs: Needs = Needs()


def view_of(
    judge: Judge, states: Sequence[StepState], about: Mapping[str, About], rows: Iterable[Row]
) -> View:
    """The project as it is; ``about`` is by the name that a step shares with its variants."""
    gatherer = _Gatherer(judge, states)
    steps = tuple(gatherer.step(each, about.get(each.step.rule, About())) for each in states)
    due = [each.name for each in states if each.state != "fresh"]
    expected = {step.name: step.expected for step in steps if step.expected is not None}
    before = gatherer.before()
    chain = longest_chain({name: before[name] for name in due}, expected)
    return View(
        project=os.path.basename(os.getcwd()),
        commit=head_commit(),
        dirty=_is_dirty(),
        totals=totals(states),
        steps=steps,
        graph=graph_of(states, judge.plan, judge.plan.steps.keys()),
        timeline=tuple(last_run(gatherer.jobs.values())),
        critical=longest_chain(before, gatherer.seconds()),
        due=tuple(due),
        due_seconds=sum(expected.get(name, 0.0) for name in due),
        due_least=sum(expected.get(name, 0.0) for name in chain),
        unknown=tuple(name for name in due if name not in expected),
        metrics=tuple(
            MetricRow(step=row.step, rev=row.rev, params=row.params, metrics=row.metrics)
            for row in rows
        ),
        environments=tuple(gatherer.environments),
    )


class _Gatherer:
    """Reads each record once."""

    def __init__(self, judge: Judge, states: Sequence[StepState]) -> None:
        self._judge = judge
        self._makers = judge.plan.makers()
        self.environments: dict[tuple[str, ...], int] = {}
        self._committed = _Committed()
        names = [each.name for each in states]
        found = {name: receipt for name in names if (receipt := judge.receipt(name))}
        self.jobs = {name: job for name in found if (job := job_of(found[name]))}
        self._expected = expected_seconds(names, self.seconds())

    def seconds(self) -> dict[str, float]:
        """How long each step's last job took."""
        return {name: job.seconds for name, job in self.jobs.items()}

    def before(self) -> dict[str, list[str]]:
        """By step, the steps that it needs."""
        steps = self._judge.plan.steps.values()
        return {
            step.name: [*dict.fromkeys(n for path in step.deps for n in self._makers.get(path, ()))]
            for step in steps
        }

    def step(self, each: StepState, about: About) -> StepView:
        step = each.step
        receipt = self._judge.receipt(step.name)
        return StepView(
            name=step.name,
            notebook=step.notebook,
            description=about.description,
            state=each.state,
            reasons=each.reasons,
            waits=each.waits,
            since=each.since,
            failure="\n".join(failure_lines(step, each.failure)) if each.failure else "",
            diff=self._diff(each, receipt),
            command=step.cmd if isinstance(step.cmd, str) else "\n".join(step.cmd),
            params={k: v for values in step.params.values() for k, v in values.items()},
            deps=tuple(self._file(path) for path in sorted(step.deps)),
            outs=tuple(replace(self._file(path), maker="") for path in step.out_paths),
            run=self._run(step, receipt) if receipt else None,
            asked=_asked(about.needs),
            undeclared=tuple(_undeclared(receipt)) if receipt else (),
            log_path=step.log,
            log=_tail(step.log),
            expected=self._expected.get(step.name),
        )

    def _diff(self, each: StepState, receipt: Receipt | None) -> tuple[str, ...]:
        if each.state == "fresh" or not receipt:
            return ()
        change = code_change(each.step, receipt)
        return tuple(line.rstrip("\n") for line in change.diff()) if change else ()

    def _file(self, path: str) -> FileView:
        content = self._judge.content(path)
        makers = self._makers.get(path, ())
        maker = makers[0] if makers else ""
        if content is None:
            return FileView(path=path, maker=maker)
        return FileView(path=path, md5=content.md5, size=content.size, maker=maker)

    def _run(self, step: PlannedStep, receipt: Receipt) -> RunView:
        job = self.jobs.get(step.name)
        own = not receipt.restored and not receipt.accepted
        md5 = receipt.run.deps.get(step.script, "") if step.script else ""
        return RunView(
            started=job.started if job else receipt.started,
            seconds=job.seconds if job else None,
            host=job.host if job else receipt.host,
            cpu_seconds=receipt.cpu_seconds if own else None,
            peak_memory=receipt.peak_memory if own else None,
            restored=receipt.restored,
            accepted=receipt.accepted,
            commit=receipt.commit,
            as_committed=self._committed.has(receipt.commit, step.script, md5),
            environment=self._environment(receipt),
        )

    def _environment(self, receipt: Receipt) -> int | None:
        if not receipt.python:
            return None
        lines = (f"Python {receipt.python}, {receipt.platform}",)
        packages = tuple(f"{name} {version}" for name, version in sorted(receipt.packages.items()))
        return self.environments.setdefault(lines + packages, len(self.environments))


class _Committed:
    """Whether files were at commits what they were in runs."""

    def __init__(self) -> None:
        self._md5s: dict[tuple[str, str], str] = {}

    def has(self, commit: str, path: str, md5: str) -> bool | None:
        """Whether the file had this md5; None where that is not known."""
        if not commit or not path or not md5:
            return None
        if (commit, path) not in self._md5s:
            self._read(commit)
        return self._md5s.get((commit, path)) == md5

    def _read(self, commit: str) -> None:
        """The md5 of each script at a commit, by one call of git."""
        listed = _git("ls-tree", "-r", "-z", commit, "--", "workflow/scripts").split(b"\0")
        blobs = [line.split(b"\t", 1) for line in listed if b"\t" in line]
        names = b"".join(head.split()[2] + b"\n" for head, _ in blobs)
        found = _git("cat-file", "--batch", given=names)
        for _, path in blobs:
            head, _, rest = found.partition(b"\n")
            size = int(head.split()[-1]) if head.split()[-1:] and head.split()[-1].isdigit() else 0
            md5 = hashlib.md5(rest[:size], usedforsecurity=False).hexdigest()
            self._md5s[commit, os.fsdecode(path)] = md5
            found = rest[size + 1 :]


def _asked(needs: Needs) -> dict[str, str]:
    named = {"threads": needs.threads, "conda": needs.conda, "container": needs.container}
    given = {name: str(value) for name, value in named.items() if value}
    return given | {each.name: each.text for each in needs.resources}


def _undeclared(receipt: Receipt) -> Iterator[str]:
    for what, paths in receipt.undeclared.items():
        yield from (f"{what} {path}" for path in paths)


def _tail(path: str) -> str:
    try:
        with open_regular(path) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    lines = text.split("\n")[1 if size > TAIL else 0 :]
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines).rstrip()


def lock_commits(most: int, rev: str = "HEAD") -> list[str]:
    """The last commits up to one that changed dvc.lock, the newest first, by their short names."""
    log = _git("log", f"-n{most}", "--format=%h", "--end-of-options", rev, "--", LOCK_FILE)
    return log.decode(errors="replace").split()


def _is_dirty() -> bool | None:
    """Whether files that git tracks differ from its commit; None without git."""
    check_git_files()
    done = _called("status", "--porcelain", "--untracked-files=no")
    return bool(done.stdout.strip()) if done and done.returncode == 0 else None


def _git(*words: str, given: bytes = b"") -> bytes:
    done = _called(*words, given=given)
    return done.stdout if done else b""


def _called(*words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes] | None:
    try:
        return subprocess.run(git_call(*words), input=given, capture_output=True)
    except OSError:
        return None


def executed(step: StepView) -> Any:
    """The notebook of the step's last run, or of its failure; None where there is none."""
    failed = step.state == "failed"
    path = notebook_path(step.name, failed=failed)
    return read_own(path) if Path(path).exists() else None
