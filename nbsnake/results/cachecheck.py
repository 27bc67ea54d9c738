"""Whether the cache has what dvc.lock names, byte by byte."""

import contextlib
from collections.abc import Iterator
from typing import NamedTuple

from nbsnake.dvc.lockfile import read_lock
from nbsnake.job.cache import Cache
from nbsnake.job.content import Digest, md5_of_file
from nbsnake.job.longwork import working
from nbsnake.job.plan import Plan


class CacheFault(NamedTuple):
    """An object of an output that is ``missing`` or ``damaged``, with its path in the cache."""

    step: str
    path: str
    fault: str
    object_path: str


def cache_faults(plan: Plan) -> list[CacheFault]:
    """All faults, in the order of the plan; every object is read once."""
    locked = list(_locked(plan))
    with working("reading the cache", sum(content.size for *_, content in locked)):
        sound: set[str] = set()
        return [
            CacheFault(step, path, fault, plan.cache.object_path(md5))
            for step, path, content in locked
            for fault, md5 in _faults(plan.cache, content, sound)
        ]


def _locked(plan: Plan) -> Iterator[tuple[str, str, Digest]]:
    """Each output that has its content in the cache by dvc.lock, with its step's name."""
    lock = read_lock()
    for step in plan.steps.values():
        cached = {out.path for out in step.outs if out.cache}
        for path, content in step.locked_outs(lock.get(step.name, {})).items():
            if path in cached:
                yield step.name, path, content


def _faults(cache: Cache, content: Digest, sound: set[str]) -> Iterator[tuple[str, str]]:
    md5s = [content.md5]
    if content.is_dir:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # found below
            md5s += [md5 for _, md5 in cache.listing(content)]
    for md5 in md5s:
        if md5 not in sound:
            if fault := _fault(cache, md5):
                yield fault, md5
            else:
                sound.add(md5)


def _fault(cache: Cache, md5: str) -> str:
    try:
        found = md5_of_file(cache.object_path(md5))
    except OSError:
        return "missing"
    return "" if found == md5.removesuffix(".dir") else "damaged"
