"""Steps run as jobs that see only the DVC remote: the same results, and one message for a fault."""

import getpass
import hashlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from diamond import NOTHING
from e2e_project import Project, kill_group
from remote_machine import JOBS, PAUSED, job_ids, use, use_folder

pytestmark = [pytest.mark.e2e, pytest.mark.remote]
ALL = ["join", "left", "make", "right"]
INNER = {"data/numbers.txt", "results of all/left.txt"}  # that only other steps read


@pytest.fixture
def away(project: Project, tmp_path: Path) -> Project:
    """The diamond, in which nothing has run, with a folder as its remote."""
    use_folder(project, tmp_path / "store")
    return project


@pytest.fixture
def in_s3(project: Project, s3: int) -> Project:
    """The same with a remote in S3."""
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    project.env.update(keys, AWS_DEFAULT_REGION="us-east-1")  # of the head: jobs get none
    project.dvc("remote", "add", "--default", "--quiet", "store", "s3://store/data")
    project.dvc("remote", "modify", "store", "endpointurl", f"http://127.0.0.1:{s3}")
    use(project, leave=0)
    return project


def wait_for_job(project: Project, process: "subprocess.Popen[bytes]") -> str:
    deadline = time.monotonic() + 120
    while not job_ids(project):
        assert process.poll() is None, "the run ended too early"
        assert time.monotonic() < deadline, "no job was submitted"
        time.sleep(0.05)
    return job_ids(project)[0]


def test_plain_snakemake_is_the_scheduler_and_a_failure_has_its_place(
    away: Project,
) -> None:
    away.write("data/raw.txt", "1 two\n")
    away.env["NBSNAKE_REMOTE"] = "workflow/remote/here.yaml"
    shown = away.snakemake("--keep-going", "left", code=1)
    assert "left failed: notebooks/left.ipynb, cell 5" in shown
    assert "ValueError: invalid literal for int() with base 10: 'two" in away.read("logs/left.log")
    assert (away.root / ".nbsnake/executed/left.failed.ipynb").exists()
    assert away.locked_steps() == {"make"}
    assert away.computed() == ["make"]  # for left failed before it counts


def test_a_wrong_call_is_refused_before_anything_runs(away: Project) -> None:
    absent = away.nbsnake("run", "--remote", "absent", code=2)
    assert "there is no workflow/remote/absent.yaml" in absent.stderr
    both = away.nbsnake("run", "--remote", "here", "--profile", "default", code=2)
    assert "--remote and --profile cannot be combined" in both.stderr


def test_a_job_that_was_killed_or_is_lost_is_said(away: Project) -> None:
    with away.holding():
        process = away.start("nbsnake", "run", "--remote", "here", "left")
        away.wait_until_computing("left", process=process)
        os.kill(int(wait_for_job(away, process)), signal.SIGKILL)
        assert process.wait(timeout=120) == 1
    out = away.root.with_name(f"{away.root.name}.out").read_text()
    assert "ended without a result: failed" in out
    assert job_ids(away) == []
    assert "left" not in away.locked_steps()


def test_the_next_head_takes_the_job_of_a_killed_one(
    away: Project, finished: Project, tmp_path: Path
) -> None:
    with away.holding():
        process = away.start("nbsnake", "run", "--remote", "here", "left")
        away.wait_until_computing("left", process=process)
        job = wait_for_job(away, process)
        kill_group(process, signal.SIGKILL)
    away.nbsnake("run", "--remote", "here", "left")
    assert f"taking the job {job} that an earlier run left" in away.read("logs/left.log")
    assert away.computed() == ["left", "make"]
    assert away.read("results of all/left.txt") == finished.read("results of all/left.txt")
    assert away.locked_steps() == {"left", "make"}
    left = [path for path in (tmp_path / "store/nbsnake").rglob("*") if path.is_file()]
    assert left == []


@pytest.mark.parametrize("can_be_asked", [True, False])
def test_a_job_that_a_killed_head_did_not_note_is_found_where_that_can_be_asked(
    away: Project, *, can_be_asked: bool
) -> None:
    logs = away.root.with_name(JOBS)
    find = ["sh", "-c", 'cd "$0" && cat "$1.id" 2>/dev/null || true', str(logs), "{name}"]
    use(away, **({"find": find} if can_be_asked else {}))
    (logs / PAUSED).touch()
    with away.holding():
        process = away.start("nbsnake", "run", "--remote", "here", "left")
        away.wait_until_computing("left", process=process)
        assert job_ids(away) == []
        kill_group(process, signal.SIGKILL)
    (logs / PAUSED).unlink()
    away.nbsnake("run", "--remote", "here", "left")
    assert ("taking the job" in away.read("logs/left.log")) == can_be_asked
    assert away.computed() == ["left", *([] if can_be_asked else ["left"]), "make"]
    assert away.locked_steps() == {"left", "make"}


def test_an_interrupted_head_cancels_its_job(away: Project) -> None:
    with away.holding():
        process = away.start("nbsnake", "run", "--remote", "here", "left")
        away.wait_until_computing("left", process=process)
        job = wait_for_job(away, process)
        kill_group(process, signal.SIGINT)
        deadline = time.monotonic() + 60
        while Path(f"/proc/{job}/cmdline").exists() and Path(f"/proc/{job}/cmdline").read_bytes():
            assert time.monotonic() < deadline, "the job goes on"
            time.sleep(0.05)
    assert job_ids(away) == []


