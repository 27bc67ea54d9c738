"""From receipts to dvc.lock: what the jobs made becomes what DVC knows.

Written in an order in which a crash at any point leaves a valid, older dvc.lock: the jobs have
put the objects into the cache; then come the run-cache, .gitignore, and dvc.lock by a rename. What
DVC remembers of files comes last, for it saves time only.
"""

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from nbsnake.dvc.gitignore import ignore, tracked_by_git, untrack
from nbsnake.dvc.lock import repo_locked
from nbsnake.dvc.lockfile import Entry, entry_document, read_lock, write_lock
from nbsnake.dvc.scan import check_git_files
from nbsnake.errors import ToolError, raise_all
from nbsnake.job.absent import absent_at
from nbsnake.job.cache import Cache
from nbsnake.job.content import Digest
from nbsnake.job.digests import Digests
from nbsnake.job.outputs import kept_in, remember_run
from nbsnake.job.plan import Plan, PlannedStep, Tracked
from nbsnake.job.receipt import Receipt
from nbsnake.job.runcache import run_path
from nbsnake.job.touched import in_words
from nbsnake.names import LOCK_FILE, upwards
from nbsnake.programs import git_call
from nbsnake.results.freshness import Judge, Verdict, same_code_lines
from nbsnake.results.objects import Objects
from nbsnake.results.sources import pointers


class Synced(NamedTuple):
    """``locked`` steps are new or changed in dvc.lock; ``refused`` ones are not, and why.

    ``updated`` are the ``.dvc`` files of sources that have changed. ``beyond`` says why DVC had to
    do it, "" where it had not. ``notes`` say which results are locked with code that has changed.
    """

    locked: tuple[str, ...] = ()
    refused: Mapping[str, str] = MappingProxyType({})
    updated: tuple[str, ...] = ()
    beyond: str = ""
    notes: tuple[str, ...] = ()


class Work(NamedTuple):
    """What a sync has to do: the steps to lock, those that it refuses, and why, and the ``.dvc``
    files to update."""

    due: list[PlannedStep]
    refused: Mapping[str, str]
    changed: list[str]


def find_work(judge: Judge) -> Work:
    """What is not in dvc.lock and ``.dvc`` files yet. Nothing is changed."""
    verdicts = judge.verdicts()
    refused = _refused(verdicts, judge)
    due = [v.step for name, v in verdicts.items() if _is_due(v) and name not in refused]
    return Work(due, refused, changed_sources(judge.plan.tracked, judge.digests))


def sync(plan: Plan, digests: Digests) -> Synced:
    """Lock every step whose receipt matches the files on disk.

    Waits while another program holds DVC's lock. Raises :class:`PipelineError` for a source that
    is a Git LFS pointer, and :class:`ToolError` where DVC fails.
    """
    with repo_locked(by_hardlink=plan.hardlink_lock):
        raise_all(pointers(plan))
        judge = Judge(plan, digests)
        due, refused, changed = find_work(judge)
        verdicts = judge.verdicts()
        beyond = (plan.beyond or _beyond(read_lock(), due)) if due else ""
        if due and not beyond:
            _lock(judge, due)
        if changed or beyond:
            _lock_by_dvc(due if beyond else [], changed)
        judge.note_code(due)
    return Synced(
        locked=tuple(step.name for step in due),
        refused=refused,
        updated=tuple(changed),
        beyond=beyond,
        notes=(
            *same_code_lines(verdicts[step.name] for step in due),
            *(line for step in due for line in _undeclared(judge.receipt(step.name))),
        ),
    )


def _undeclared(receipt: Receipt | None) -> Iterator[str]:
    if receipt and not receipt.restored:
        yield from in_words(receipt.step, receipt.undeclared)


def remember_same_code(judge: Judge) -> None:
    """Add the runs of steps whose code only looks different to the run-cache.

    A step that waits for another one would otherwise run again though that gives what it gave.
    """
    for verdict in judge.verdicts().values():
        step = verdict.step
        found = {path: judge.content(path) for path in (*step.deps, *step.out_paths)}
        contents = {path: content for path, content in found.items() if content}
        if verdict.same_code and len(contents) == len(found):
            remember_run(judge.plan.cache, step, contents)


def _is_due(verdict: Verdict) -> bool:
    return verdict.settled and not verdict.locked


