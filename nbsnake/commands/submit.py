"""``nbsnake submit``"""

import argparse
import os
import shlex
import subprocess
import sys
from collections.abc import Collection, Mapping
from typing import Any

from nbsnake.cluster.profiles import read_profile
from nbsnake.cluster.slurm.ask import ask_cluster
from nbsnake.cluster.slurm.call import LOGS
from nbsnake.cluster.slurm.jobs import (
    cancel_jobs,
    hand_on_messages,
    live_jobs,
    submitted_jobs,
    wrap_slurm_tools,
)
from nbsnake.cluster.slurm.requests import attempts_of, request_of, resources_of, threads_of
from nbsnake.cluster.slurm.submission import (
    LAST,
    Job,
    Submitted,
    next_attempts,
    options_of,
    read_submitted,
    write_submitted,
)
from nbsnake.commands import enter_project_with, no_step_yet
from nbsnake.commands.generate import report
from nbsnake.commands.profile import refuse_unfit
from nbsnake.dvc.current import current_plan
from nbsnake.errors import ToolError, UsageError
from nbsnake.generate.generate import find_pipeline, generate
from nbsnake.generate.unchanged import is_unchanged
from nbsnake.job.digests import read_digests
from nbsnake.job.plan import Plan, PlannedStep
from nbsnake.job.running import become_head
from nbsnake.job.say import few
from nbsnake.job.threads import OPTION
from nbsnake.model.choose import choose_steps
from nbsnake.model.needs import Needs
from nbsnake.model.step import Step
from nbsnake.names import PROFILES_FOLDER
from nbsnake.programs import in_one_line, python_call
from nbsnake.results.freshness import Judge
from nbsnake.results.places import check_folders, check_places
from nbsnake.results.prepare import prepare
from nbsnake.results.sources import check_sources
from nbsnake.snakemake.call import other_head

