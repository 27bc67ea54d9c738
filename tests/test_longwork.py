"""What reads and copies many bytes shows how far it is; in jobs nothing is counted."""

import io
from pathlib import Path

import pytest

from nbsnake.bars import bars_for_long_work
from nbsnake.job import longwork
from nbsnake.job.cache import Cache
from nbsnake.job.content import digest
from nbsnake.job.longwork import watched_by, working

SIZE = 3_000_000


class Watcher:
    """Notes the title, the bytes and the total of each piece of work."""

    def __init__(self):
        self.last = None
        self.ended = []

    def show(self, work):
        self.last = (work.title, work.done, work.total)

    def end(self):
        self.ended.append(self.last)


@pytest.fixture(autouse=True)
def at_once(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(longwork, "AFTER", -1.0)


@pytest.fixture
def watcher():
    watcher = Watcher()
    with watched_by(watcher):
        yield watcher


def fill(*paths):
    for path in map(Path, paths):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(SIZE))


def test_file_counts_its_bytes(watcher):
    fill("data/a")
    digest("data/a")
    assert watcher.ended == [("reading data/a", SIZE, SIZE)]


def test_folder_is_one_piece_of_work(watcher):
    fill("data/a", "data/b", "data/c")
    digest("data")
    assert watcher.ended == [("reading data", 3 * SIZE, 3 * SIZE)]


@pytest.mark.parametrize("paths", [["out"], ["out/a", "out/b"]])
@pytest.mark.parametrize(("kind", "passes"), [("copy", 2), ("hardlink", 1)])
def test_restored_bytes_count_once_when_copied_and_once_when_read(watcher, paths, kind, passes):
    Path("cache").mkdir()
    cache = Cache(str(Path("cache").absolute()), (kind,))
    fill(*paths)
    content = cache.store("out")
    watcher.ended.clear()
    cache.restore(content, "out")
    total = passes * SIZE * len(paths)
    assert watcher.ended == [("restoring out", total, total)]


def test_nothing_is_shown_before_two_seconds(watcher, monkeypatch):
    monkeypatch.setattr(longwork, "AFTER", 60)
    fill("a")
    digest("a")
    assert watcher.ended == [None]


def test_nothing_is_counted_where_nobody_watches(monkeypatch):
    monkeypatch.setattr(longwork, "advance", None)
    fill("a")
    digest("a")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_bar_on_a_terminal_is_gone_when_its_work_has_ended(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    fill("data [bold]")
    with bars_for_long_work(), working("all", 1):
        longwork.advance(1)
        assert "all" in terminal.getvalue()
    with bars_for_long_work():
        digest("data [bold]")
    assert "reading data [bold]" in terminal.getvalue()
    assert terminal.getvalue().endswith("\x1b[2K")  # erases the line


def test_no_bar_where_no_terminal_is(capsys):
    fill("a")
    with bars_for_long_work():
        digest("a")
    assert capsys.readouterr().err == ""
