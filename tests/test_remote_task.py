"""A job gets what its step declares, and runs with Python's standard library alone."""

import hashlib
import os
import subprocess
import sys

import pytest

from nbsnake.errors import ToolError, UsageError
from nbsnake.job.absent import absent_at
from nbsnake.job.away import Task
from nbsnake.job.cache import Cache
from nbsnake.job.content import absent_of, digest, stamp
from nbsnake.job.exec import Start, begin
from nbsnake.job.jobs import Job
from nbsnake.job.plan import PlannedOut, PlannedStep
from nbsnake.job.receipt import Seen, read_receipt
from nbsnake.remote.result import opened, take
from nbsnake.remote.task import package, start_code, task_of

SCRIPT = """\
import os
with open("log.txt", "a") as log:
    log.write(f"{open('raw/in/a.txt').read()} {sorted(os.listdir('raw'))}")
os.makedirs("parts")
with open("parts/threads", "w") as file:
    file.write(os.environ["OMP_NUM_THREADS"])
"""
APART = 1 << 20  # bytes that no file here has
OUTS = (PlannedOut("log.txt", persist=True), PlannedOut("parts", cache=False))


@pytest.fixture
def job(folder):
    (folder / ".dvc").mkdir()
    (folder / "raw/in").mkdir(parents=True)
    (folder / "raw/in/a.txt").write_text("one")
    (folder / "raw/hidden.log").write_text("not seen by DVC")
    (folder / ".dvcignore").write_text("hidden.log\n")
    (folder / "log.txt").write_text("before, ")
    (folder / "work.py").write_text(SCRIPT)
    (folder / "params.yaml").write_text("work: {a: 1}\n")
    words = ("python", "work.py")
    step = PlannedStep(
        "work", "", "python work.py", words, ("raw", "work.py"), OUTS,
        {"params.yaml": {"work.a": 1}}, True, {}, {}, {},
    )  # fmt: skip
    return Job(step, (), False, Cache(".dvc/cache"), False, False)


def start_of(job):
    deps = [Seen(path, digest(path), stamp(path)) for path in job.step.deps]
    return Start(1.0, deps, {}, "")


def nothing(*_):
    """No file of the result was sent apart."""
    return set()


def run_far(needed, folder):
    """Run the job in an empty folder by a Python without packages; what it printed."""
    store = folder / "store"
    store.mkdir()
    for md5, path in needed.paths.items():
        (store / md5).write_bytes((folder / path).read_bytes())
    urls = {md5: (store / md5).as_uri() for md5 in needed.paths}
    data = package(needed.task._replace(urls=urls, result=(store / "result.tar").as_uri()))
    (store / "job.zip").write_bytes(data)
    code = start_code((store / "job.zip").as_uri(), hashlib.sha256(data).hexdigest())
    (folder / "far").mkdir()
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        cwd=folder / "far",
        env={"PATH": os.defpath, "TMPDIR": str(folder / "far")},
        capture_output=True,
        text=True,
    )


