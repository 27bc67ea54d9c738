"""`dvc repro` beside Snakemake: two runs of one stage exclude each other."""

import pytest
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
