"""``nbsnake init``"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from nbsnake.errors import NbsnakeError, ToolError, UsageError
from nbsnake.generate.files import GeneratedFile, find_drift, settle
from nbsnake.generate.ready import CI, ci_files
from nbsnake.generate.scaffold import scaffold_files
from nbsnake.generate.snakefile import missing_includes
from nbsnake.generate.vscode import vscode_files
from nbsnake.job.inside import plain
from nbsnake.job.say import say
from nbsnake.merging.drivers import MERGES_FOR_GIT, install_drivers
from nbsnake.mlvtools.project import OLD
from nbsnake.mlvtools.takeover import Action, carry_out, plan_takeover
from nbsnake.notebook.read import read_notebook
from nbsnake.notebook.read_step import read_step
from nbsnake.programs import git_call, in_one_line
from nbsnake.settings.settings import find_notebooks, read_settings, reading

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
        "--ci",
        choices=tuple(CI),
        help="also write a CI pipeline: check, run with a cache, and the report",
    )
    parser.add_argument(
        "--vscode", action="store_true", help="also write tasks and settings of VS Code"
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="with --from-mlvtools: remove the files that MLV-tools generated and nobody edited",
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
    write_once([*(ci_files(args.ci) if args.ci else ()), *(vscode_files() if args.vscode else ())])
    carry_out(actions)
    for action in actions:
        print(_action_text(action), file=sys.stderr)
    if missing := missing_includes():
        say(missing)
    for line in next_steps():
        print(line, file=sys.stderr)
    return 0


def next_steps() -> Iterator[str]:
    """What is here, in numbers, and what to do with it."""
    steps, others, faulty = 0, 0, 0
    rules = reading(read_settings())
    for path in find_notebooks(()):
        try:
            is_step = read_step(read_notebook(path), rules) is not None
        except NbsnakeError:
            faulty += 1
        else:
            steps, others = steps + is_step, others + (not is_step)
    count = steps + others + faulty
    which = f"{_counted(steps, 'step')}, {others} without a docstring"
    yield f"{_counted(count, 'notebook')} here: {which}"
    if faulty:
        yield f"{_counted(faulty, 'notebook')} with faults; next: nbsnake generate shows them"
    if not count:
        yield "next: nbsnake new NAME"
    elif others:
        yield f"next: nbsnake adopt shows what {_counted(others, 'notebook')} would become"
    if steps or not others:
        yield "next: nbsnake generate"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _set_up() -> None:
    """Initialize git and DVC where they are missing, and write what every project has."""
    for name in (".dvc", ".dvcignore", ".gitignore"):
        plain(name)
    if not _is_in_git() and not _leaves_git_alone():
        plain(".git")
        _init_git()
        print("initialized git", file=sys.stderr)
    if not Path(".dvc").is_dir():
        from nbsnake.dvc.api import init  # slow, and not needed where DVC is set up

        init(below_git=not Path(".git").exists())
        print("initialized DVC", file=sys.stderr)
    if not _leaves_git_alone() and (merged := install_drivers()):
        print(f"{MERGES_FOR_GIT}: {', '.join(merged)}", file=sys.stderr)
    files = find_drift(scaffold_files(), [])
    settle(files)
    for file in files:
        print(f"wrote {file.path}", file=sys.stderr)


def write_once(files: Iterable[GeneratedFile]) -> None:
    """Write files that another tool reads; what is there stays, and is named."""
    for file in files:
        if os.path.lexists(file.path):
            print(f"kept {file.path}, which is there already", file=sys.stderr)
        else:
            settle(find_drift([file], []))
            print(f"wrote {file.path}", file=sys.stderr)


def _action_text(action: Action) -> str:
    name = f"{action.path} to {action.path}{OLD}" if action.what == "rename" else action.path
    return f"{DONE[action.what]} {name}: {action.why}"


def _is_in_git() -> bool:
    asked = git_call("rev-parse", "--is-inside-work-tree")
    try:
        return subprocess.run(asked, capture_output=True).returncode == 0
    except FileNotFoundError:
        raise ToolError("git is not installed", hint="install it, then run this again") from None


def _leaves_git_alone() -> bool:
    """Whether DVC was set up here to work without git."""
    if not Path(".dvc").is_dir():
        return False
    from nbsnake.dvc.open import is_without_git  # slow, and not needed in a new project

    return is_without_git()


def _init_git() -> None:
    done = subprocess.run(git_call("init", "--quiet"), capture_output=True, text=True)
    if done.returncode:
        raise ToolError(f"git init failed: {in_one_line(done.stderr)}")
