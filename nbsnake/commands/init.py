"""``nbsnake init``"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from nbsnake.errors import ToolError, UsageError
from nbsnake.generate.files import find_drift, settle
from nbsnake.generate.scaffold import scaffold_files
from nbsnake.merging.drivers import MERGES_FOR_GIT, install_drivers
from nbsnake.mlvtools.project import OLD
from nbsnake.mlvtools.takeover import Action, carry_out, plan_takeover
from nbsnake.settings.settings import find_notebooks

DONE = {"keep": "kept", "write": "wrote", "rename": "renamed", "remove": "removed"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "folder", nargs="?", default=".", metavar="DIR", help="where (default: here)"
    )
    parser.add_argument(
        "--from-mlvtools", action="store_true", help="take over a project of MLV-tools"
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="with --from-mlvtools: remove what it generated, where nothing in it is yours",
    )


def run(args: argparse.Namespace) -> int:
    """Set up the project. Raises :class:`UsageError` for options that do not fit."""
    if args.force and not args.from_mlvtools:
        raise UsageError("--force goes with --from-mlvtools", hint="nothing else is ever removed")
    if not args.from_mlvtools:
        Path(args.folder).mkdir(parents=True, exist_ok=True)
    elif not Path(args.folder).is_dir():
        raise UsageError(f"{args.folder} is not a folder")
    os.chdir(args.folder)
    actions = plan_takeover(force=args.force) if args.from_mlvtools else []
    _set_up()
    carry_out(actions)
    for action in actions:
        print(_action_text(action), file=sys.stderr)
    notebooks = find_notebooks(())
    found = "1 notebook" if len(notebooks) == 1 else f"{len(notebooks)} notebooks"
    print(f"{found} here; next: nbsnake generate", file=sys.stderr)
    return 0


def _set_up() -> None:
    """Initialise git and DVC where they are missing, and write what every project has."""
    if not _is_in_git():
        _call("git", "init", "--quiet")
        print("initialised git", file=sys.stderr)
    if not Path(".dvc").is_dir():
        nested = [] if Path(".git").exists() else ["--subdir"]
        _call(sys.executable, "-P", "-m", "dvc", "init", "--quiet", *nested)
        print("initialised DVC", file=sys.stderr)
    if merged := install_drivers():
        print(f"{MERGES_FOR_GIT}: {', '.join(merged)}", file=sys.stderr)
    files = find_drift(scaffold_files(), [])
    settle(files)
    for file in files:
        print(f"wrote {file.path}", file=sys.stderr)


def _action_text(action: Action) -> str:
    name = f"{action.path} to {action.path}{OLD}" if action.what == "rename" else action.path
    return f"{DONE[action.what]} {name}: {action.why}"


def _is_in_git() -> bool:
    asked = ["git", "rev-parse", "--is-inside-work-tree"]
    try:
        return subprocess.run(asked, capture_output=True).returncode == 0
    except FileNotFoundError:
        raise ToolError("git is not installed", hint="install it, then run this again") from None


def _call(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ToolError(f"{' '.join(command)} failed: {done.stderr.strip()}")