MOST = 10  # of the jobs that are named


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "steps",
        nargs="*",
        metavar="STEP",
        help="submit these and the steps that they need: names, patterns or notebooks",
    )
    parser.add_argument(
        "--profile", default="slurm", metavar="NAME", help=f"use {PROFILES_FOLDER}/NAME"
    )
    # The last job submits what failed and may be tried again.
    parser.add_argument("--again", action="store_true", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Submit a job for each step that is not fresh, and one that locks what they made.

    Raises :class:`NbsnakeError` for steps that the cluster can never run, and where another run is
    going on or Slurm refuses a job.
    """
    args.steps = enter_project_with(args.steps)
    check_folders()
    folder = f"{PROFILES_FOLDER}/{args.profile}"
    profile = read_profile(folder)
    if profile.get("executor") != "slurm":
        raise UsageError(
            f"{folder} is no profile for Slurm", hint="write one: nbsnake profile slurm"
        )
    if not is_unchanged() and (changes := generate()):
        report(changes)
    lock = become_head()
    if lock is None:
        raise other_head()
    with lock:
        return _submit(args, folder, profile)


def _submit(args: argparse.Namespace, folder: str, profile: Mapping[str, Any]) -> int:
    plan = current_plan()
    if not plan.steps:
        no_step_yet()
    check_places(plan)
    check_sources(plan, lambda path: False)
    wrap_slurm_tools()
    hand_on_messages()
    record = read_submitted()
    names = {*plan.steps, LAST}
    noted = {name: job for name, job in submitted_jobs().items() if name in names}
    live = live_jobs(record.jobs | noted)
    last = live.pop(LAST, "")
    if last == os.environ.get("SLURM_JOB_ID"):
        last = ""  # this one
    before = record.attempts if args.again else {}
    steps = {step.name: step for step in find_pipeline().steps}
    needs = {name: _needs(step, steps) for name, step in plan.steps.items()}
    most = {name: attempts_of(each, profile) for name, each in needs.items()}
    makers = _makers(plan)
    tried = next_attempts(_due(args, plan, live), makers, before, most)
    rules = {plan.steps[name].rule for name in tried}
    _refuse_deployed([steps[rule] for rule in rules if rule in steps], profile)
    partition = refuse_unfit(
        ask_cluster(), [step for name, step in steps.items() if name in rules], folder
    )
    defaults = {"slurm_partition": partition}
    jobs, attempts = dict(live), {name: record.attempts.get(name, 1) for name in live}
    for name, attempt in tried.items():
        job = _job(plan.steps[name], needs[name], profile, defaults, attempt)
        after = [number for maker, number in jobs.items() if maker in makers[name]]
        jobs[name], attempts[name] = _submitted(job, after, "afterok"), attempt
        write_submitted(Submitted(jobs, {**before, **attempts}))
    if jobs:
        closing = _submitted(_last_job(args, profile, defaults), jobs.values(), "afterany")
        jobs[LAST] = closing
        if last:
            cancel_jobs([last])
    elif last:
        jobs[LAST] = last
    write_submitted(Submitted(jobs, {**before, **attempts}))
    shown = few([f"{name} (job {jobs[name]})" for name in tried], MOST)
    print(f"submitted {shown}" if tried else "nothing to submit", file=sys.stderr)
    return 0


def _needs(step: PlannedStep, steps: Mapping[str, Step]) -> Needs:
    """What the step needs of its machine; a stage that a person wrote does not say."""
    return steps[step.rule].needs if step.rule in steps else Needs()


def _refuse_deployed(steps: Collection[Step], profile: Mapping[str, Any]) -> None:
    """Raise for steps in environments that only Snakemake makes."""
    is_deployed = any(name in profile for name in ("software-deployment-method", "sdm"))
    needing = [step.name for step in steps if step.needs.conda or step.needs.container]
    if is_deployed and needing:
        raise UsageError(
            f"the profile runs steps in environments that Snakemake makes: {few(needing)}",
            hint="use: nbsnake run --profile",
        )


def _makers(plan: Plan) -> dict[str, set[str]]:
    """By step, those that make what it reads."""
    makers = plan.makers()
    return {
        name: {maker for path in step.deps for maker in makers.get(path, ())}
        for name, step in plan.steps.items()
    }


def _last_job(
    args: argparse.Namespace, profile: Mapping[str, Any], defaults: Mapping[str, Any]
) -> Job:
    """The job that locks what the others made, and submits what is to be tried again."""
    resources = {**defaults, **resources_of(Needs(), LAST, profile)}
    again = ("submit", "--again", "--profile", args.profile, *args.steps)
    calls = (shlex.join(python_call("nbsnake", *words)) for words in (("sync",), again))
    lock, go_on = calls
    script = ("sh", "-c", f"{lock}; code=$?; {go_on} || exit; exit $code")
    return Job(LAST, script, options_of(request_of(resources, 1, 1), resources))


def _due(args: argparse.Namespace, plan: Plan, live: Collection[str]) -> list[str]:
    """The steps to submit, in an order in which each follows those that it needs."""
    notebooks = {name: step.notebook for name, step in plan.steps.items()}
    chosen = choose_steps(args.steps, notebooks) if args.steps else []
    targets = [path for name in chosen for path in plan.steps[name].made_paths]
    digests = read_digests()
    judge = Judge(plan, digests)
    verdicts = prepare(judge, targets) if not live else judge.verdicts()
    digests.save()
    needed = plan.needed_for(targets)
    return [
        name
        for name, step in plan.steps.items()
        if name in needed
        and name not in live
        and not step.frozen
        and verdicts[name].state != "fresh"
        and not verdicts[name].settled
    ]


def _job(
    step: PlannedStep,
    needs: Needs,
    profile: Mapping[str, Any],
    defaults: Mapping[str, Any],
    attempt: int,
) -> Job:
    """The job of a step: as its rule has it, without Snakemake."""
    resources = {**defaults, **resources_of(needs, step.rule, profile)}
    threads = threads_of(needs, step.rule, profile)
    for path in (*step.out_paths, step.log, f"{LOGS}/x"):
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    option = [f"{OPTION}{threads}"] if needs.threads is not None else []
    command = ["nbsnake", "exec", step.name, *option]
    words = (*command, "--", *step.argv) if step.argv else (*command,)
    options = options_of(request_of(resources, threads, attempt), resources)
    return Job(step.name, words, options, step.log)


def _submitted(job: Job, after: Collection[str], how: str) -> str:
    """Submit a job; its number. Raises :class:`ToolError` where Slurm refuses it."""
    words = job.words(after, how)
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    number = done.stdout.strip().partition(";")[0]
    if done.returncode or not number.isdecimal():
        raise ToolError(
            f"sbatch refused the job of {job.name!r}: {in_one_line(done.stderr)}",
            hint="what was submitted before it goes on; then: nbsnake submit",
        )
    return number
