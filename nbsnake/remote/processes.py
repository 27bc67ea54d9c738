"""Questions to processes that use the DVC remote.

Processes of their own, for DVC and the clients of S3 take more memory than hundreds of waiting
jobs. The request is a JSON object on standard input, the answer one on standard output. A fault is
said, and is the exit code.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from nbsnake.errors import NbsnakeError, ToolError
from nbsnake.job.patience import patiently
from nbsnake.job.say import say
from nbsnake.job.shape import from_json, parse
from nbsnake.programs import import_nothing_from_here, python_call

# How botocore, aiohttp and Python call what is over when a server comes back.
AWAY = frozenset(
    {"ClientConnectorError", "ConnectionError", "EndpointConnectionError", "HTTPClientError"}
    | {"ServerDisconnectedError", "TimeoutError"}
)
Request = TypeVar("Request", bound=NamedTuple)


def ask(module: str, request: Mapping[str, Any], fault: str) -> dict[str, Any]:
    """What the module answers. Raises :class:`ToolError` with the ``fault`` where it does not."""
    done = subprocess.run(
        python_call(module), input=json.dumps(request), stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        raise ToolError(fault)
    return parse(dict[str, Any], from_json(done.stdout.splitlines()[-1]))  # type: ignore[no-any-return]


def answer(kind: type[Request], act: Callable[[Request], Any]) -> int:
    """Answer the request on standard input, as a process; the exit code."""
    import_nothing_from_here()
    request: Request = parse(kind, from_json(sys.stdin.read()))
    try:
        found = patiently(lambda: act(request), "opening the remote", _is_away)
    except NbsnakeError as error:
        say(error)
        return error.exit_code
    sys.stdout.write(json.dumps(found._asdict()))
    return 0


def _is_away(error: Exception) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if AWAY.intersection(kind.__name__ for kind in type(cause).__mro__):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
