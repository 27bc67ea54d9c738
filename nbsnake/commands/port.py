"""``nbsnake port``"""

import argparse
import sys
from collections.abc import Sequence

from nbsnake.commands import enter_project_with
from nbsnake.job.atomic import write_atomically
from nbsnake.job.say import say
from nbsnake.notebook.written import cell_diff
from nbsnake.port.notebooks import Port, find_ports


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("steps", nargs="*", metavar="STEP", help="only these (default: all)")
    parser.add_argument(
        "--write", action="store_true", help="write the notebooks; nothing is changed without it"
    )


def run(args: argparse.Namespace) -> int:
    """Show what the edits of scripts change in notebooks; 1 where both have changed the same.

    Raises :class:`NbsnakeError` for edits that no cell can take; then nothing is written.
    """
    ports = find_ports(enter_project_with(args.steps))
    for port in ports:
        sys.stdout.write(cell_diff(port.old, port.new, port.notebook))
    sys.stdout.flush()
    if args.write:
        for port in ports:
            write_atomically(port.notebook, port.new)
    for port in ports:
        if port.conflicts:
            say(_conflict_text(port))
    _say_next(ports, writes=args.write)
    return 1 if any(port.conflicts for port in ports) else 0


def _conflict_text(port: Port) -> str:
    cells = ", ".join(map(str, port.conflicts))
    many = "s" * (len(port.conflicts) > 1)
    return (
        f"{port.notebook}, cell{many} {cells}: changed here and in {port.script}; "
        "choose between the lines at <<<<<<< and >>>>>>>, then: nbsnake generate"
    )


def _say_next(ports: Sequence[Port], *, writes: bool) -> None:
    if not ports:
        print("nothing to port: the scripts were not edited", file=sys.stderr)
        return
    shown = "1 notebook" if len(ports) == 1 else f"{len(ports)} notebooks"
    if not writes:
        print(f"would write {shown}; next: add --write", file=sys.stderr)
    elif all(port.is_same for port in ports):
        print(f"wrote {shown}", file=sys.stderr)
    else:
        print(f"wrote {shown}; reload in Jupyter; next: nbsnake generate", file=sys.stderr)
