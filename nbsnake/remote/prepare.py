"""``python -m nbsnake.remote.prepare``: put what a job needs into the remote, and sign its URLs.

A process of its own, for DVC and the clients of S3 take more memory than hundreds of waiting jobs.
The request is a JSON object on standard input, the answer one on standard output. A fault is said,
and is the exit code.
"""

import hashlib
import json
import sys
from typing import Any, NamedTuple

from nbsnake.dvc.store import Store, open_store
from nbsnake.errors import NbsnakeError
from nbsnake.job.away import RESULT, Task
from nbsnake.job.patience import patiently
from nbsnake.job.plan import cache_from
from nbsnake.job.say import say
from nbsnake.job.shape import from_json, parse
from nbsnake.programs import import_nothing_from_here
from nbsnake.remote.task import package

PACKAGE = "job.zip"
# How botocore, aiohttp and Python call what is over when a server comes back.
AWAY = frozenset(
    {"ClientConnectorError", "ConnectionError", "EndpointConnectionError", "HTTPClientError"}
    | {"ServerDisconnectedError", "TimeoutError"}
)


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
        remove = tuple(store.url(name, each, "DELETE") for each in (PACKAGE, RESULT))
        return Answer(*start, store.url(name, RESULT, "GET"), remove)


def _send(store: Store, request: Request, fields: dict[str, Any]) -> tuple[str, str]:
    store.put_objects(request.paths)
    urls = {md5: store.object_url(md5) for md5 in request.paths}
    task: Task = parse(Task, {**fields, "urls": urls, "result": ""})
    data = package(task._replace(result=store.url(request.name, RESULT, "PUT")))
    store.put(request.name, PACKAGE, data)
    return store.url(request.name, PACKAGE, "GET"), hashlib.sha256(data).hexdigest()


def _is_away(error: Exception) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if AWAY.intersection(kind.__name__ for kind in type(cause).__mro__):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def main() -> int:
    """Answer the request on standard input."""
    request: Request = parse(Request, from_json(sys.stdin.read()))
    try:
        answer = patiently(lambda: prepare(request), "opening the remote", _is_away)
    except NbsnakeError as error:
        say(error)
        return error.exit_code
    sys.stdout.write(json.dumps(answer._asdict()))
    return 0


if __name__ == "__main__":
    import_nothing_from_here()
    sys.exit(main())
