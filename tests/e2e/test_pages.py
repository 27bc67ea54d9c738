"""The pages that nbsnake writes, in a real browser."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Visit
from e2e_project import Project

from nbsnake.render.page import notebook_page

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
STEPS = {"load": 0, "pixels": 0, "edges": 0, "svm": 0, "forest": 0, "evaluate": 1}
HOSTILE = """\
<script src="ADDRESS/a.js"></script>
<img src="ADDRESS/b.png" onerror="document.title = 'changed'">
<link rel="stylesheet" href="ADDRESS/c.css"><link rel="preconnect" href="ADDRESS">
<style>@import "ADDRESS/d.css"; pre { background: url("ADDRESS/e.png"); }</style>
<iframe src="ADDRESS/f"></iframe><object data="ADDRESS/g"></object>
<script>document.title = "changed"; fetch("ADDRESS/h")</script>
<meta http-equiv="refresh" content="0; url=ADDRESS/i"><base href="ADDRESS/">
<img src="j.png"><svg><image href="ADDRESS/k.png"/></svg><video src="ADDRESS/l.mp4"></video>
"""


@pytest.fixture(scope="module")
def shown(digits: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The example, where the pages are written."""
    return digits.copy_to(tmp_path_factory.mktemp("pages") / "digits")


@pytest.mark.parametrize("step", STEPS)
def test_executed_notebook_asks_nothing_of_the_network(
    shown: Project, visit: Callable[[Path], Visit], step: str
) -> None:
    shown.nbsnake("show", step, "--html", f"{step}.html")
    page, requests, messages = visit(shown.root / f"{step}.html")
    assert [url for url in requests if not url.startswith("data:")] == []
    assert all("Content Security Policy" in message for message in messages)  # no scripts run
    pictures = page.locator("img").evaluate_all("all => all.map(each => each.naturalWidth)")
    assert len(pictures) == STEPS[step]
    assert all(width > 100 for width in pictures)
    assert page.locator(".highlight").count() > 1
    shade = page.locator(".highlight").first.evaluate("e => getComputedStyle(e).backgroundColor")
    assert shade not in ("rgba(0, 0, 0, 0)", "")


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """A port of this machine, where nothing is to arrive."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


def first_words(server: socket.socket) -> bytes:
    """What the first client sends; nothing where there is none."""
    try:
        connection, _ = server.accept()
    except BlockingIOError:
        return b""
    with connection:
        connection.settimeout(5)
        return connection.recv(100) or b"(nothing)"


def test_a_page_asks_nothing_whatever_a_notebook_shows(
    visit: Callable[[Path], Visit], tmp_path: Path, server: socket.socket
) -> None:
    hostile = HOSTILE.replace("ADDRESS", f"http://127.0.0.1:{server.getsockname()[1]}")
    output = {"output_type": "display_data", "data": {"text/html": hostile}, "metadata": {}}
    code = {"cell_type": "code", "metadata": {}, "execution_count": 1, "source": "show()"}
    text = {"cell_type": "markdown", "metadata": {}, "source": f"words\n\n{hostile}"}
    cells = [{**code, "id": "a", "outputs": [output]}, {**text, "id": "b"}]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path = tmp_path / "page.html"
    path.write_text(notebook_page(notebook, "<i>title</i>"))
    page, requests, messages = visit(path)
    assert first_words(server) == b""
    assert requests == []
    assert messages
    assert page.title() == "<i>title</i>"
    assert page.url == path.as_uri()
