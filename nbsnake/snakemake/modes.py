"""What Snakemake was called for, by its own reading of the command line."""

import inspect
import re
from argparse import ArgumentParser, Namespace
from typing import Any, NamedTuple

# With one of these options Snakemake reads the Snakefile and runs no job.
WITHOUT_JOBS = (
    *("lint", "print_compilation", "list_rules", "list_target_rules"),
    *("dag", "rulegraph", "filegraph", "d3dag", "summary", "detailed_summary"),
    *("list_changes", "list_input_changes", "list_params_changes", "list_untracked"),
    *("touch", "unlock", "archive", "containerize", "generate_unit_tests"),
    *("delete_all_output", "delete_temp_output", "cleanup_metadata", "cleanup_shadow"),
    *("list_conda_envs", "conda_create_envs_only", "conda_cleanup_envs"),
    "container_cleanup_images",
)

# Arguments that say how jobs run, and not which; any other one may say which.
_HOW = re.compile(
    r"cores|jobs|executor|scheduler|latency_wait|retries|keep_going|rerun_incomplete"
    r"|show_failed_logs|printshellcmds|verbose|quiet|nocolor|logger|profile|workflow_profile"
    r"|resources|(default|set)_resources|set_threads|group_components|jobname"
    r"|max_jobs_per_(second|timespan)|max_status_checks_per_second|(slurm|cluster_generic)_.+"
    # These differ from their defaults in type at each call; they are for storage and conda.
    r"|(remote_job_)?local_storage_prefix|conda_cleanup_pkgs"
)


class Mode(NamedTuple):
    """Whether Snakemake runs jobs, a dry run included, and whether it only lints.

    ``sees_content`` says that a job is run when a parameter of its rule has changed: the digests of
    sources are one.
    ``targets`` are the rules and files that it was asked for, none for its default. ``locks`` says
    that no other run may be going on.
    """

    runs_jobs: bool = True
    lints: bool = False
    sees_content: bool = True
    targets: tuple[str, ...] = ()
    locks: bool = True


def read_mode() -> Mode:
    """The mode in which Snakemake reads the Snakefile, by the arguments that it has parsed.

    Its settings do not say: it chooses what to do after it has read the Snakefile. Nor does
    ``sys.argv``: relative profiles are in the folder that ``--directory`` has left. So the
    arguments are those of Snakemake's function that is running. Without it, Snakemake was called by
    its API, for a run.
    """
    call = _call()
    return mode_of(call[0]) if call else Mode()


def is_plain_run() -> bool:
    """Whether Snakemake was called for its default targets, with no option that changes which jobs
    run: all arguments but those that say how are the defaults.

    False where Snakemake was called by its API, whose settings do not show what was asked for.
    """
    call = _call()
    return call is not None and is_plain(*call)


def is_plain(args: Namespace, parser: ArgumentParser) -> bool:
    """As :func:`is_plain_run`, for arguments that the parser has parsed."""
    return all(
        _HOW.fullmatch(name) or _are_same(value, parser.get_default(name))
        for name, value in vars(args).items()
    )


def _are_same(one: Any, other: Any) -> bool:
    """Values of some of Snakemake's types cannot be compared with those of others."""
    return type(one) is type(other) and bool(one == other)


def _call() -> tuple[Namespace, ArgumentParser] | None:
    """The arguments and parser of the function of Snakemake's command line that is running."""
    from snakemake.cli import args_to_api  # only there when Snakemake reads the Snakefile

    frame = inspect.currentframe()
    while frame and frame.f_code is not args_to_api.__code__:
        frame = frame.f_back
    return (frame.f_locals["args"], frame.f_locals["parser"]) if frame else None


def mode_of(args: Namespace) -> Mode:
    """The mode for arguments that Snakemake has parsed."""
    only_reports = bool(args.report or args.reporter) and not args.report_after_run
    without_jobs = any(getattr(args, name, None) for name in WITHOUT_JOBS)
    triggers = {each.name for each in args.rerun_triggers}
    return Mode(
        runs_jobs=not (without_jobs or only_reports),
        lints=bool(args.lint),
        sees_content="PARAMS" in triggers,
        targets=tuple(args.targets or ()),
        locks=not args.nolock,
    )


def keep_going() -> None:
    """Let this Snakemake go on with other steps after a failure.

    The Snakemake inside a job of a group is started without the head's ``--keep-going``, so that
    one bad variant would stop all others of the group. It uses its arguments after it has read the
    Snakefile.
    """
    if call := _call():
        call[0].keep_going = True
