"""``nbsnake export``"""

import argparse
import os
import posixpath
import sys
from pathlib import Path

from nbsnake.commands import enter_project_with
from nbsnake.errors import PipelineError, StaleError, Where
from nbsnake.escape import print_program
from nbsnake.generate.files import write_program
from nbsnake.generate.generate import find_changes, find_pipeline
from nbsnake.job.own import readers_of_params
from nbsnake.model.choose import choose_steps
from nbsnake.render.bash import all_runs, needed_runs, render_bash


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "steps", nargs="*", metavar="STEP", help="these and all they need (default: all)"
    )
    parser.add_argument(
        "-f", "--force", action="store_true", help="overwrite a file that nbsnake did not write"
    )
    parser.add_argument(
        "-o", "--output", default="-", metavar="FILE", help="where to write (default: -)"
    )


def run(args: argparse.Namespace) -> int:
    """Print or write the bash script of some steps and all that they need.

    Raises :class:`StaleError` where the files are out of date, and :class:`PipelineError` for a
    path outside of the project.
    """
    target = Path(args.output).absolute()
    args.steps = enter_project_with(args.steps)
    root = Path.cwd()
    pipeline = find_pipeline()
    notebooks = {name: step.notebook for name, (step, _) in all_runs(pipeline).items()}
    names = choose_steps(args.steps, notebooks)
    if drifts := find_changes():
        raise StaleError(f"{drifts[0].path} is not generated yet", hint="run: nbsnake generate")
    runs = needed_runs(pipeline, names)
    if args.output == "-":
        print_program(render_bash(runs, "."))
        return 0
    if not target.resolve().is_relative_to(root.resolve()):
        raise PipelineError(
            "is not inside the project", where=Where(args.output), hint="it runs from there"
        )
    folder = posixpath.relpath(root.as_posix(), target.parent.as_posix())
    text, limit = render_bash(runs, folder), readers_of_params()
    if write_program(os.fspath(target), text, force=args.force, limit=limit):
        print(f"wrote {args.output}", file=sys.stderr)
    return 0
