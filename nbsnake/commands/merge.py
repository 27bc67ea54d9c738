"""``nbsnake merge``: git calls it as a merge driver."""

import argparse
import subprocess
from pathlib import Path

from nbsnake.generate.files import is_generated
from nbsnake.job.regular import read_regular
from nbsnake.job.say import say
from nbsnake.merging.drivers import GENERATED_FILES, LOCK
from nbsnake.merging.stagewise import merge_locks
from nbsnake.programs import git_call

CONFLICT = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("kind", choices=[LOCK, GENERATED_FILES], help="what is merged")
    parser.add_argument("base", type=Path, metavar="BASE", help="the common ancestor's version")
    parser.add_argument("ours", type=Path, metavar="OURS", help="our version, to be replaced")
    parser.add_argument("theirs", type=Path, metavar="THEIRS", help="the other side's version")
    parser.add_argument("path", metavar="PATH", help="the path of the file")


def run(args: argparse.Namespace) -> int:
    """Write the merged file to OURS; 1 where it is left as it was, which is a conflict for git."""
    merge = _merge_lock if args.kind == LOCK else _merge_generated
    return merge(args.base, args.ours, args.theirs, args.path)


def _merge_lock(base: Path, ours: Path, theirs: Path, path: str) -> int:
    merged = merge_locks(*(_text(file) for file in (base, ours, theirs)))
    if merged is None:
        say(f"{path} is not as DVC prints it, so it is not merged: our side stays")
        say(f"take one whole side: git checkout --ours {path}, or --theirs; then: nbsnake run")
        return CONFLICT
    ours.write_text(merged.text, encoding="utf-8", errors="surrogateescape")
    if merged.due:
        say(f"{path} is merged stage by stage; to be run: {', '.join(merged.due)}")
        say("when the merge is done: nbsnake run")
    return 0


def _text(file: Path) -> str:
    return read_regular(str(file)).decode(errors="surrogateescape").replace("\r\n", "\n")


def _merge_generated(base: Path, ours: Path, theirs: Path, path: str) -> int:
    """What is generated from merged notebooks replaces any side; a person's file is merged."""
    if not all(map(is_generated, (ours, theirs))):
        files = [str(file) for file in (ours, base, theirs)]
        labels = [word for name in ("ours", "base", "theirs") for word in ("-L", name)]
        merged = subprocess.run(git_call("merge-file", *labels, *files))
        return min(merged.returncode, CONFLICT)
    say(f"{path} is generated, so our side is taken; when the merge is done: nbsnake generate")
    return 0
