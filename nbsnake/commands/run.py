"""``nbsnake run``"""

import argparse
import os
import sys
import time
from collections.abc import Collection
from pathlib import Path

from nbsnake.cluster.slurm.jobs import cancel_waiting_jobs, end_left_jobs
from nbsnake.commands import enter_project_with, no_step_yet
from nbsnake.commands.generate import report
from nbsnake.commands.sync import lock_rest, report_synced
from nbsnake.commands.sync import run as sync
from nbsnake.dvc.current import current_plan
from nbsnake.errors import ToolError, UsageError
from nbsnake.escape import write_escaped
from nbsnake.generate.snakefile import missing_includes
from nbsnake.generate.unchanged import is_unchanged
from nbsnake.job.digests import read_digests
from nbsnake.job.executed import ALL_CELLS, MARKED
from nbsnake.job.plan import Plan
from nbsnake.job.receipt import read_failure
from nbsnake.job.running import head_is_alive, wait_for_orphans
from nbsnake.job.say import few, say
from nbsnake.job.threads import allotted_cores
from nbsnake.model.choose import choose_steps, choose_variants
from nbsnake.names import PROFILES_FOLDER
from nbsnake.remote import left
from nbsnake.remote.template import FOLDER, VARIABLE, read_template
from nbsnake.report.summary import run_summary
from nbsnake.results.freshness import Judge
from nbsnake.results.places import check_folders
from nbsnake.results.sync import Synced
from nbsnake.snakemake.call import QUIET, SIGNALLED, run_snakemake, unlock_if_dead
from nbsnake.snakemake.targets import targets_of
from nbsnake.snakemake.unneeded import NOTHING, NOTHING_OF, bring_up_to_date
from nbsnake.styles import has_color, width_of

DRY_RUN = frozenset({"-n", "--dry-run", "--dryrun"})
# Options of Snakemake that may set the number of cores.
PROFILES = frozenset({"--workflow-profile", "--profile", "--executor", "-e", "--cores", "-c"})
REMOTE_CORES = "100"  # of jobs on other machines at the same time


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.usage = (
        "nbsnake run [-h] [-n] [-j N] [-k] [--quiet] [-f STEP] [--alone STEP] [--profile NAME]"
        " [--remote NAME] [--client NAME] [--only AXIS=VALUE] [--no-restore] [--all-cells]"
        " [STEP ...] [-- SNAKEMAKE ARGS]"
    )
    parser.add_argument(
        "-n", "--dry-run", action="store_true", help="say what would run, and why; change nothing"
    )
    _add_choice(parser)
    _add_manner(parser)


def _add_choice(parser: argparse.ArgumentParser) -> None:
    """Declare the options that say which steps run."""
    parser.add_argument(
        "-f",
        "--force",
        action="append",
        default=[],
        metavar="STEP",
        help="run this step even if it is fresh, and restore nothing from the cache",
    )
    parser.add_argument(
        "--alone",
        action="append",
        default=[],
        metavar="STEP",
        help="run this step only, on its inputs as they are",
    )
    parser.add_argument(
        "steps",
        nargs="*",
        metavar="STEP",
        help="run these and the steps that they need: names, patterns or notebooks (default: all)",
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        type=_axis_value,
        metavar="AXIS=VALUE",
        help="only variants with this value, and the steps that they need",
    )
    parser.add_argument(
        "--client",
        dest="only",
        action="append",
        type=lambda name: ("client", name),
        metavar="NAME",
        help="one client: short for --only client=NAME",
    )
    parser.add_argument(
        "--no-restore",
        action="store_true",
        help="compute results even if they are in the cache",
    )


def _add_manner(parser: argparse.ArgumentParser) -> None:
    """Declare the options that say how and where steps run, and what is shown of them."""
    parser.add_argument(
        "-k", "--keep-going", action="store_true", help="go on with other steps after a failure"
    )
    parser.add_argument(
        "-j", "--jobs", metavar="N", help="cores to use (default: all, or as in the profile)"
    )
    parser.add_argument(
        "--profile",
        metavar="NAME",
        help=f"use {PROFILES_FOLDER}/NAME, for example from 'nbsnake profile slurm'",
    )
    parser.add_argument(
        "--remote",
        metavar="NAME",
        help=f"run steps as jobs that need only the DVC remote, as {FOLDER}/NAME.yaml says",
    )
    parser.add_argument("--quiet", action="store_true", help="print only failures and a summary")
    parser.add_argument(
        "--all-cells",
        action="store_true",
        help="show also cells marked as without effect in the notebooks of steps that run",
    )


