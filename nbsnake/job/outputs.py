"""A step's outputs: found on record, put into the cache, brought back from it.

Standard library only: this runs inside every job.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator

from nbsnake.job.absent import FOLDER, absent_at
from nbsnake.job.cache import Cache
from nbsnake.job.combined import is_combined
from nbsnake.job.content import Digest, absent_of, digest
from nbsnake.job.lockmemo import read_lock_entry
from nbsnake.job.locktext import NotPlain, entry_text
from nbsnake.job.own import FILE_MODE, FOLDER_MODE, is_used
from nbsnake.job.plan import PlannedOut, PlannedStep
from nbsnake.job.receipt import read_receipt
from nbsnake.job.run import Run
from nbsnake.job.runcache import find_run, run_key, run_path
from nbsnake.job.spread import spread

LEAVES = "NBSNAKE_LEAVES"  # "1" where outputs may stay in the DVC remote until the run ends
# Where contents and runs are kept that DVC leaves to git, or does not remember.
OWN_CACHE = Cache(
    ".nbsnake/cache",
    ("reflink", "copy"),
    file_mode=None,
    folder_mode=FOLDER_MODE,
    entry_mode=FILE_MODE,
    object_mode=0o400,
)


def can_restore(step: PlannedStep) -> bool:
    """Whether a result of the step may be brought back: not where it adds to what it wrote before
    (``persist``), and not where it runs each time."""
    return not step.always and not any(out.persist for out in step.outs)


def find_outputs(
    cache: Cache, step: PlannedStep, deps: dict[str, Digest]
) -> dict[str, Digest] | None:
    """The outputs of an earlier run of the same command on the same content, if they are kept.

    The last receipt is asked first, then all earlier runs, then dvc.lock.
    """
    for found in recorded_outputs(cache, step, deps):
        if all(
            _can_restore(kept_in(cache, step, out), found[out.path], out.path) for out in step.outs
        ):
            return found
    return None


def _can_restore(kept: Cache, content: Digest, path: str) -> bool:
    """Whether the output is kept, and would have its digest: a newer pattern may hide a file."""
    if not kept.has(content):
        return False
    if not content.is_dir:
        return True
    from nbsnake.job.ignore import hides_any  # for folders only

    return not hides_any(path, (each for each, _ in kept.listing(content)))


def kept_in(cache: Cache, step: PlannedStep, out: PlannedOut) -> Cache:
    """Where the content of an output is kept, with the way in which it gets into the workspace.

    What git keeps is a copy, which DVC's cache has only where DVC remembers the step's runs.
    """
    if out.cache:
        return cache
    return cache._replace(link_types=("copy",)) if step.run_cache else OWN_CACHE


def recorded_outputs(
    cache: Cache, step: PlannedStep, deps: dict[str, Digest]
) -> Iterator[dict[str, Digest]]:
    """What runs on record gave, the likeliest first, whether their contents are kept or not."""
    if step.outs and can_restore(step):
        for ask in (_from_receipt, _from_earlier_run, _from_lock):
            found = ask(cache, step, deps)
            if found and found.keys() == {out.path for out in step.outs}:
                yield found


def _from_receipt(_: Cache, step: PlannedStep, deps: dict[str, Digest]) -> dict[str, Digest] | None:
    receipt = read_receipt(step.name)
    if receipt is None or receipt.refused or not _gives(step, receipt.run, deps):
        return None
    return {seen.path: seen.content for seen in receipt.outs}


def _from_earlier_run(
    cache: Cache, step: PlannedStep, deps: dict[str, Digest]
) -> dict[str, Digest] | None:
    if not step.run_cache and not is_used():
        return None
    folder = cache.folder if step.run_cache else OWN_CACHE.folder
    outs = find_run(folder, run_key(step.lock_entry(deps)), len(step.outs))
    return dict(zip(step.out_paths, outs, strict=True)) if outs else None


def _from_lock(_: Cache, step: PlannedStep, deps: dict[str, Digest]) -> dict[str, Digest] | None:
    entry = read_lock_entry(step.name)
    if entry is None or not _gives(step, step.locked_run(entry), deps):
        return None
    return step.locked_outs(entry)


def _gives(step: PlannedStep, run: Run, deps: dict[str, Digest]) -> bool:
    """Whether a run on record gave what the step gives now."""
    return run.began_as(step.run(deps)) and not is_combined(step, run)


def store_outputs(cache: Cache, step: PlannedStep) -> dict[str, Digest]:
    """Keep what the step wrote, as far as it is here; what each output is."""

    def keep(out: PlannedOut) -> Digest:
        left = absent_at(out.path)
        return digest(out.path) if left else kept_in(cache, step, out).store(out.path)

    sizes = [os.lstat(out.path).st_size for out in step.outs]
    kept = spread(keep, step.outs, sizes)
    return {out.path: content for out, content in zip(step.outs, kept, strict=True)}


def restore_outputs(cache: Cache, step: PlannedStep, contents: dict[str, Digest]) -> None:
    """Bring back what :func:`find_outputs` found."""
    sizes = [contents[out.path].size for out in step.outs]
    spread(
        lambda out: kept_in(cache, step, out).restore(contents[out.path], out.path),
        step.outs,
        sizes,
    )


def are_left(cache: Cache, contents: Iterable[Digest]) -> bool:
    """Whether one of the contents was left in the remote, and has not come here since."""
    return os.path.isdir(FOLDER) and any(
        absent_of(content).is_known() and not cache.has(content)
        for content in contents
        if not content.is_dir
    )


def remember_run(cache: Cache, step: PlannedStep, contents: dict[str, Digest]) -> None:
    """Add a run to DVC's run-cache, as DVC does after a run that it made itself.

    Runs that DVC does not remember are remembered apart. An entry that only DVC's own printer can
    write is left to the sync.
    """
    if not can_restore(step) or not step.outs:
        return
    entry = step.lock_entry(contents)
    home = cache if step.run_cache else OWN_CACHE
    path = run_path(home.folder, entry)
    if not os.path.exists(path):
        with contextlib.suppress(NotPlain):
            home.add_file(path, entry_text(entry).encode())
