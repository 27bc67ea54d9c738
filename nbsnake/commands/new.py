"""``nbsnake new``"""

import argparse
import sys
from pathlib import Path

from nbsnake.adopt.blank import blank_notebook
from nbsnake.commands import enter_project
from nbsnake.errors import UsageError, Where
from nbsnake.job.atomic import write_atomically
from nbsnake.job.inside import output
from nbsnake.model.paths import path_fault
from nbsnake.model.step import Role

FOLDER = "notebooks"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("name", metavar="NAME", help="its name, or its path from the root")
    parser.add_argument(
        "--in",
        dest="inputs",
        action="append",
        default=[],
        metavar="PATH",
        help="a file that it reads, from the root",
    )
    parser.add_argument(
        "--out",
        dest="outputs",
        action="append",
        default=[],
        metavar="PATH",
        help="a file that it writes, from the root (default: results/NAME.txt)",
    )


def run(args: argparse.Namespace) -> int:
    """Write the notebook. Raises :class:`UsageError` where there is one, or for such a path."""
    enter_project()
    name = args.name.removesuffix(".ipynb")
    path = f"{name}.ipynb" if "/" in name else f"{FOLDER}/{name}.ipynb"
    is_name = name.rpartition("/")[2] and name.isprintable()
    if not is_name or path.startswith(("/", "../")):
        raise UsageError(f"{args.name!r} is not the name of a notebook")
    if Path(path).exists():
        raise UsageError(f"{path} exists", hint="choose another name")
    for role, files in ((Role.DEP, args.inputs), (Role.OUT, args.outputs)):
        for file in files:
            if fault := path_fault(
                file, role, Where(path), "--in" if role is Role.DEP else "--out"
            ):
                raise UsageError(fault.message, hint=fault.hint)
    write_atomically(output(path), blank_notebook(path, args.inputs, args.outputs).encode())
    print(f"wrote {path}; next: open it in Jupyter, then nbsnake run", file=sys.stderr)
    return 0
