"""``nbsnake adopt``"""

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from nbsnake.adopt.facts import Hazard
from nbsnake.adopt.folder import Plan, make_plan
from nbsnake.adopt.proposal import Proposal
from nbsnake.adopt.rewrite import cell_diff, rewritten
from nbsnake.errors import Faults, NbsnakeError, NotebookError, UsageError, Where
from nbsnake.job.atomic import write_atomically
from nbsnake.job.say import say
from nbsnake.notebook.explain import explained
from nbsnake.notebook.read import parse_notebook, read_bytes
from nbsnake.notebook.read_step import Reading, read_step
from nbsnake.settings.discover import walk_notebooks
from nbsnake.settings.settings import read_settings, reading


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "notebooks", nargs="*", metavar="NOTEBOOK|DIR", help="only these (default: all here)"
    )
    parser.add_argument(
        "--write", action="store_true", help="write the notebooks; nothing is changed without it"
    )


def run(args: argparse.Namespace) -> int:
    """Show what the notebooks are to become; 1 where one of them cannot become a step.

    Raises :class:`UsageError` for a path that does not exist.
    """
    paths, named = _chosen(args.notebooks)
    rules = reading(read_settings())
    plan = make_plan(paths, named, rules)
    sys.stdout.writelines(f"{line}\n" for line in graph_text(plan))
    _report(plan)
    changes = [each for each in plan.proposals if each.notebook not in plan.blocked]
    faults = list(plan.faults)
    written = 0
    for each in changes:
        old = read_bytes(each.notebook)
        new = rewritten(old, each)
        if fault := _fault_in(new, each, rules):
            faults.append(fault)
            continue
        sys.stdout.write(f"\n{cell_diff(old, new, each.notebook)}")
        if args.write:
            write_atomically(each.notebook, new)
            written += 1
    sys.stdout.flush()
    if faults:
        say(explained(Faults(faults)))
    _say_next(plan, changes, written=written, writes=args.write)
    return 1 if faults or plan.blocked else 0


def _chosen(words: Iterable[str]) -> tuple[list[str], list[str]]:
    """The notebooks to read, from the root, which becomes the working directory; and those named.

    Raises :class:`UsageError` for a path that does not exist or is outside of the project.
    """
    start = Path.cwd()
    root = _find_root(start)
    os.chdir(root)
    paths, named = list[str](), list[str]()
    for word in words:
        full = (start / word).resolve()
        if not full.exists():
            raise UsageError(f"there is no notebook or folder {word}")
        if not full.is_relative_to(root.resolve()):
            raise UsageError(f"{word} is outside of the project {root}")
        inside = full.relative_to(root.resolve()).as_posix()
        if full.is_dir():
            paths += [os.path.normpath(f"{inside}/{name}") for name in walk_notebooks(inside)]
        else:
            paths.append(inside)
            named.append(inside)
    return list(dict.fromkeys(paths)) if paths or named else walk_notebooks(), named


def _find_root(start: Path) -> Path:
    """The folder of the DVC project, else of the git repository, else this one."""
    for mark in (".dvc", ".git"):
        for folder in (start, *start.parents):
            if (folder / mark).exists():
                return folder
    return start


def _fault_in(data: bytes, proposal: Proposal, rules: Reading) -> NbsnakeError | None:
    """What would keep the written notebook from being a step."""
    try:
        step = read_step(parse_notebook(data, proposal.notebook), rules)
    except NbsnakeError as fault:
        return fault
    if step is None:
        return NotebookError("does not become a step", where=Where(proposal.notebook))
    return None


def graph_text(plan: Plan) -> Iterator[str]:
    """Who reads what who wrote, in the order in which the steps run."""
    count = len(plan.nodes)
    yield f"{count} step{'s' * (count != 1)}, in the order in which they run:"
    width = max((len(node.step) for node in plan.nodes), default=0)
    for node in plan.nodes:
        reads = ", ".join(dict.fromkeys(node.reads)) or "-"
        writes = ", ".join(dict.fromkeys(node.writes)) or "-"
        yield f"  {node.step:{width}}  {reads} -> {writes}"
    for path in plan.sources:
        yield f"source: {path}{_state_of(path)}"
    for each in plan.left:
        yield f"left: {each.notebook}: {each.why}"


def _state_of(path: str) -> str:
    """What to know of a file that no notebook makes."""
    if not os.path.exists(path):
        return " (not here)"
    return ""


def _report(plan: Plan) -> None:
    for each in plan.hazards:
        print(_hazard_text(each), file=sys.stderr)


def _hazard_text(hazard: Hazard) -> str:
    return f"{hazard.where}: {hazard.text}\n  fix: {hazard.fix}"


def _say_next(plan: Plan, changes: list[Proposal], *, written: int, writes: bool) -> None:
    unsure = sum(len(each.unsure) for each in plan.proposals)
    if unsure:
        print(f"{unsure} places are not known by reading: see the comments", file=sys.stderr)
    if writes:
        print(f"wrote {written} notebooks; next: nbsnake generate", file=sys.stderr)
    elif changes:
        print("nothing is written; next: nbsnake adopt --write", file=sys.stderr)
    else:
        print("no notebook here is to be adopted", file=sys.stderr)
