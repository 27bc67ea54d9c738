"""``nbsnake generate``"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from nbsnake.commands import enter_project_with, no_step_yet, report_notes
from nbsnake.escape import escaped
from nbsnake.generate.snakefile import missing_includes
from nbsnake.generate.unchanged import is_unchanged, stepless
from nbsnake.job.say import say

if TYPE_CHECKING:
    from nbsnake.generate.files import Drift  # for types only

SHOWN = 3  # names of notebooks in one line
DONE = {"missing": "wrote", "changed": "updated", "orphan": "removed"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "notebooks", nargs="*", metavar="NOTEBOOK", help="only these (default: all)"
    )
    parser.add_argument("--diff", action="store_true", help="show the changes as well")
    parser.add_argument("-n", "--dry-run", action="store_true", help="write nothing")


def run(args: argparse.Namespace) -> int:
    """Write what changed. Raises :class:`NbsnakeError` for faults in the project."""
    args.notebooks = enter_project_with(args.notebooks)
    if not args.notebooks and is_unchanged():
        report([])
        _report_gaps()
        return 0
    from nbsnake.generate.generate import (  # slow, and not needed where nothing changed
        find_changes,
        find_notes,
        generate,
        meaningless_settings_in_words,
        overruled_literals,
    )

    if warning := meaningless_settings_in_words():
        say(warning)
    changes = find_changes(args.notebooks) if args.dry_run else generate(args.notebooks)
    if args.diff:
        sys.stdout.writelines(change.diff() for change in changes)
    report(changes, dry_run=args.dry_run)
    for note in overruled_literals(changes):
        print(note, file=sys.stderr)
    report_notes(find_notes(args.notebooks))
    _report_gaps()
    return 0


def report_stepless() -> None:
    """Say which notebooks are no steps, and how they become some."""
    if found := stepless():
        are = "notebook is no step" if len(found) == 1 else "notebooks are no steps"
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        names = f"{', '.join(map(escaped, found[:SHOWN]))}{more}"
        print(f"{len(found)} {are}: {names}; to make them some: nbsnake adopt", file=sys.stderr)


def _report_gaps() -> None:
    """Say what keeps notebooks from being steps, and steps from running."""
    report_stepless()
    if not any(Path("workflow/scripts").glob("*.py")):
        no_step_yet()
    if missing := missing_includes():
        say(missing)


def report(changes: "list[Drift]", *, dry_run: bool = False) -> None:
    """Say on standard error what was written, one line a file."""
    for change in changes:
        done = f"would have {DONE[change.reason]}" if dry_run else DONE[change.reason]
        print(
            f"{done.replace('wrote', 'written') if dry_run else done} {change.path}",
            file=sys.stderr,
        )
        if change.kept:
            say(f"{change.path} was edited by hand; what it was is now {change.kept}")
    if not changes:
        print("nothing to generate: all files match the notebooks", file=sys.stderr)