def test_a_job_sees_what_its_step_declares_and_what_it_added_to(job, folder):
    command = [*job.step.argv]
    start = begin(job, command)
    done = run_far(task_of(job, command, "3", start, APART), folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list((folder / "far").iterdir()) == []
    with opened("store/result.tar", "objects") as result:
        assert take(job, command, start, result, nothing) == 0
    assert (folder / "log.txt").read_text() == "before, one ['in']"
    assert (folder / "parts/threads").read_text() == "3"
    assert read_receipt("work").refused == ""


def test_a_folder_without_files_is_there(job, folder):
    for path in ("raw/in/a.txt", "raw/hidden.log"):
        (folder / path).unlink()
    (folder / "raw/in").rmdir()
    (folder / "work.py").write_text("import os\nos.listdir('raw')\nos.makedirs('parts')\n")
    command = [*job.step.argv]
    start = begin(job, command)
    done = run_far(task_of(job, command, "", start, APART), folder)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_notebook_of_a_run_can_be_an_output_there(job, folder):
    command = ["nbsnake", "record", "shown.ipynb", "--", *job.step.argv]
    step = job.step._replace(outs=(*OUTS, PlannedOut("shown.ipynb")), argv=tuple(command))
    there = job._replace(step=step)
    start = begin(there, command)
    done = run_far(task_of(there, command, "1", start, APART), folder)
    assert done.returncode == 0, done.stdout + done.stderr
    with opened("store/result.tar", "objects") as result:
        assert take(there, command, start, result, nothing) == 0
    assert '"nbformat": 4' in (folder / "shown.ipynb").read_text()


def test_large_files_travel_apart_as_far_as_there_are_slots(job, folder):
    sizes = {"small": 10, "large": 300, "larger": 400, "largest": 500}
    (folder / "work.py").write_text(
        f"for name, size in {sizes}.items():\n    open(name, 'w').write('x' * size)\n"
    )
    step = job.step._replace(outs=tuple(map(PlannedOut, sizes)))
    there = job._replace(step=step)
    command = [*step.argv]
    start = begin(there, command)
    needed = task_of(there, command, "", start, 100)
    urls = tuple((folder / "store" / f"object-{number}").as_uri() for number in range(2))
    run_far(needed._replace(task=needed.task._replace(slots=urls)), folder)
    with opened("store/result.tar", "objects") as result:
        assert sorted(result.slots.values()) == [0, 1]
        assert len((folder / "store/object-0").read_bytes()) == 500
        assert len((folder / "store/object-1").read_bytes()) == 400
        with pytest.raises(ToolError, match="lacks larger"):
            take(there, command, start, result, nothing)

        def bring(told, result):
            """As if the largest one were left, and the other one fetched."""
            for seen in told.outs:
                if (slot := result.slots.get(seen.content.md5)) == 1:
                    path = result.cache.object_path(seen.content.md5)
                    os.makedirs(os.path.dirname(path), exist_ok=True)
                    os.rename(folder / f"store/object-{slot}", path)
                elif slot == 0:
                    absent_of(seen.content).note()
            return {"largest"}

        assert take(there, command, start, result, bring) == 0
    assert [len((folder / name).read_text()) for name in ("small", "large", "larger")] == [
        10,
        300,
        400,
    ]
    assert absent_at("largest").size == 500
    receipt = read_receipt("work")
    assert {seen.path: seen.content.size for seen in receipt.outs} == sizes


def test_a_command_that_fails_gives_its_code_and_what_it_printed(job, folder, capfd):
    (folder / "work.py").write_text("print('so far'); raise SystemExit(7)\n")
    command = [*job.step.argv]
    start = begin(job, command)
    assert run_far(task_of(job, command, "", start, APART), folder).returncode == 7
    with opened("store/result.tar", "objects") as result:
        assert take(job, command, start, result, nothing) == 7
    assert "so far" in capfd.readouterr().out


def test_a_damaged_package_is_not_run(job, folder):
    code = start_code((folder / "work.py").as_uri(), "0" * 64)
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "nbsnake: the package of the job is damaged\n")


def test_stages_get_parameter_files_and_rules_get_files_of_values(job, folder):
    (folder / "sub").mkdir()
    (folder / "values.json").write_text("{}")
    stage = job._replace(step=job.step._replace(wdir="sub", params={"../params.yaml": {}}, argv=()))
    start = start_of(stage)
    assert "params.yaml" in paths(task_of(stage, [], "", start, APART).task)
    command = ["python", "work.py", "--values-from=values.json"]
    given = paths(task_of(job, command, "", start, APART).task)
    assert "values.json" in given
    assert "params.yaml" not in given
    assert {".dvcignore", "raw/in/a.txt", "work.py", "log.txt"} <= given
    assert "raw/hidden.log" not in given


def paths(task: Task):
    return {file.path for file in task.files}


def test_what_is_not_in_the_project_is_refused(job, folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other") / "a.txt"
    other.write_text("far")
    outside = job._replace(step=job.step._replace(deps=(str(other),)))
    with pytest.raises(UsageError, match=r"a\.txt, which is not in the project"):
        task_of(outside, [], "", start_of(outside), APART)
