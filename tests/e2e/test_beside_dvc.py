"""`dvc repro` beside Snakemake: two runs of one stage exclude each other."""

import re

import pytest
from diamond import NOTHING
from e2e_project import Project

pytestmark = [pytest.mark.e2e, pytest.mark.lock]
SLOW = """\
stages:
  slow:
    cmd:
    - echo run >> "$COUNT_FILE"; echo a > slow.txt
    - while [ -e "$HOLD_FILE" ]; do sleep 0.05; done; echo b >> slow.txt
    deps: [foo]
    outs: [slow.txt]
"""


@pytest.fixture
def slow(folder: Project) -> Project:
    folder.git("init", "--quiet")
    folder.dvc("init", "--quiet")
    folder.nbsnake("init")
    folder.write("foo", "foo\n")
    folder.write("dvc.yaml", SLOW)
    return folder


def test_dvc_does_not_start_what_snakemake_runs(slow: Project) -> None:
    with slow.holding() as held:
        run = slow.start("snakemake", "--cores", "1", **held)
        slow.wait_until_computing("run", process=run)
        refused = slow.run("dvc", "repro", "slow", code=255)
        assert "is busy" in refused.stderr
        assert "nbsnake exec slow" in refused.stderr
    assert run.wait() == 0
    assert slow.computed() == ["run"]
    assert slow.read("slow.txt") == "a\nb\n"
    slow.assert_dvc_clean()


def test_snakemake_waits_for_what_dvc_runs_and_runs_it_no_second_time(slow: Project) -> None:
    with slow.holding() as held:
        theirs = slow.start("dvc", "repro", "slow", **held)
        slow.wait_until_computing("run", process=theirs)
        ours = slow.start("snakemake", "--cores", "1", **held)
        slow.wait_until_printed("waiting for '", process=ours)
    assert theirs.wait() == ours.wait() == 0
    assert slow.computed() == ["run"]
    assert slow.read("slow.txt") == "a\nb\n"
    slow.assert_dvc_clean()


def test_entries_of_dvc_2_are_named_until_they_are_migrated(done: Project) -> None:
    lock = re.sub("\n +hash: md5", "", done.read("dvc.lock"))
    done.write("dvc.lock", lock)
    message = "DVC 2 locked make, left, right and 1 more"
    assert message in done.nbsnake("status").stderr
    assert message in done.snakemake()
    assert done.computed() == []
    assert done.read("dvc.lock") == lock
    done.dvc("cache", "migrate", "--dvc-files")
    assert "DVC 2" not in done.nbsnake("status").stderr
    assert NOTHING in done.snakemake()
    done.assert_dvc_clean()


def test_receipts_of_another_version_are_named_once_and_not_used(done: Project) -> None:
    receipts = done.files(".nbsnake/receipts")
    for path in receipts:
        done.replace(path, '"format": 1,', '"format": 99,')
    printed = done.nbsnake("status")
    assert printed.stderr.count("another version") == 1
    assert "4 steps: 4 fresh" in printed.stdout  # by dvc.lock
    assert done.files(".nbsnake/receipts") != {}
    assert NOTHING in done.snakemake()
