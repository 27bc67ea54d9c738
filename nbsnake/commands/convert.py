"""``nbsnake convert``"""

import argparse
import sys
from pathlib import Path

from nbsnake.commands import report_notes
from nbsnake.errors import NbsnakeError, UsageError
from nbsnake.escape import print_program
from nbsnake.generate.convert import Converted, convert, find_reading, plan_jobs
from nbsnake.generate.files import write_program
from nbsnake.job.say import say
from nbsnake.model.notes import Note
from nbsnake.notebook.explain import explained


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "notebooks", nargs="+", metavar="NOTEBOOK|DIR", help="notebooks, or folders of them"
    )
    parser.add_argument(
        "-o",
        "--output",
        default="",
        metavar="SCRIPT|DIR",
        help="where to write; - is standard output (default: beside each notebook)",
    )
    parser.add_argument(
        "-f", "--force", action="store_true", help="overwrite files that nbsnake did not write"
    )


def run(args: argparse.Namespace) -> int:
    """Write the scripts; 1 where a notebook was refused.

    Raises :class:`UsageError` for paths that do not fit the options.
    """
    to_stdout = args.output == "-"
    jobs = plan_jobs(args.notebooks, "" if to_stdout else args.output)
    if to_stdout and len(jobs) != 1:
        raise UsageError(f"-o - is for one notebook, and here are {len(jobs)}")
    if not jobs:
        print(f"no notebook in {', '.join(args.notebooks)}", file=sys.stderr)
    root, rules = find_reading(Path.cwd())
    memo = Converted(rules, root)
    refused, notes = 0, list[Note]()
    for job in jobs:
        if not to_stdout and memo.knows(job):
            continue
        try:
            script = convert(job, rules, root)
            if to_stdout:
                print_program(script.text)
            else:
                if write_program(job.script, script.text, force=args.force):
                    print(f"wrote {job.script}", file=sys.stderr)
                memo.note(job, script)
            notes += script.notes
        except NbsnakeError as error:
            refused += 1
            say(explained(error))
    memo.save()
    report_notes(notes)
    if refused and len(jobs) > 1:
        print(f"{len(jobs) - refused} converted, {refused} refused", file=sys.stderr)
    return 1 if refused else 0
