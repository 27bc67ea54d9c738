"""``nbsnake graph``"""

import argparse
import os
import shutil
import sys

from nbsnake.commands import enter_project_with, no_step_yet
from nbsnake.dvc.current import current_plan
from nbsnake.errors import UsageError
from nbsnake.escape import write_escaped
from nbsnake.generate.drift import find_outdated
from nbsnake.job.atomic import write_anywhere
from nbsnake.job.digests import read_digests
from nbsnake.job.inside import named
from nbsnake.job.running import running_steps
from nbsnake.job.say import say
from nbsnake.model.choose import choose_steps
from nbsnake.report.graph import Graph, graph_of
from nbsnake.report.states import states_of, totals
from nbsnake.report.svg import graph_file
from nbsnake.report.tree import as_dot, as_mermaid, tree_lines
from nbsnake.results.freshness import Judge
from nbsnake.styles import has_color


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "steps",
        nargs="*",
        metavar="STEP",
        help="these and the steps that they need (default: all)",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--dot", action="store_true", help="print it for Graphviz")
    form.add_argument("--mermaid", action="store_true", help="print it for Mermaid, as in GitHub")
    form.add_argument("--svg", metavar="FILE", help="write a picture of it")


def run(args: argparse.Namespace) -> int:
    """Print or draw the graph of steps with their states."""
    start = os.getcwd()
    words = enter_project_with(args.steps)
    outdated = find_outdated()
    if warning := str(outdated):
        say(warning)
    plan, digests = current_plan(), read_digests()
    notebooks = {step.notebook for step in plan.steps.values()}
    states = states_of(Judge(plan, digests, outdated.reasons(notebooks)), running_steps())
    digests.save()
    chosen = choose_steps(words, {each.name: each.step.notebook for each in states})
    targets = [path for name in chosen for path in plan.steps[name].made_paths]
    needed = plan.needed_for(targets) if words else {*chosen}
    graph = graph_of(states, plan, needed)
    if args.svg:
        _write(graph, args.svg, start)
    elif args.dot or args.mermaid:
        print((as_dot if args.dot else as_mermaid)(graph), end="")
    else:
        _print(graph)
        print(totals(each for each in states if each.name in needed))
    if not states:
        no_step_yet()
    return 0


def _print(graph: Graph) -> None:
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    plain = not (sys.stdout.encoding or "").lower().startswith("utf")
    for line in tree_lines(graph, width, color=has_color(sys.stdout), plain=plain):
        write_escaped(f"{line}\n")


def _write(graph: Graph, file: str, start: str) -> None:
    if not file.lower().endswith(".svg"):
        raise UsageError(f"{file} is not an .svg file")
    write_anywhere(named(os.path.join(start, file)), graph_file(graph).encode())
    print(f"wrote {file}", file=sys.stderr)
