"""A server between a client and a real S3 server, which lies about the objects that it hands on."""

import contextlib
import http.client
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ENOUGH = 1 << 26  # bytes; a client that takes as many takes any number
BLOCK = b"x" * (1 << 16)
OBJECT = re.compile(r"/files/md5/[0-9a-f]{2}/[0-9a-f]{30}")
LISTED = re.compile(rb"(?s)<Contents>.*?</Contents>")


class Handler(BaseHTTPRequestHandler):
    """Hands on each request, and the answer as the server's lie has it."""

    protocol_version = "HTTP/1.1"
    server: "LyingServer"

    def handle_any(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = http.client.HTTPConnection("127.0.0.1", self.server.behind, timeout=60)
        with contextlib.closing(asked):
            asked.request(self.command, self.path, data, dict(self.headers))
            answer = asked.getresponse()
            body, headers = answer.read(), dict(answer.headers)
        kept = {name: headers[name] for name in headers if name.lower() in KEPT}
        is_object = self.command == "GET" and OBJECT.search(self.path) and answer.status == 200
        if self.server.lie and (is_object or "list-type=2" in self.path):
            self.server.lie(self, kept, body)
        else:
            length = int(headers["Content-Length"]) if self.command == "HEAD" else None
            self.answer(answer.status, kept, body, length)

    # the names that the standard library calls
    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = handle_any  # noqa: N815

    def answer(
        self, status: int, headers: Mapping[str, str], body: bytes, length: int | None = None
    ) -> None:
        """Send a body, with another length than its own where one is given; then hang up."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)
        self.close_connection = length is not None

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


KEPT = ("content-type", "etag", "last-modified", "x-amz-request-id", "location")
Lie = Callable[[Handler, dict[str, str], bytes], None]


class LyingServer(ThreadingHTTPServer):
    """A server on the loopback interface; ``elsewhere`` are the requests to where it redirects."""

    daemon_threads = True

    def __init__(self, behind: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behind = behind
        self.lie: Lie | None = None
        self.taken = 0
        self.elsewhere: list[str] = []


@contextlib.contextmanager
def lying_server(behind: int) -> Iterator[LyingServer]:
    """A server that hands on to the port ``behind``, until the end."""
    with LyingServer(behind) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def of_objects(lie: Lie) -> Lie:
    """The lie about the content of objects; lists are true."""

    def tell(handler: Handler, headers: dict[str, str], body: bytes) -> None:
        if OBJECT.search(handler.path):
            lie(handler, headers, body)
        else:
            handler.answer(200, headers, body)

    return tell


@of_objects
def is_cut_off(handler: Handler, headers: dict[str, str], body: bytes) -> None:
    handler.answer(200, headers, body[: len(body) // 2], length=len(body))


@of_objects
def says_less(handler: Handler, headers: dict[str, str], body: bytes) -> None:
    handler.answer(200, headers, body, length=len(body) // 2)


@of_objects
def is_another(handler: Handler, headers: dict[str, str], body: bytes) -> None:
    handler.answer(200, headers, b"x" * len(body))


@of_objects
def is_elsewhere(handler: Handler, headers: dict[str, str], body: bytes) -> None:
    if "elsewhere" in handler.path:
        handler.server.elsewhere.append(handler.path)
    place = f"http://127.0.0.1:{handler.server.server_port}/elsewhere{handler.path}"
    handler.answer(307, {**headers, "Location": place}, b"")


@of_objects
def never_ends(handler: Handler, headers: dict[str, str], body: bytes) -> None:
    handler.send_response(200)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.close_connection = True
    sent = 0
    with contextlib.suppress(OSError):
        while sent < ENOUGH:
            handler.wfile.write(BLOCK)
            sent += len(BLOCK)
    handler.server.taken = max(handler.server.taken, sent)


def lists_keys_that_lead_out(handler: Handler, headers: dict[str, str], body: bytes) -> None:
    """Each key of a list once more, with dots and names that lead out of every folder."""

    def doubled(found: re.Match[bytes]) -> bytes:
        out = re.sub(rb"<Key>(.*?)([^/]*)</Key>", rb"<Key>\1../../../../outside/\2</Key>", found[0])
        return found[0] + out

    if "list-type=2" in handler.path:
        body = LISTED.sub(doubled, body)
    handler.answer(200, headers, body)


OTHER = "the remote has other content for them than their names say"
# Each lie by its name, and a pattern for what `nbsnake pull` says of it.
LIES: dict[str, tuple[Lie, str]] = {
    "is_cut_off": (is_cut_off, "pulled"),
    # What is sent too much is taken for the next answer, where that comes in time.
    "says_less": (says_less, f"files failed to download|{OTHER}"),
    "is_another": (is_another, OTHER),
    "is_elsewhere": (is_elsewhere, "files failed to download"),
    "never_ends": (never_ends, "the server does not say how many bytes it sends"),
    "lists_keys_that_lead_out": (lists_keys_that_lead_out, "pulled"),
}
