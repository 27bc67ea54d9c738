"""``nbsnake report``"""

import argparse
import os
import sys
import webbrowser
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nbsnake.commands import enter_project
from nbsnake.compare.ranking import metric_names
from nbsnake.compare.rows import Row, rows_of
from nbsnake.dvc.current import current_plan
from nbsnake.errors import NbsnakeError
from nbsnake.generate.drift import Outdated, find_outdated
from nbsnake.job.atomic import write_anywhere
from nbsnake.job.digests import read_digests
from nbsnake.job.inside import named
from nbsnake.job.running import running_steps
from nbsnake.job.say import say
from nbsnake.report.committed import commit_of
from nbsnake.report.gather import About, lock_commits, view_of
from nbsnake.report.plots import PlotView, plots_of
from nbsnake.report.states import states_of
from nbsnake.report.view import View
from nbsnake.results.freshness import Judge

if TYPE_CHECKING:
    from nbsnake.report.past import Past  # for types only

REVISIONS = 5  # of which the metrics are shown


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "-o", "--output", default="report.html", metavar="FILE", help="where (default: report.html)"
    )
    parser.add_argument(
        "--notebooks",
        choices=("none", "failed", "all"),
        help="whose executed notebooks to include (default: all; of more than 100 steps, failed)",
    )
    parser.add_argument(
        "--rev", metavar="REV", help="show the state at a branch, a tag or a commit"
    )
    parser.add_argument(
        "--metrics-at",
        nargs="+",
        action="extend",
        default=[],
        metavar="REV",
        help="metrics also at these branches, tags or commits (default: the last five that changed "
        "dvc.lock)",
    )
    parser.add_argument("--json", action="store_true", help="print the same data as JSON")
    parser.add_argument("--open", action="store_true", help="show it in a browser")


def run(args: argparse.Namespace) -> int:
    """Write the page, or print its data."""
    start = os.getcwd()
    enter_project()
    view, rows, past = (
        _at(args.rev, args.metrics_at) if args.rev is not None else _now(args.metrics_at)
    )
    from nbsnake.report.page import NOW, Contents, report_json, report_page  # slow, as above

    if args.json:
        print(report_json(view), end="")
        return 0
    target = os.path.join(start, args.output)
    contents = Contents(past.notebook, past.output) if past else NOW
    page = report_page(view, rows, args.notebooks, contents)
    write_anywhere(named(target), page.encode())
    print(f"wrote {args.output}", file=sys.stderr)
    if args.open:
        webbrowser.open(Path(target).resolve().as_uri())
    return 0


def _now(revs: Sequence[str]) -> tuple[View, list[Row], None]:
    """The state of the workspace, with the metrics of revisions."""
    outdated = find_outdated()
    if warning := str(outdated):
        say(warning)
    plan, digests = current_plan(), read_digests()
    notebooks = {step.notebook for step in plan.steps.values()}
    judge = Judge(plan, digests, outdated.reasons(notebooks))
    states = states_of(judge, running_steps())
    rows, plots = _rows(revs)
    view = replace(view_of(judge, states, _about(outdated), rows), plots=tuple(plots))
    digests.save()
    return view, rows, None


def _at(rev: str, revs: Sequence[str]) -> tuple[View, list[Row], "Past"]:
    """The state of a revision, with the metrics of those before it."""
    from nbsnake.dvc.revisions import WORKSPACE, read_revisions  # slow, not needed for --help
    from nbsnake.report.past import Past  # needs DVC, not needed for --help

    stages = read_revisions([rev])[rev]  # which checks the name first
    before = [name for name in lock_commits(REVISIONS, rev) if commit_of(name) != commit_of(rev)]
    others = read_revisions(revs or before)
    past = Past(rev, stages, current_plan().cache)
    shown = {rev: stages} | {name: each for name, each in others.items() if name != WORKSPACE}
    rows = rows_of(shown, [stage.name for found in shown.values() for stage in found])
    rows = [row for row in rows if metric_names([row])]
    return replace(past.view(rows), plots=tuple(plots_of(stages, past.output))), rows, past


def _about(outdated: Outdated) -> dict[str, About]:
    """What the notebooks say; nothing where they cannot be read."""
    if outdated.fault:
        return {}
    from nbsnake.generate.generate import find_pipeline  # slow, and not needed for --help

    return {step.name: About(step.description, step.needs) for step in find_pipeline().steps}


def _rows(revs: Sequence[str]) -> tuple[list[Row], list[PlotView]]:
    """The metrics of the workspace and of revisions, and the plots of the workspace.

    There are none where DVC cannot read them.
    """
    from nbsnake.dvc.revisions import WORKSPACE, read_revisions  # slow, not needed for --help

    try:
        revisions = read_revisions(revs or lock_commits(REVISIONS))
    except NbsnakeError as error:
        if revs:
            raise
        say(error)
        return [], []
    names = [stage.name for stages in revisions.values() for stage in stages]
    rows = rows_of(revisions, names)
    plots = plots_of(revisions[WORKSPACE])
    return [row for row in rows if metric_names([row])], list(plots)
