"""The objects of all runs on record: what a team shares, so that nobody computes it again."""

from collections.abc import Iterator

from nbsnake.job.cache import Cache
from nbsnake.job.runcache import all_runs


def objects_of_runs(cache: Cache) -> Iterator[tuple[list[str], bool]]:
    """For each run, the objects of its outputs as far as they are known, and whether all are there.

    The objects inside a folder are known when its own object is there.
    """
    for outs in all_runs(cache.folder):
        md5s = [content.md5 for content in outs]
        for content in outs:
            md5s += cache.listed(content) or ()
        yield md5s, all(map(cache.has, outs))


def missing_objects(cache: Cache) -> set[str]:
    """The objects of runs on record that the cache does not have."""
    every = {md5 for md5s, is_whole in objects_of_runs(cache) if not is_whole for md5 in md5s}
    return {md5 for md5 in every if not cache.has_object(md5)}