def _refused(verdicts: Mapping[str, Verdict], judge: Judge) -> dict[str, str]:
    """Why results must not be locked, though a job has made them."""
    outs = {
        out.path: verdict.step.name
        for verdict in verdicts.values()
        if _is_due(verdict)
        for out in verdict.step.outs
        if out.cache
    }
    tracked = {up for name in tracked_by_git() for up in upwards(name)} if outs else set()
    refused = {
        name: f"git tracks {path}, which DVC is to track; run: {untrack(path)}"
        for path, name in outs.items()
        if path in tracked
    }
    for name, verdict in verdicts.items():
        receipt = None if verdict.settled else judge.receipt(name)
        if receipt and receipt.refused:
            refused[name] = receipt.refused
    return refused


def _beyond(lock: Mapping[str, Entry], due: Iterable[PlannedStep]) -> str:
    """Why only DVC can update these entries of dvc.lock; "" where nbsnake can."""
    for step in due:
        entry = lock.get(step.name, {})
        for each in (*entry.get("deps", ()), *entry.get("outs", ())):
            if "cloud" in each or "files" in each:
                return f"{LOCK_FILE} records versions of {each['path']} on a remote"
            if "hash" not in each:
                return f"{LOCK_FILE} records {each['path']} in the format of DVC 2"
    return ""


def update_tracked(plan: Plan, tracked: Sequence[Tracked], digests: Digests) -> list[str]:
    """Update the ``.dvc`` files that record other contents than those on disk; these files.

    Raises :class:`ToolError` where DVC fails.
    """
    changed = changed_sources(tracked, digests)
    if changed:
        with repo_locked(by_hardlink=plan.hardlink_lock):
            _lock_by_dvc([], changed)
    return changed


def changed_sources(tracked: Sequence[Tracked], digests: Digests) -> list[str]:
    """The ``.dvc`` files that record other contents than those on disk."""
    found = {each.file: digests.of(each.path) for each in tracked}
    md5s = {each.file: each.md5 for each in tracked}
    return [file for file, content in found.items() if content and content.md5 != md5s[file]]


def _lock(judge: Judge, due: list[PlannedStep]) -> None:
    plan = judge.plan
    contents = {path: judge.content(path) for step in due for path in (*step.deps, *step.out_paths)}
    entries = {step.name: step.lock_entry(contents) for step in due}
    objects = Objects()
    for step in due:
        _store_missing(plan.cache, step, contents, objects)
        path = run_path(plan.cache.folder, entries[step.name])
        if step.run_cache and not os.path.exists(path):
            plan.cache.add_file(path, entry_document(entries[step.name]))
    objects.save()
    cached = [out.path for step in due for out in step.outs if out.cache]
    written = [] if plan.no_scm else ignore(cached)
    write_lock(entries)
    if plan.autostage:
        check_git_files()
        subprocess.run(git_call("add", "--", LOCK_FILE, *written), check=False)
    _remember(plan, due, contents)


def _store_missing(
    cache: Cache, step: PlannedStep, contents: Mapping[str, Digest | None], objects: Objects
) -> None:
    """Jobs have put the outputs into the cache, but somebody may have cleaned up since."""
    for out in step.outs:
        content, home = contents[out.path], kept_in(cache, step, out)
        if content and not absent_at(out.path):
            if not objects.are_sound(home, content):
                home.store(out.path)
            objects.note(home, content)


def _lock_by_dvc(due: list[PlannedStep], changed: list[str]) -> None:
    from nbsnake.dvc.api import commit  # slow, and seldom needed

    entries = commit({step.name for step in due}, changed)
    if entries:
        write_lock(entries)


def _remember(plan: Plan, due: list[PlannedStep], contents: Mapping[str, Digest | None]) -> None:
    from nbsnake.dvc.state import is_memory, remember  # slow, and not needed where nothing is new

    known = {path: content for path, content in contents.items() if content and not absent_at(path)}
    files = {path: content for path, content in known.items() if not content.is_dir}
    for step in due:
        for out in step.outs:
            content = known.get(out.path)
            if out.cache and content and content.is_dir:
                for relpath, md5 in plan.cache.listing(content):
                    files[f"{out.path}/{relpath}"] = Digest(md5, 0)
    links = [out.path for step in due for out in step.outs if out.cache and out.path in known]
    folder = plan.state
    if plan.root != os.getcwd() or not is_memory(folder):  # such as in a copy of a project
        from nbsnake.dvc.api import memory_folder  # slow, and seldom needed

        try:
            folder = memory_folder()
        except ToolError:  # it saves time only, and dvc.lock is written
            return
    remember(folder, files, links)
