"""``nbsnake init``"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from nbsnake.errors import ToolError
from nbsnake.files import find_drift, settle
from nbsnake.project import find_notebooks
from nbsnake.scaffold import scaffold_files


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder", nargs="?", default=".", metavar="DIR", help="where (default: here)"
    )


def run(args: argparse.Namespace) -> int:
    Path(args.folder).mkdir(parents=True, exist_ok=True)
    os.chdir(args.folder)
    if not _is_in_git():
        _call("git", "init", "--quiet")
        print("initialised git", file=sys.stderr)
    if not Path(".dvc").is_dir():
        nested = [] if Path(".git").exists() else ["--subdir"]
        _call(sys.executable, "-m", "dvc", "init", "--quiet", *nested)
        print("initialised DVC", file=sys.stderr)
    files = find_drift(scaffold_files(), [])
    settle(files)
    for file in files:
        print(f"wrote {file.path}", file=sys.stderr)
    notebooks = find_notebooks(())
    found = "1 notebook" if len(notebooks) == 1 else f"{len(notebooks)} notebooks"
    print(f"{found} here; next: nbsnake generate", file=sys.stderr)
    return 0


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
