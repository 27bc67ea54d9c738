"""What stands for an output in the remote has its digest, and can be taken for data by nobody."""

import os

import pytest

from nbsnake.job.absent import Absent, absent_at
from nbsnake.job.cache import Cache
from nbsnake.job.content import Digest, absent_of, digest
from nbsnake.job.inner import inner_outs
from nbsnake.job.outputs import are_left, store_outputs
from nbsnake.job.plan import Plan, PlannedOut, PlannedStep

CONTENT = Digest("0123456789abcdef0123456789abcdef", 12, isexec=True)
CACHE = Cache(".dvc/cache")


@pytest.fixture
def placed(folder):
    absent = absent_of(CONTENT)
    absent.note()
    absent.place("deep/er/a.bin")
    return folder / "deep/er/a.bin"


def step_of(name, deps=(), outs=()):
    return PlannedStep(name, "", "run", ("run",), tuple(deps), tuple(outs), {}, True, {}, {}, {})


def test_it_has_the_digest_and_cannot_be_opened(placed):
    assert os.path.exists(placed)
    assert digest("deep/er/a.bin") == CONTENT
    with pytest.raises(OSError, match="No such device or address"):
        placed.read_bytes()
    with pytest.raises(OSError, match="No such device or address"):
        placed.write_bytes(b"")


def test_its_time_is_when_the_content_became_known(placed):
    first = os.lstat(placed).st_mtime_ns
    placed.unlink()
    absent_of(CONTENT).note()
    absent_of(CONTENT).place("deep/er/a.bin")
    assert os.lstat(placed).st_mtime_ns == first


def test_nothing_of_it_gets_into_a_cache(placed):
    step = step_of("work", outs=[PlannedOut("deep/er/a.bin")])
    assert store_outputs(CACHE, step) == {"deep/er/a.bin": CONTENT}
    assert not os.path.exists(".dvc/cache/files")
    assert are_left(CACHE, [CONTENT])


@pytest.mark.parametrize("kind", ["file", "nothing", "elsewhere", "other name"])
def test_a_link_that_a_project_brings_is_not_believed(folder, kind):
    """Git keeps links and files, and no sockets."""
    absent = Absent(CONTENT.md5, 12, isexec=False)
    if kind == "file":
        os.makedirs(os.path.dirname(absent.path))
        (folder / absent.path).write_bytes(b"x")
        os.symlink(absent.path, "a.bin")
    elif kind == "nothing":
        os.symlink(absent.path, "a.bin")
    else:
        absent.note()
        name = "else" if kind == "elsewhere" else ".nbsnake/absent/any"
        os.makedirs(os.path.dirname(f"{name}/x"), exist_ok=True)
        os.rename(absent.path, f"{name}/{os.path.basename(absent.path)}")
        os.symlink(f"{name}/{os.path.basename(absent.path)}", "a.bin")
    assert absent_at("a.bin") is None
    assert not are_left(CACHE, [Digest(CONTENT.md5, 12)])


def test_what_is_in_the_cache_is_not_left(placed, folder):
    (folder / "b.txt").write_text("here")
    here = CACHE.store("b.txt")
    absent_of(here).note()
    assert not are_left(CACHE, [here])


def test_only_what_steps_read_by_its_path_may_be_absent():
    outs = [
        PlannedOut("read.txt"),
        PlannedOut("wanted.txt"),
        PlannedOut("metrics.json", cache=False),
        PlannedOut("log.txt", persist=True),
        PlannedOut("in/whole.txt"),
    ]
    made = step_of("make", outs=outs)
    deps = ("read.txt", "metrics.json", "log.txt", "in", "in/whole.txt")
    steps = {"make": made, "use": step_of("use", deps=deps, outs=[PlannedOut("end.txt")])}
    plan = Plan(steps, {}, CACHE)
    assert inner_outs(plan, made) == {"read.txt"}
    assert inner_outs(plan, steps["use"]) == set()
