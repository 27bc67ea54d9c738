"""DVC and jobs see each other's use of paths in the file that DVC keeps for that."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from dvc.fs import localfs
from dvc.lock import LockError
from dvc.rwlock import rwlock
from results_builder import Folder

from nbsnake.job.rwlock import FILE, FOLDER, paths_locked


@pytest.fixture
def step(folder):
    step = Folder().plan.steps["join"]
    Path(FOLDER).mkdir()
    return step


def by_dvc(read=(), write=()):
    paths = [[os.path.abspath(each) for each in names] for names in (read, write)]
    return rwlock(os.path.abspath(FOLDER), localfs, "dvc repro", *paths, hardlink=False)


@pytest.mark.parametrize(
    ("read", "write"), [((), ("mid.txt",)), ((), ("out.txt",)), (("out.txt",), ()), ((), (".",))]
)
def test_dvc_refuses_what_a_job_uses(step, read, write):
    refused = pytest.raises(LockError, match="nbsnake exec join")
    with paths_locked(step), refused, by_dvc(read, write):
        pass
    with by_dvc(read, write):
        assert "dvc repro" in Path(FILE).read_text()


def test_dvc_may_read_what_a_job_reads(step):
    with paths_locked(step), by_dvc(["mid.txt"], ["other"]):
        pass
    assert json.loads(Path(FILE).read_text()) == {"read": {}, "write": {}}


def test_job_waits_while_dvc_writes(step, capsys):
    holder = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    record = {"pid": holder.pid, "cmd": "dvc repro join"}
    Path(FILE).write_text(json.dumps({"read": {}, "write": {os.path.abspath("out.txt"): record}}))
    done = []

    def job():
        with paths_locked(step):
            done.append(holder.poll())

    thread = threading.Thread(target=job)
    thread.start()
    while "waiting for 'dvc repro join'" not in capsys.readouterr().err:
        assert thread.is_alive()
    assert done == []
    holder.communicate()  # which ends it
    thread.join()
    assert done == [holder.returncode]


@pytest.mark.parametrize("text", ["", "[]", '{"read": 1}', '{"read": {"a": [{}]}, "write": {}}'])
def test_a_broken_file_is_as_none(step, text):
    Path(FILE).write_text(text)
    with paths_locked(step):
        assert os.path.abspath("out.txt") in json.loads(Path(FILE).read_text())["write"]
