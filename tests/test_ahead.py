"""Many notebooks are read by several processes, with the same result as by one."""

import os
import signal

import pytest
from builders import declare, nb_bytes

from nbsnake.errors import NbsnakeError
from nbsnake.generate import ahead
from nbsnake.generate.ahead import Ahead
from nbsnake.generate.generate import find_changes, find_notes

COUNT = 12
BROKEN = (1, 7, 11)


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number in range(COUNT):
        head = declare(":param int size: s", f":dvc-out: out{number}.txt", body=f"size = {number}")
        (tmp_path / f"step{number:02}.ipynb").write_bytes(nb_bytes(head, "open('unknown.csv')"))


def several(monkeypatch, count):
    monkeypatch.setattr(ahead, "processes", lambda names: min(count, max(names, 1)))


def changes():
    return [(each.path, each.new.text) for each in find_changes()]


def faults():
    with pytest.raises(NbsnakeError) as found:
        find_changes()
    return str(found.value)


@pytest.mark.parametrize("count", [2, 3, COUNT, COUNT + 1])
def test_what_is_generated_is_the_same(count, monkeypatch):
    several(monkeypatch, 1)
    alone, notes = changes(), find_notes()
    os.unlink(".nbsnake/notebooks.json")
    several(monkeypatch, count)
    assert changes() == alone
    assert find_notes() == notes != []


def test_the_copies_read_their_part(monkeypatch):
    several(monkeypatch, 3)
    mine = os.getpid()
    work = Ahead(lambda name: [name, os.getpid()], ["a", "b", "c", "d", "e"])
    assert work.names == {"c", "d", "e"}
    found = work.found()
    assert {name: given for name, (given, _) in found.items()} == {n: n for n in "cde"}
    assert len({pid for _, pid in found.values()} - {mine}) == 2
    assert work.found() == {}


def test_faults_are_reported_in_the_same_order(monkeypatch):
    for number in BROKEN:
        with open(f"step{number:02}.ipynb", "wb") as file:
            file.write(nb_bytes(declare(":param int size: s", ":dvc-out: ../out.txt", body="1 +")))
    several(monkeypatch, 1)
    alone = faults()
    several(monkeypatch, 2)
    assert faults() == alone
    assert all(f"step{number:02}" in alone for number in BROKEN)


def end_this(_):
    os.kill(os.getpid(), signal.SIGKILL)


def refuse(_):
    raise RuntimeError


@pytest.mark.parametrize("work", [end_this, refuse, lambda _: object()])
def test_a_copy_that_fails_gives_nothing(work, monkeypatch):
    several(monkeypatch, 2)
    assert Ahead(work, ["a", "b"]).found() == {}


def test_no_copy_is_left_when_nobody_asks(monkeypatch):
    several(monkeypatch, 2)
    work = Ahead(lambda _: signal.pause(), ["a", "b"])
    (copy,) = (pid for pid, _ in work._copies)
    os.kill(copy, 0)
    work.close()
    with pytest.raises(ProcessLookupError):
        os.kill(copy, 0)


def test_few_names_are_left_to_one_process():
    assert ahead.processes(ahead.LEAST) == 1
    assert ahead.processes(0) == 1