def run(args: argparse.Namespace) -> int:
    """Generate, run Snakemake, and check that all is locked; Snakemake's failure is 1 or 3."""
    args.steps = enter_project_with(args.steps)
    check_folders()  # where Snakemake writes before it reads the Snakefile
    if args.remote:
        _use_remote(args)
    if args.dry_run:
        return _dry_run(args)
    if DRY_RUN.intersection(args.rest):
        _report_changes()
        return run_snakemake([*_where(args), *args.rest])
    if not is_unchanged():
        _generate()
    if missing := missing_includes():
        say(missing)
    plan = current_plan()
    if not plan.steps:
        no_step_yet()
    steps = _chosen(args, plan)
    frozen = [step for step in steps if plan.steps[step].frozen]
    for step in frozen:
        print(f"{step} is frozen: it never runs", file=sys.stderr)
    if frozen and len(frozen) == len(steps):
        return sync(args)
    _end_earlier_runs()
    _tell_jobs(args, plan)
    started, where = time.time(), _where(args)
    targets = targets_of(plan, [step for step in steps if step not in frozen])
    forced = _forced(args, plan)
    if not args.rest and not forced:
        synced = bring_up_to_date(plan, targets, _profile(args))
        if synced is not None:
            _report_nothing_to_do(args, plan, targets, synced)
            _summarize(plan, started)
            return _check_brought(args, plan, targets)
    if args.profile:
        _refuse_unfit(args, plan, targets)
    code = _run_steps(args, plan, [*targets, *forced, *where], started)
    _summarize(plan, started)
    return code or lock_rest(targets) or _check_brought(args, plan, targets)


def _end_earlier_runs() -> None:
    """See to the lock and the jobs of heads that were killed."""
    if not head_is_alive():
        cancel_waiting_jobs()  # or they would start while others are waited for
    if unlock_if_dead():
        print("removed the lock that a killed run left", file=sys.stderr)
    if not head_is_alive():
        wait_for_orphans()
        end_left_jobs()


def _tell_jobs(args: argparse.Namespace, plan: Plan) -> None:
    """Set the variables that jobs and the display read."""
    if args.no_restore or args.alone:
        os.environ["NBSNAKE_RESTORE"] = "0"
    if args.quiet:
        os.environ[QUIET] = "1"
    if args.all_cells:
        _show_all_cells(plan)


def _report_nothing_to_do(
    args: argparse.Namespace, plan: Plan, targets: Collection[str], synced: Synced
) -> None:
    report_synced(synced)
    if plan.steps:
        print(NOTHING_OF if targets else NOTHING, file=sys.stderr)
    if args.all_cells:
        print("to show all cells of a fresh step, run it again: -f STEP", file=sys.stderr)


def _run_steps(args: argparse.Namespace, plan: Plan, words: list[str], started: float) -> int:
    """Call Snakemake with these words and those of the user; the exit code."""
    more = ["--keep-going"] if args.keep_going else []
    code = run_snakemake([*words, *more, "--logger", "nbsnake", *args.rest])
    if code == 0 or code > SIGNALLED:
        return code
    failed = [name for name in plan.steps if (f := read_failure(name)) and f.ended >= started]
    return 1 if failed else 3


def _check_brought(args: argparse.Namespace, plan: Plan, targets: Collection[str]) -> int:
    """The exit code for what was asked for and did not come from the DVC remote.

    Words of the user's may ask Snakemake for something else.
    """
    missing = left.not_brought(plan, targets) if args.remote and not args.rest else []
    if missing:
        say(f"not here: {few(missing)}; run: nbsnake pull")
    return ToolError.exit_code if missing else 0


def _use_remote(args: argparse.Namespace) -> None:
    """Have each job of this run start one elsewhere. Raises for settings that cannot be read."""
    if args.profile:
        raise UsageError(
            "--remote and --profile cannot be combined",
            hint="to submit to a cluster whose nodes see only the DVC remote, "
            "write its command into the file of --remote",
        )
    path = f"{FOLDER}/{args.remote}.yaml"
    if not os.path.exists(path):
        raise UsageError(f"there is no {path}", hint="docs/cluster.md shows what it contains")
    read_template(path)
    os.environ[VARIABLE] = path


def _dry_run(args: argparse.Namespace) -> int:
    """Say what would be generated and run."""
    from nbsnake.generate.drift import find_outdated  # for this option only
    from nbsnake.report.due import due_lines, due_states  # slow, and for this option only

    _report_changes()
    plan, outdated = current_plan(), find_outdated()
    targets = targets_of(plan, _chosen(args, plan))
    notebooks = {step.notebook for step in plan.steps.values()}
    judge = Judge(plan, read_digests(), outdated.reasons(notebooks))
    needed, forced = plan.needed_for(targets), _forced_steps(args, plan)
    if args.alone:
        needed = set(forced)
    due = due_states(judge, needed, forced)
    for line in due_lines(due, width_of(sys.stdout), color=has_color(sys.stdout)):
        write_escaped(f"{line}\n")
    return 0


def _report_changes() -> None:
    """Name what would be generated."""
    if is_unchanged():
        return
    from nbsnake.generate.generate import find_changes  # slow, and not always needed

    if changes := find_changes():
        report(changes, dry_run=True)


