"""Files to and from URLs, with a server that is away for a while."""

import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest

from nbsnake.errors import ToolError
from nbsnake.job import patience, transfer
from nbsnake.remote import exec as remote
from nbsnake.remote.runs import Run, read_run, write_run


class Handler(BaseHTTPRequestHandler):
    """Keeps what is put; answers 503 as often as ``busy`` says."""

    def answer(self, code, data=b""):
        self.send_response(code)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def is_busy(self):
        self.server.busy -= 1
        if self.server.busy >= 0:
            self.answer(503)
        return self.server.busy >= 0

    def do_GET(self):
        if not self.is_busy():
            data = self.server.files.get(self.path)
            self.answer(404 if data is None else 200, data or b"")

    def do_PUT(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.is_busy():
            self.server.files[self.path] = data
            self.answer(200)

    def do_DELETE(self):
        del self.server.files[self.path]
        self.answer(204)

    def log_message(self, *_):
        """Nothing is printed."""


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(patience, "PAUSE", 0.01)
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.files, server.busy = {}, 0
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(params=["http", "file"])
def url(request, folder):
    if request.param == "file":
        return (folder / "stored").as_uri()
    server = request.getfixturevalue("server")
    return f"http://127.0.0.1:{server.server_port}/stored"


def test_what_is_sent_is_there_until_it_is_removed(url, folder):
    (folder / "a").write_bytes(b"content")
    assert not transfer.is_there(url)
    transfer.send("a", url)
    assert transfer.is_there(url)
    transfer.fetch(url, "b")
    assert (folder / "b").read_bytes() == b"content"
    transfer.forget(url)
    assert not transfer.is_there(url)


def test_a_busy_server_is_waited_for_and_that_is_said_once(server, folder, capfd):
    url = f"http://127.0.0.1:{server.server_port}/stored"
    (folder / "a").write_bytes(b"content")
    server.busy = 3
    transfer.send("a", url)
    server.busy = 2
    transfer.fetch(url, "b")
    assert (folder / "b").read_bytes() == b"content"
    assert capfd.readouterr().err.count("does not answer") == 2


def test_what_is_absent_is_not_waited_for(server, folder):
    with pytest.raises(OSError, match="404"):
        transfer.fetch(f"http://127.0.0.1:{server.server_port}/absent", "b")


def test_a_server_that_stays_away_is_an_error(server, folder, monkeypatch):
    monkeypatch.setattr(patience, "PATIENCE", 0.0)
    server.busy = 100
    with pytest.raises(OSError, match="503"):
        transfer.fetch(f"http://127.0.0.1:{server.server_port}/stored", "b")


def test_other_kinds_of_urls_are_refused(folder):
    with pytest.raises(ValueError, match="'ftp' is not one of"):
        transfer.fetch("ftp://127.0.0.1/a", "b")


class Liar(BaseHTTPRequestHandler):
    """Sends what the path says: more than it announced, no length, a huge one, another place."""

    def do_GET(self):
        lie = self.path.strip("/")
        self.server.asked.append(self.path)
        self.send_response(302 if lie == "elsewhere" else 200)
        lengths = {"less": "3", "more": "100", "huge": str(10**17), "digits": "9" * 5000}
        if lie in lengths:
            self.send_header("Content-Length", lengths[lie])
        if lie == "elsewhere":
            self.send_header("Location", "/other")
        self.end_headers()
        self.wfile.write(b"content")

    def log_message(self, *_):
        """Nothing is printed."""


@pytest.fixture
def liar(monkeypatch):
    monkeypatch.setattr(patience, "PATIENCE", 0.0)
    with HTTPServer(("127.0.0.1", 0), Liar) as server:
        server.asked = []
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("lie", "message"),
    [
        ("more", "100"),
        ("endless", "does not say how many bytes"),
        ("huge", "are free on the disk"),
        ("digits", "are free on the disk"),
        ("elsewhere", "another place, which is not followed"),
    ],
)
def test_a_server_that_lies_is_an_error(liar, folder, lie, message):
    with pytest.raises(OSError, match=message):
        transfer.fetch(f"http://127.0.0.1:{liar.server_port}/{lie}", "b")
    assert f"/{lie}" in liar.asked
    assert "/other" not in liar.asked


def test_no_more_is_read_than_was_announced(liar, folder):
    transfer.fetch(f"http://127.0.0.1:{liar.server_port}/less", "b")
    assert (folder / "b").read_bytes() == b"con"


def test_a_pipe_in_a_folder_that_is_a_remote_is_not_waited_for(folder):
    os.mkfifo("stored")
    with pytest.raises(OSError, match="neither a file nor a folder"):
        transfer.fetch((folder / "stored").as_uri(), "b")


def test_a_result_that_cannot_be_fetched_is_not_waited_for_without_an_end_and_stays(
    liar, folder, monkeypatch
):
    url = f"http://127.0.0.1:{liar.server_port}/elsewhere"
    job = SimpleNamespace(step=SimpleNamespace(name="a"))
    write_run(job.step, Run("key", "nbsnake-a-1", "7"))
    monkeypatch.setattr(remote, "PATIENCE", 0.0)
    monkeypatch.setattr(remote, "key_of", lambda *_: "key")
    monkeypatch.setattr(remote, "_prepare", lambda *_: {"result": url, "remove": [url]})
    template = SimpleNamespace(ask=lambda job: ("ended", "it said so"), poll=0.01)
    with pytest.raises(ToolError, match="result of the job 7 cannot be fetched") as caught:
        remote._run(job, [], "", None, template)
    assert "run again" in caught.value.hint
    assert read_run(job.step).job == "7", "the next run takes it"
