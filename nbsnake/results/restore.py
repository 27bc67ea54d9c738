"""From the cache to the workspace: results that are on record need not be computed again."""

import time
from collections.abc import Callable, Container, Iterable
from typing import NamedTuple

from nbsnake.job.absent import absent_at
from nbsnake.job.cache import Cache, DamagedObjectError
from nbsnake.job.content import Digest, stamp
from nbsnake.job.executed import bring_back
from nbsnake.job.kept import keep
from nbsnake.job.outputs import (
    OWN_CACHE,
    find_outputs,
    kept_in,
    recorded_outputs,
    restore_outputs,
)
from nbsnake.job.plan import PlannedStep
from nbsnake.job.receipt import Receipt, Seen, receipt_of, write_receipt
from nbsnake.job.runcache import run_value
from nbsnake.results.freshness import Judge, is_unfinished
from nbsnake.results.objects import Objects

Fetch = Callable[[Iterable[str]], None]  # brings objects by their md5s, as far as it can


class Restored(NamedTuple):
    """``steps`` are back as they were; ``edited`` are outputs with a content that is nowhere else:
    it was kept before it was overwritten, or not overwritten without ``force``. ``damaged`` are
    objects of the cache with another content."""

    steps: tuple[str, ...]
    edited: tuple[str, ...]
    damaged: tuple[str, ...] = ()


class Saved(NamedTuple):
    """Paths of outputs: ``lost`` ones are in their cache again, ``kept`` ones are kept apart."""

    lost: tuple[str, ...]
    kept: tuple[str, ...]


def restore(
    judge: Judge,
    *,
    force: bool = False,
    fetch: Fetch | None = None,
    only: Container[str] | None = None,
) -> Restored:
    """Bring back every stale step whose result is kept, or ``only`` these, upstream steps first.

    What the cache does not have is fetched, where ``fetch`` is given. An output that was changed
    by hand, so that its content is nowhere else, is overwritten only with ``force``, and kept
    then. The judge's verdicts are those on what is there then.
    """
    cache = judge.plan.cache
    steps: list[str] = []
    edited: list[str] = []
    damaged: list[str] = []
    if fetch:
        _fetch_missing(cache, judge.locked_contents(), fetch)
    for step in judge.plan.steps.values():
        verdict = judge.verdict(step)
        if verdict.settled or verdict.waits or step.frozen:
            continue
        if only is not None and step.name not in only:
            continue
        deps = {path: content for path in step.deps if (content := judge.content(path))}
        outs = _find(cache, step, deps, fetch) if len(deps) == len(step.deps) else None
        if not outs:
            continue
        unsaved = [
            path
            for path in outs
            if not absent_at(path) and not _is_saved(cache, judge.digests.of(path))
        ]
        edited += unsaved
        if unsaved and not force:
            continue
        for path in unsaved:
            keep(path)
        try:
            judge.restored(_bring_back(cache, step, deps, outs))
        except DamagedObjectError as error:
            damaged.append(str(error.filename))
            continue
        judge.verdict(step)
        steps.append(step.name)
    return Restored(steps=tuple(steps), edited=tuple(edited), damaged=tuple(damaged))


def save_outputs(judge: Judge) -> Saved:
    """Put outputs into a cache that are in none, before a run removes or overwrites them.

    What a run on record wrote goes where it was; anything else is kept apart, unless a job wrote
    it that failed or was killed. The judge has given its verdicts.
    """
    lost, kept, objects = [], [], Objects()
    for verdict in judge.verdicts().values():
        step = verdict.step
        for out in () if step.frozen else step.outs:
            content = judge.content(out.path)
            if content is None or absent_at(out.path):
                continue
            home = kept_in(judge.plan.cache, step, out)
            if verdict.settled or content.md5 in judge.recorded(step, out.path):
                if not objects.are_sound(home, content):
                    home.store(out.path)
                    objects.note(home, content)
                    lost.append(out.path)
            elif not _is_saved(home, content) and not is_unfinished(step, out.path):
                keep(out.path)
                kept.append(out.path)
    objects.save()
    return Saved(lost=tuple(lost), kept=tuple(kept))


def _find(
    cache: Cache, step: PlannedStep, deps: dict[str, Digest], fetch: Fetch | None
) -> dict[str, Digest] | None:
    outs = find_outputs(cache, step, deps)
    if outs is None and fetch:
        for found in recorded_outputs(cache, step, deps):
            _fetch_missing(cache, found.values(), fetch)
        outs = find_outputs(cache, step, deps)
    return outs


def _fetch_missing(cache: Cache, contents: Iterable[Digest], fetch: Fetch) -> None:
    """Fetch objects that the cache does not have; a folder's own object lists the others."""
    wanted = [content for content in contents if not cache.has(content)]
    md5s = {content.md5 for content in wanted if not cache.has_object(content.md5)}
    if md5s:
        fetch(md5s)
    inside = {md5 for content in wanted for md5 in cache.missing_inside(content)}
    if inside:
        fetch(inside)


def _is_saved(cache: Cache, content: Digest | None) -> bool:
    return content is None or cache.has(content) or OWN_CACHE.has(content)


def _bring_back(
    cache: Cache, step: PlannedStep, deps: dict[str, Digest], outs: dict[str, Digest]
) -> Receipt:
    now = time.time()
    restore_outputs(cache, step, outs)
    seen = [Seen(path, content, stamp(path)) for path, content in deps.items()]
    receipt = receipt_of(step, step.argv, seen, outs, now, restored=True)
    write_receipt(receipt)
    bring_back(step.name, run_value(step.lock_entry(deps | outs)))
    return receipt
