"""After any run that succeeds, the workspace, dvc.lock and the cache say the same, and truly so."""

import contextlib
import os
import random
import shutil
from pathlib import Path

import pytest
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc_objects.errors import ObjectFormatError

from nbsnake.dvc.current import current_plan
from nbsnake.dvc.lockfile import read_lock
from nbsnake.job.content import digest, md5_of_file
from nbsnake.job.digests import read_digests
from nbsnake.job.exec import main as run_exec
from nbsnake.results.freshness import Judge
from nbsnake.results.restore import restore, save_outputs
from nbsnake.results.sync import sync

pytestmark = [pytest.mark.lock, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
SEQUENCES = int(os.environ.get("SEQUENCES", "100"))
LENGTH, AT_ONCE = 8, 25
STAGES = """\
stages:
  copy:
    cmd: cat in.txt > mid.txt
    deps: [in.txt]
    outs: [mid.txt]
  parts:
    cmd: mkdir parts && cp mid.txt parts/one && echo two > parts/two
    deps: [mid.txt]
    outs: [parts]
  join:
    cmd: cat parts/one parts/two other.txt > out.txt
    deps: [parts, other.txt]
    outs: [out.txt]
"""
OUTS = ("mid.txt", "parts", "out.txt")
OBJECTS = Path(".dvc/cache/files/md5")


def set_up():
    Repo.init(".", no_scm=True).close()
    Path("dvc.yaml").write_text(STAGES)
    Path("in.txt").write_text("1\n")
    Path("other.txt").write_text("1\n")


def run():
    """What a run of the Snakefile does, without Snakemake in between."""
    plan, digests = current_plan(), read_digests()
    judge = Judge(plan, digests)
    restore(judge, force=True)
    save_outputs(judge)
    for name, verdict in judge.verdicts().items():
        if not verdict.settled:
            for path in plan.steps[name].out_paths:  # as Snakemake does before a job
                remove(path)
            assert run_exec([name]) == 0
    digests.save()
    assert sync(plan, read_digests()).refused == {}


def assert_true():
    one, other = Path("in.txt").read_text(), Path("other.txt").read_text()
    assert Path("mid.txt").read_text() == Path("parts/one").read_text() == one
    assert Path("out.txt").read_text() == f"{one}two\n{other}"
    for entry in read_lock().values():
        for out in entry["outs"]:
            assert digest(out["path"]).md5 == out["md5"]
            assert object_of(out["md5"]).exists()
    for path in (*OUTS[::2], "parts/one", "parts/two"):
        stored = object_of(md5_of_file(path))
        assert stored.read_bytes() == Path(path).read_bytes()
    with Repo(".") as repo:
        assert repo.status() == {}


def object_of(md5):
    return OBJECTS / md5[:2] / md5[2:]


def remove(path):
    with contextlib.suppress(FileNotFoundError):
        (shutil.rmtree if os.path.isdir(path) else os.unlink)(path)


def objects():
    return sorted(path for path in OBJECTS.rglob("??/*") if path.is_file())


def edit_source(pick):
    path = Path(pick.choice(["in.txt", "other.txt"]))
    path.write_text(pick.choice(["1\n", "2\n", "3\n"]))


def edit_output(pick):
    path = Path(pick.choice(["mid.txt", "parts/one", "out.txt"]))
    if path.exists():
        path.unlink()
        path.write_text(pick.choice(["1\n", "edited\n"]))


def damage_object(pick):
    if found := objects():
        path = pick.choice(found)
        data = path.read_bytes()
        path.chmod(0o644)
        flip = data and pick.random() < 0.7
        path.write_bytes(bytes([data[0] ^ 1]) + data[1:] if flip else b"empty" * (not data))
        path.chmod(pick.choice([0o444, 0o644]))


def delete_object(pick):
    if found := objects():
        pick.choice(found).unlink()


def delete_output(pick):
    remove(pick.choice(OUTS))


def collect_garbage(_):
    # It refuses where a folder's own object is gone or damaged.
    with Repo(".") as repo, contextlib.suppress(DvcException, ObjectFormatError):
        repo.gc(workspace=True)


def check_out(_):
    with Repo(".") as repo, contextlib.suppress(DvcException, ObjectFormatError):
        repo.checkout(force=True)


def switch_links(pick):
    kind = pick.choice(["copy", "hardlink", "symlink", "reflink,copy"])
    Path(".dvc/config").write_text(f"[core]\n    no_scm = True\n[cache]\n    type = {kind!r}\n")


CHANGES = [
    *(edit_source, edit_source, edit_output, damage_object, damage_object),
    *(delete_object, delete_output, collect_garbage, check_out, switch_links),
]


@pytest.mark.parametrize("seed", range(0, SEQUENCES, AT_ONCE))
def test_after_any_sequence_of_changes_a_run_gives_the_truth(seed, tmp_path, monkeypatch):
    for number in range(seed, seed + AT_ONCE):
        folder = tmp_path / str(number)
        folder.mkdir()
        monkeypatch.chdir(folder)
        set_up()
        pick = random.Random(number)
        run()
        assert_true()
        for _ in range(LENGTH):
            change = pick.choice(CHANGES)
            print(number, change.__name__)  # shown when it fails
            change(pick)
            if pick.random() < 0.6:
                run()
                assert_true()
        shutil.rmtree(folder)
