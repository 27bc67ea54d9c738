"""``nbsnake exec`` with ``NBSNAKE_REMOTE``: a step runs as a job that sees only the DVC remote.

This process waits for the job, holds the step's locks meanwhile, and leaves the receipt that a job
of this machine would leave. So Snakemake, the sync and DVC need not know of it.
"""

import contextlib
import math
import os
import signal
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from nbsnake.errors import NbsnakeError, ToolError
from nbsnake.job.away import Task
from nbsnake.job.exec import Start, begin
from nbsnake.job.exec import main as exec_main
from nbsnake.job.inside import plain
from nbsnake.job.jobs import Job
from nbsnake.job.patience import PATIENCE
from nbsnake.job.plan import PlannedStep
from nbsnake.job.receipt import Failure, write_failure
from nbsnake.job.say import say
from nbsnake.job.transfer import fetch, forget, is_there
from nbsnake.remote.apart import bring
from nbsnake.remote.processes import ask
from nbsnake.remote.reasons import explain
from nbsnake.remote.result import Bring, ResultError, opened, take
from nbsnake.remote.runs import (
    Run,
    forget_run,
    key_of,
    new_run,
    path_of,
    read_run,
    write_run,
)
from nbsnake.remote.task import start_code, task_of
from nbsnake.remote.template import RUNNING, VARIABLE, Template, read_template

CALLER = "nbsnake exec"
ASK_WHY = 30.0  # seconds between two questions why a job waits
LOOKS = 3  # for the result of a job that has ended: a folder of another machine shows it late


class Stopped(BaseException):
    """A signal asked this process to end."""


def main(argv: list[str]) -> int:
    """As :func:`nbsnake.job.exec.main`."""
    return exec_main(argv, _exec)


def _exec(job: Job, command: list[str], threads: str) -> int:
    start = begin(job, command)
    if isinstance(start, int):
        return start
    try:
        template = read_template(os.environ[VARIABLE])
        with _stopped_by_signals():
            return _run(job, command, threads, start, template)
    except Stopped:
        return 128 + signal.SIGTERM
    except NbsnakeError as error:
        say(f"{job.step.name}: {error}", CALLER)
        write_failure(Failure(job.step.name, error.exit_code, time.time(), error=error.message))
        return error.exit_code


def _run(job: Job, command: list[str], threads: str, start: Start, template: Template) -> int:
    step = job.step
    key = key_of(step, command, start)
    run = _left(job, key, template)
    needed = None if run else task_of(job, command, threads, start, template.apart)
    run = run or new_run(step, key)
    answer = _prepare(job, run, template, *(needed or (None, {})))
    with contextlib.ExitStack() as ended:
        ended.callback(_forget, step, answer["remove"])
        try:
            if needed:
                run = _submit(job, run, template, answer, threads)
            wait(step.name, run, template, answer["result"])
            return _take(job, command, start, answer["result"], partial(bring, job, run, template))
        except Stopped:
            if run.job:
                template.stop(run.job)
            raise
        except OSError as error:
            ended.pop_all()
            raise ToolError(
                f"the result of the job {run.job} cannot be fetched: {error}",
                hint="it stays in the remote: once that answers, run again",
            ) from None


def _forget(step: PlannedStep, urls: list[str]) -> None:
    """Forget a run that has ended, with what it has in the remote."""
    forget_run(step)
    for url in urls:
        with contextlib.suppress(OSError):  # what is left there is of no use, and small
            forget(url)


def _submit(job: Job, run: Run, template: Template, answer: dict[str, Any], threads: str) -> Run:
    step = job.step
    write_run(step, run)
    words = {"name": run.name, "start": start_code(answer["package"], answer["sha256"])}
    run = run._replace(job=template.start(step.name, {**words, "threads": threads or "1"}))
    write_run(step, run)
    say(f"{step.name}: job {run.job}", CALLER)
    return run


def _left(job: Job, key: str, template: Template) -> Run | None:
    """The job that an earlier head left, if it computes what is wanted; another one is ended."""
    run = read_run(job.step)
    if run and not run.job:  # killed before it noted the job
        run = run._replace(job=template.job_named(run.name, job.step.name))
    if run is None or not run.job:
        return None
    if run.key == key and os.environ.get("NBSNAKE_RESTORE") != "0":
        say(f"{job.step.name}: taking the job {run.job} that an earlier run left", CALLER)
        write_run(job.step, run)
        return run
    template.stop(run.job)
    return None


def _prepare(
    job: Job, run: Run, template: Template, task: Task | None, paths: dict[str, str]
) -> dict[str, Any]:
    """What :mod:`nbsnake.remote.prepare` answers. Raises :class:`ToolError`."""
    request = {
        "name": run.name,
        "remote": template.remote,
        "cache": job.cache._asdict(),
        "paths": paths,
        "task": None if task is None else {**task._asdict(), "files": _files(task)},
    }
    return ask("nbsnake.remote.prepare", request, "the DVC remote did not take what the job needs")


def _files(task: Task) -> list[dict[str, Any]]:
    return [file._asdict() for file in task.files]


def wait(step: str, run: Run, template: Template, result: str) -> None:
    """Wait for the result of a job; what keeps the job waiting is said.

    A remote that does not answer is waited for as long as the job runs, and then for
    :data:`PATIENCE`. Raises :class:`OSError` then, and :class:`ToolError` for a job that has ended
    and left no result.
    """
    shown, asked, until, looks = set[str](), time.monotonic(), math.inf, 0
    while True:
        state, printed = template.ask(run.job)
        line = ""
        if state != RUNNING:
            until = min(until, time.monotonic() + PATIENCE)
        try:
            if is_there(result):
                return
        except OSError as error:
            if time.monotonic() > until:
                raise
            line = f"the remote does not answer: {error}; waiting for it"
        else:
            looks += state != RUNNING
            if looks == LOOKS:
                raise _lost(run, template, printed)
            if time.monotonic() >= asked + ASK_WHY:
                line, asked = _why_it_waits(step, run, template), time.monotonic()
        if line and line not in shown:
            say(line, CALLER)
            shown.add(line)
        time.sleep(template.poll)


def _lost(run: Run, template: Template, printed: str) -> ToolError:
    detail = "; ".join(filter(None, (printed, template.why(run.job))))
    reason = explain(detail)
    return ToolError(
        f"the job {run.job} ended without a result: "
        + (f"{reason.meaning} ({detail})" if reason else detail),
        hint=reason.hint
        if reason
        else "its own log, on the machine or in the batch system, has more",
    )


def _why_it_waits(step: str, run: Run, template: Template) -> str:
    detail = template.why(run.job)
    reason = explain(detail)
    return f"{step}: the job {run.job} waits: {reason.meaning} ({detail})" if reason else ""


def _take(job: Job, command: list[str], start: Start, url: str, bring: Bring) -> int:
    path = plain(path_of(job.step, ".tar"))
    try:
        fetch(url, path)
        with opened(path, plain(path_of(job.step, ".objects"))) as result:
            return take(job, command, start, result, bring)
    except ResultError as error:
        error.hint = error.hint or "run the step again"
        raise
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


@contextlib.contextmanager
def _stopped_by_signals() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise Stopped

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
