"""``python -m nbsnake.remote.prepare``: put what a job needs into the remote, and sign its URLs."""

import hashlib
import sys
from typing import Any, NamedTuple

from nbsnake.dvc.store import Store, open_store
from nbsnake.job.away import RESULT, Task
from nbsnake.job.plan import cache_from
from nbsnake.job.shape import parse
from nbsnake.remote.processes import answer
from nbsnake.remote.task import package

PACKAGE = "job.zip"
SLOTS = 16  # files of a result that travel apart from it


class Request(NamedTuple):
    """``task`` is None for a job that has been submitted: then only URLs are wanted."""

    name: str
    remote: str
    cache: dict[str, Any]
    paths: dict[str, str]
    task: dict[str, Any] | None


class Answer(NamedTuple):
    """URLs of the package ("" where there is none), of the result, and of what is to be removed."""

    package: str
    sha256: str
    result: str
    remove: tuple[str, ...]


def prepare(request: Request) -> Answer:
    """Raises :class:`NbsnakeError`."""
    cache = cache_from(request.cache)
    with open_store(request.remote or None, cache) as store:
        name = request.name
        start = ("", "") if request.task is None else _send(store, request, request.task)
        files = (PACKAGE, RESULT, *map(slot, range(SLOTS)))
        remove = tuple(store.url(name, each, "DELETE") for each in files)
        return Answer(*start, store.url(name, RESULT, "GET"), remove)


def slot(number: int) -> str:
    """The name of a job's file for one large object."""
    return f"object-{number}"


def _send(store: Store, request: Request, fields: dict[str, Any]) -> tuple[str, str]:
    name = request.name
    store.put_objects(request.paths)
    urls = {md5: store.object_url(md5) for md5 in request.paths}
    slots = [store.url(name, slot(number), "PUT") for number in range(SLOTS)]
    result = store.url(name, RESULT, "PUT")
    task: Task = parse(Task, {**fields, "urls": urls, "result": result, "slots": slots})
    data = package(task)
    store.put(name, PACKAGE, data)
    return store.url(name, PACKAGE, "GET"), hashlib.sha256(data).hexdigest()


if __name__ == "__main__":
    sys.exit(answer(Request, prepare))