def test_a_damaged_object_is_named(away: Project, tmp_path: Path) -> None:
    md5 = hashlib.md5(b"1 2 3\n").hexdigest()
    damaged = tmp_path / "store/files/md5" / md5[:2] / md5[2:]
    damaged.parent.mkdir(parents=True)
    damaged.write_text("1 2 4\n")
    away.nbsnake("run", "--remote", "here", "make", code=1)
    assert f"it is damaged there: remove files/md5/{md5[:2]}" in away.read("logs/make.log")
    assert away.computed() == []
    damaged.write_text("half")  # of another size: it is put again
    away.nbsnake("run", "--remote", "here", "make")
    assert away.locked_steps() == {"make"}


def test_jobs_that_see_only_s3_lock_what_this_machine_locks(
    in_s3: Project, finished: Project
) -> None:
    """And what only steps read stays there until it is pulled."""
    done = in_s3.nbsnake("run", "--remote", "here")
    assert "dvc.lock: locked" in done.stderr
    assert "only in the DVC remote (nbsnake pull brings it): data/numbers.txt" in done.stderr
    assert in_s3.computed() == ALL
    assert in_s3.lock() == finished.lock()
    assert left_out(in_s3, finished) == INNER
    assert "not in cache:       data/numbers.txt" in in_s3.dvc("status", "make")
    reason = "data/numbers.txt is in the DVC remote alone; nbsnake pull brings it"
    assert reason in in_s3.status()["make"]["reasons"]
    assert (in_s3.root / ".nbsnake/executed/left.ipynb").exists()
    assert in_s3.receipt("left")["python"]
    assert job_ids(in_s3) == []

    again = in_s3.nbsnake("run", "--remote", "here")
    assert "nothing to be done" in again.stderr
    assert in_s3.computed() == []

    in_s3.dvc("pull", "--quiet")
    assert in_s3.outputs() == finished.outputs()
    assert in_s3.output_modes() == finished.output_modes()
    assert in_s3.wrong_objects() == []
    in_s3.assert_dvc_clean()
    assert NOTHING in in_s3.snakemake()


def test_a_run_on_this_machine_brings_what_was_left(away: Project, finished: Project) -> None:
    use(away, leave=0)
    away.nbsnake("run", "--remote", "here", "left")
    assert not (away.root / "data/numbers.txt").exists()
    assert away.read("results of all/left.txt") == finished.read("results of all/left.txt")
    away.computed()
    away.nbsnake("run")
    assert away.computed() == ["join", "right"]
    assert away.outputs() == finished.outputs()
    assert away.lock() == finished.lock()


def test_a_killed_head_leaves_nothing_that_could_be_taken_for_data(
    away: Project, finished: Project
) -> None:
    use(away, leave=0)
    with away.holding():
        process = away.start("nbsnake", "run", "--remote", "here", "left")
        away.wait_until_computing("left", process=process)
        with pytest.raises(OSError, match="No such device or address"):
            (away.root / "data/numbers.txt").read_text()
        kill_group(process, signal.SIGKILL)
    assert away.status()["make"]["state"] == "fresh"
    assert away.run_anyhow("dvc", "status").returncode
    shown = away.nbsnake("status").stderr
    assert (
        "data/numbers.txt: in the DVC remote; a killed run left links there: nbsnake sync" in shown
    )
    assert "only in the DVC remote" in away.nbsnake("sync").stderr
    assert "not in cache:       data/numbers.txt" in away.dvc("status", "make")
    assert "nbsnake sync" not in away.nbsnake("status").stderr
    away.nbsnake("run", "--remote", "here")
    assert away.computed() == ALL
    assert away.lock() == finished.lock()
    assert left_out(away, finished) == INNER


SSH = """\
#!/bin/sh
exec {ssh} -F none -i {folder}/key -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes \\
    -o GlobalKnownHostsFile=none -o UserKnownHostsFile={folder}/known_hosts "$@"
"""


@pytest.fixture
def in_ssh(project: Project, tmp_path: Path, ssh: int) -> Project:
    """The same with a remote over SSH, where ``ssh`` logs in with a key of its own."""
    (tmp_path / "known_hosts").write_text(
        f"[127.0.0.1]:{ssh} {(tmp_path / 'host_key.pub').read_text()}"
    )
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/ssh"
    program.write_text(SSH.format(ssh=shutil.which("ssh"), folder=tmp_path))
    program.chmod(0o755)
    project.env["PATH"] = f"{tmp_path / 'bin'}:{project.env['PATH']}"
    url = f"ssh://{getpass.getuser()}@127.0.0.1:{ssh}{tmp_path}/far store"
    project.dvc("remote", "add", "--default", "--quiet", "store", url)
    project.dvc("remote", "modify", "store", "keyfile", str(tmp_path / "key"))
    project.dvc("remote", "modify", "store", "allow_agent", "false")
    return project


def test_jobs_reach_a_machine_by_their_own_ssh(
    in_ssh: Project, finished: Project, tmp_path: Path
) -> None:
    use(in_ssh, path=[tmp_path / "bin"], leave=0)
    in_ssh.nbsnake("run", "--remote", "here", "left")
    assert in_ssh.computed() == ["left", "make"]
    assert {*in_ssh.outputs().items()} <= {*finished.outputs().items()}
    assert not (in_ssh.root / "data/numbers.txt").exists()
    assert not [*(tmp_path / "far store/nbsnake").rglob("*.*")]
    in_ssh.dvc("pull", "--quiet", "make")
    assert in_ssh.read("data/numbers.txt") == finished.read("data/numbers.txt")


def left_out(project: Project, finished: Project) -> set[str]:
    """The outputs that are not here; those that are here are right."""
    here, outputs = project.outputs(), finished.outputs()
    assert here.items() <= outputs.items()
    assert not any(path.is_symlink() for path in project.root.glob("*/*.txt"))
    return {*outputs} - {*here}