def _chosen(args: argparse.Namespace, plan: Plan) -> list[str]:
    """The steps that are asked for, () for all."""
    notebooks = {name: step.notebook for name, step in plan.steps.items()}
    words = [*args.steps, *args.alone]
    steps = choose_steps(words, notebooks) if words else []
    return _of_axes(plan, steps, _wanted(args.only)) if args.only else steps


def _forced_steps(args: argparse.Namespace, plan: Plan) -> list[str]:
    notebooks = {name: step.notebook for name, step in plan.steps.items()}
    words = [*args.force, *args.alone]
    return choose_steps(words, notebooks) if words else []


def _forced(args: argparse.Namespace, plan: Plan) -> list[str]:
    """Snakemake's options for steps that run though they are fresh, or without those before."""
    steps = _forced_steps(args, plan)
    if args.alone:
        rules = dict.fromkeys(plan.steps[each].rule for each in steps)
        return ["--force", "--allowed-rules", *rules]
    return ["--forcerun", *targets_of(plan, steps)] if steps else []


def _summarize(plan: Plan, started: float) -> None:
    if summary := run_summary(plan.steps, started):
        print(summary, file=sys.stderr)


def _show_all_cells(plan: Plan) -> None:
    """Have the jobs of this run show the cells that are marked as without effect.

    That is no part of a step's command, by which results are known: they stay those of the step.
    """
    from nbsnake.generate.marked import write_marked  # slow, and for this option only

    write_marked({step.notebook for step in plan.steps.values()})
    os.environ[ALL_CELLS] = os.path.abspath(MARKED)


def _generate() -> None:
    from nbsnake.generate.generate import (  # slow, and not needed where nothing has changed
        generate,
        overruled_literals,
    )

    if changes := generate():
        report(changes)
        for note in overruled_literals(changes):
            print(note, file=sys.stderr)


def _profile(args: argparse.Namespace) -> str:
    return f"{PROFILES_FOLDER}/{args.profile}" if args.profile else ""


def _where(args: argparse.Namespace) -> list[str]:
    """Where the steps run; a number of cores would bound a whole cluster.

    In a job of a batch system, the cores are those of the job, also where it may use others.
    """
    folder = _profile(args)
    if folder and not Path(folder).is_dir():
        raise UsageError(
            f"there is no profile {folder}",
            hint=f"write one: nbsnake profile {args.profile}"
            if args.profile in ("slurm", "generic")
            else "nbsnake profile slurm|generic writes one",
        )
    given = PROFILES.intersection(word.partition("=")[0] for word in args.rest)
    here = REMOTE_CORES if args.remote else allotted_cores() or "all"
    cores = args.jobs or ("" if folder or given else here)
    return [
        *(["--workflow-profile", folder] if folder else []),
        *(["--cores", cores] if cores else []),
    ]


def _refuse_unfit(args: argparse.Namespace, plan: Plan, targets: list[str]) -> None:
    """Raise for steps that are going to run and that no node of the cluster can run."""
    from nbsnake.cluster.profiles import read_profile  # slow, and for --profile only

    folder = _profile(args)
    if read_profile(folder).get("executor") != "slurm":
        return
    from nbsnake.cluster.slurm.ask import ask_cluster  # slow, and for Slurm only
    from nbsnake.commands.profile import refuse_unfit  # it compiles the notebooks
    from nbsnake.generate.generate import find_pipeline  # it compiles the notebooks
    from nbsnake.report.due import due_states  # slow, and for Slurm only

    needed, forced = plan.needed_for(targets), _forced_steps(args, plan)
    states = due_states(Judge(plan, read_digests()), needed, needed if args.rest else forced)
    due = {each.step.rule for each in states}
    steps = [step for step in find_pipeline().steps if step.name in due]
    try:
        refuse_unfit(ask_cluster(), steps, folder)
    except ToolError as error:  # Slurm is away: submissions wait for it
        say(f"whether the steps fit is not checked: {error.message}")


def _axis_value(word: str) -> tuple[str, str]:
    axis, equals, value = word.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{word!r} is not of the form AXIS=VALUE")
    return axis, value


def _wanted(given: list[tuple[str, str]]) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for axis, value in given:
        if wanted.setdefault(axis, value) != value:
            raise UsageError(
                f"{axis} is given twice: {wanted[axis]} and {value}",
                hint="name the variants instead, with patterns: 'train@*'",
            )
    return wanted


def _of_axes(plan: Plan, steps: list[str], wanted: dict[str, str]) -> list[str]:
    """The variants with these values, among the steps where some are named."""
    axes = {name: step.axes for name, step in plan.steps.items() if not steps or name in steps}
    chosen = choose_variants(wanted, axes)
    if not chosen:
        values = ", ".join(f"{axis}={value}" for axis, value in wanted.items())
        raise UsageError(f"no variant has all of {values}")
    return chosen
