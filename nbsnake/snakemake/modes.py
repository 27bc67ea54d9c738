"""What Snakemake was called for, by its own reading of the command line."""

import contextlib
import io
from argparse import Namespace
from collections.abc import Sequence
from typing import NamedTuple

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


class Mode(NamedTuple):
    """Whether Snakemake runs jobs, a dry run included, and whether it only lints."""

    runs_jobs: bool = True
    lints: bool = False


def read_mode(argv: Sequence[str]) -> Mode:
    """The mode for a command line of Snakemake, its name left out.

    Snakemake's own parser reads it, with abbreviations, options run together (``-tc2``) and
    profiles. What it refuses is no command line: Snakemake was called by its API, for a run.
    """
    from snakemake.cli import parse_args  # only there when Snakemake reads the Snakefile

    try:
        with contextlib.redirect_stderr(io.StringIO()):
            args: Namespace = parse_args(list(argv))[1]
    except (Exception, SystemExit):
        return Mode()
    only_reports = bool(args.report or args.reporter) and not args.report_after_run
    given = any(getattr(args, name, None) for name in WITHOUT_JOBS)
    return Mode(runs_jobs=not (given or only_reports), lints=bool(args.lint))
