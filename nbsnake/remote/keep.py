"""``python -m nbsnake.remote.keep``: make large files of a job's result objects of the remote.

They get there inside of the remote, so that what the next job reads does not pass this machine.
"""

import sys
from typing import Any, NamedTuple

from nbsnake.dvc.store import open_store
from nbsnake.job.plan import cache_from
from nbsnake.remote.prepare import slot
from nbsnake.remote.processes import answer


class Request(NamedTuple):
    """``slots`` are the numbers of the job's files, by the md5s that the job says they have."""

    name: str
    remote: str
    cache: dict[str, Any]
    slots: dict[str, int]


class Answer(NamedTuple):
    """The URL of each file. Those of ``kept`` are objects, which the remote says have their md5."""

    urls: dict[str, str]
    kept: tuple[str, ...]


def keep(request: Request) -> Answer:
    """Raises :class:`NbsnakeError`."""
    with open_store(request.remote or None, cache_from(request.cache)) as store:
        kept, urls = [], {}
        for md5, number in request.slots.items():
            if store.keep(request.name, slot(number), md5):
                kept.append(md5)
                urls[md5] = store.object_url(md5)
            else:
                urls[md5] = store.url(request.name, slot(number), "GET")
        return Answer(urls, tuple(kept))


if __name__ == "__main__":
    sys.exit(answer(Request, keep))
