"""What lies in a project that nothing names any more, and what it takes.

Only what a run wrote, or nbsnake keeps about runs: a source is never among it. Of DVC's cache, only
objects are that runs on record wrote; data that somebody added is not.
"""

import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from nbsnake.dvc.gitignore import tracked_by_git
from nbsnake.dvc.scan import check_git_files
from nbsnake.job.cache import Cache
from nbsnake.job.content import Digest, digest
from nbsnake.job.executed import FOLDER as EXECUTED
from nbsnake.job.inside import UnsafePathError, inside, output
from nbsnake.job.kept import read_kept
from nbsnake.job.links import remove
from nbsnake.job.outputs import OWN_CACHE
from nbsnake.job.plan import Plan
from nbsnake.job.receipt import RECEIPTS, Receipt, read_receipt
from nbsnake.job.regular import read_regular
from nbsnake.job.runcache import run_files
from nbsnake.names import LOCK_FILE, file_name, step_of_file
from nbsnake.programs import git_call

_MD5 = re.compile(rb"\bmd5: ([0-9a-f]{32}(?:\.dir)?)")
FAILED = ".failed"


class Waste(NamedTuple):
    """Something that may go: what it is, where, and how many bytes it takes."""

    kind: str
    path: str
    size: int


def find_waste(plan: Plan, revisions: int) -> list[Waste]:
    """What no step names, and no file of DVC in the workspace, at the tips of branches and tags,
    and at the last ``revisions`` commits.

    A cache outside of the project may be that of other projects too, and is left alone.
    """
    gone = [receipt for name in _receipts() if (receipt := _of_gone(name, plan))]
    wanted = _named(revisions) | {each.content.md5 for each in read_kept().values()}
    wanted |= {each.md5 for each in plan.tracked}
    wanted |= {seen.content.md5 for receipt in _present(plan) for seen in receipt.outs}
    caches = [OWN_CACHE] if os.path.isabs(plan.cache.folder) else [plan.cache, OWN_CACHE]
    return [
        *_results(plan, gone),
        *_logs(plan),
        *_records(plan),
        *(each for cache in caches for each in _objects(cache, wanted)),
    ]


def remove_waste(found: Iterable[Waste]) -> None:
    """Remove it. Raises :class:`UnsafePathError` for what a link leads out of the project."""
    for each in found:
        remove(output(each.path) if each.kind == "result" else inside(each.path))


def _receipts() -> list[str]:
    names = (os.path.basename(path).removesuffix(".json") for path in _files(RECEIPTS))
    return [step_of_file(name) for name in names if not name.endswith(FAILED)]


def _of_gone(name: str, plan: Plan) -> Receipt | None:
    return None if name in plan.steps else read_receipt(name)


def _present(plan: Plan) -> Iterator[Receipt]:
    yield from (receipt for name in plan.steps if (receipt := read_receipt(name)))


def _results(plan: Plan, gone: Iterable[Receipt]) -> Iterator[Waste]:
    """What steps wrote that are gone, where it is as they wrote it: else it is somebody's own."""
    wanted = {path for step in plan.steps.values() for path in (*step.deps, *step.out_paths)}
    wanted |= {*plan.left_outs, *(each.path for each in plan.tracked)}
    tracked = {*tracked_by_git()}
    for receipt in gone:
        for seen in receipt.outs:
            is_used = any(_touch(seen.path, each) for each in (*wanted, *tracked))
            if not is_used and _holds(seen.path, seen.content):
                yield Waste("result", seen.path, _size(seen.path))


def _touch(one: str, other: str) -> bool:
    """Whether one of the two paths is, or holds, the other."""
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def _holds(path: str, content: Digest) -> bool:
    try:
        return os.path.lexists(output(path)) and digest(path).md5 == content.md5
    except (OSError, UnsafePathError):
        return False


def _logs(plan: Plan) -> Iterator[Waste]:
    wanted = {step.log for step in plan.steps.values()}
    for path in _files("logs"):
        if path.endswith(".log") and path not in wanted:
            yield Waste("log", path, _size(path))


def _records(plan: Plan) -> Iterator[Waste]:
    """Receipts and notebooks of steps that are gone."""
    names = {file_name(name) for name in plan.steps}
    for folder, kind in ((RECEIPTS, "receipt"), (EXECUTED, "notebook")):
        for path in _files(folder):
            if not path.endswith((".json", ".ipynb")):
                continue  # of a job that is running
            name, _, end = os.path.basename(path).removesuffix(".json").rpartition(".ipynb")
            if (name or end).removesuffix(FAILED) not in names:
                yield Waste(kind, path, _size(path))


def _objects(cache: Cache, wanted: set[str]) -> Iterator[Waste]:
    """Runs of which an output is named nowhere, and the objects that only such runs name."""
    named = wanted | _inside(cache, wanted)
    unwanted: dict[str, None] = {}
    needed: set[str] = set()
    for path, outs in run_files(cache.folder):
        md5s = {content.md5 for content in outs}
        md5s |= _inside(cache, md5s)
        if {content.md5 for content in outs} <= named:
            needed |= md5s
        else:
            unwanted |= dict.fromkeys(sorted(md5s))
            yield Waste("run", path, _size(path))
    for md5 in unwanted:
        path = cache.object_path(md5)
        if md5 not in named | needed and os.path.isfile(path):
            yield Waste("object", path, _size(path))


def _inside(cache: Cache, md5s: Iterable[str]) -> set[str]:
    """The objects that folders list."""
    folders = [md5 for md5 in md5s if md5.endswith(".dir") and cache.has_object(md5)]
    return {each for md5 in folders for each in cache.listed(Digest(md5, 0, 0)) or ()}


def _named(revisions: int) -> set[str]:
    """The md5s in the files of DVC, here and at the revisions that stay."""
    tips = _git("for-each-ref", "--format=%(objectname)").split()
    commits = _git("rev-list", f"--max-count={revisions}", "HEAD").split()
    files = ("--", "*dvc.lock", "*.dvc")
    check_git_files()
    found = {*_MD5.findall(_git("grep", "-h", "--untracked", "-e", "md5: ", *files))}
    for commit in dict.fromkeys([*tips, *commits]):
        found |= {*_MD5.findall(_git("grep", "-h", "-e", "md5: ", os.fsdecode(commit), *files))}
    return {md5.decode() for md5 in found} | _locked()


def _locked() -> set[str]:
    """As git is not needed for it, also without git. Raises OSError for a lock that is not read."""
    try:
        return {md5.decode() for md5 in _MD5.findall(read_regular(LOCK_FILE))}
    except FileNotFoundError:
        return set()


def _git(*words: str) -> bytes:
    try:
        return subprocess.run(git_call(*words), capture_output=True).stdout
    except OSError:
        return b""


def _files(folder: str) -> list[str]:
    try:
        return sorted(entry.path for entry in os.scandir(folder) if entry.is_file())
    except OSError:
        return []


def _size(path: str) -> int:
    if not os.path.isdir(path) or os.path.islink(path):
        return os.lstat(path).st_size
    return sum(
        os.lstat(os.path.join(parent, name)).st_size
        for parent, _, names in os.walk(path)
        for name in names
    )
