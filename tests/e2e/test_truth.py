"""Nothing lies: whatever was done to the files, dvc.lock and the tools say what is true."""

import hashlib
import os
import shutil
from pathlib import Path

import pytest
from diamond import LEFT, NOTHING, RIGHT
from diskfaults import cache_objects, copy_exactly, objects_in
from e2e_project import Project

pytestmark = [pytest.mark.e2e, pytest.mark.lock]
OLD, FUTURE = 922_000_000, 2_220_000_000  # in 1999 and in 2040


def edit_unseen(project: Project, path: str, old: str, new: str) -> None:
    """Edit in place, with the same size, and put the modification time back."""
    file = project.root / path
    before = file.stat()
    text = file.read_text()
    assert old in text
    assert len(old) == len(new)
    with file.open("r+") as opened:
        opened.write(text.replace(old, new))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_ino == before.st_ino
    assert file.stat().st_size == before.st_size


def recorded(project: Project) -> dict[str, object]:
    """All that only sync may write."""
    lock = project.root / "dvc.lock"
    return {
        "lock": lock.read_bytes() if lock.exists() else None,
        "cache": project.files(".dvc/cache"),
        "ignored": project.gitignores(),
    }


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory, generated: Project) -> Project:
    """Everything has run, with receipts, and nothing is locked. Only to be copied."""
    project = generated.copy_to(tmp_path_factory.mktemp("ran") / "project")
    project.snakemake("--no-hooks")
    project.computed()
    assert not (project.root / "dvc.lock").exists()
    return project


@pytest.mark.parametrize(
    ("path", "step"),
    [
        ("joined.txt", "join"),
        ("results of all/left.txt", "left"),
        ("data/parts/count.txt", "right"),
    ],
)
def test_an_output_edited_with_its_size_and_time_kept_is_seen_and_made_right(
    done: Project, path: str, step: str
) -> None:
    lock, right = done.lock(), done.outputs()
    done.nbsnake("status")
    text = done.read(path)
    edit_unseen(done, path, text[0], "7")
    assert done.status()[step]["state"] == "stale"
    done.nbsnake("sync")
    assert done.lock() == lock
    done.snakemake()
    assert done.outputs() == right
    assert done.computed() == []
    assert done.lock() == lock


def test_a_result_edited_before_it_was_locked_is_never_locked(ran: Project, tmp_path: Path) -> None:
    project = copy_exactly(ran, tmp_path / "project")
    edit_unseen(project, "joined.txt", "3", "7")
    project.nbsnake("sync")
    assert project.locked_steps() == {"make", "left", "right"}
    project.snakemake()
    assert project.computed() == []
    assert project.read("joined.txt").startswith("3\n")
    project.assert_dvc_clean()


def test_a_source_edited_with_its_size_and_time_kept_runs_what_depends_on_it(done: Project) -> None:
    done.nbsnake("status")
    edit_unseen(done, "data/raw.txt", "2", "7")
    done.snakemake()
    assert done.computed() == ["join", "left", "make", "right"]
    assert "7\n7\n" in done.read("data/numbers.txt")
    locked = f"path: data/raw.txt\n      hash: md5\n      md5: {md5_of(done, 'data/raw.txt')}"
    assert locked in done.read("dvc.lock")


def md5_of(project: Project, path: str) -> str:
    return hashlib.md5((project.root / path).read_bytes()).hexdigest()


MEDDLE = """\
before = os.stat(numbers)
right = open(numbers).read()
open(numbers, "r+").write(right.replace("1", "9"))
"""
PUT_BACK = 'open(numbers, "r+").write(right)\n'
TIME_BACK = "os.utime(numbers, ns=(before.st_atime_ns, before.st_mtime_ns))\n"


@pytest.mark.parametrize(
    "back", ["", PUT_BACK, PUT_BACK + TIME_BACK], ids=["no", "yes", "time too"]
)
def test_a_result_of_a_dep_that_changed_while_the_job_ran_is_never_locked(
    project: Project, back: str
) -> None:
    project.write_notebook("left", [*LEFT[:3], MEDDLE, *LEFT[3:], back or "pass\n"])
    project.nbsnake("generate")
    output = project.run("snakemake", "--cores", "1").stderr
    assert project.read("results of all/left.txt").startswith("27\n27\n"), "it read the other one"
    assert "left" not in project.locked_steps()
    assert "data/numbers.txt changed while the step ran" in output
    assert project.status()["left"]["state"] != "fresh"
    assert "left" in project.nbsnake("sync", code=1).stderr
    assert "left" not in project.locked_steps()
    assert project.wrong_objects() == []


def test_a_refused_result_of_other_config_values_stays_refused(done: Project) -> None:
    lock = done.lock()
    for _ in range(2):
        done.snakemake("--config", 'left={"factor": 9}')
        assert "not locked: left" in done.nbsnake("sync", code=1).stderr
        assert done.lock() == lock
    assert done.status()["left"]["state"] == done.status()["join"]["state"] == "stale"
    done.nbsnake("restore", "--force")
    assert done.lock() == lock
    assert done.read("results of all/left.txt").startswith("3\n")
    assert NOTHING in done.snakemake()


def test_touched_files_are_still_what_they_are(done: Project) -> None:
    lock = done.lock()
    for path in sorted(done.root.rglob("*")):
        if not {".dvc", ".git", ".snakemake", ".nbsnake"} & set(path.parts):
            path.touch()
    assert NOTHING in done.snakemake()
    assert done.computed() == []
    assert done.lock() == lock
    done.assert_dvc_clean()


@pytest.mark.parametrize("when", [OLD, FUTURE], ids=["in 1999", "in 2040"])
def test_times_of_a_wrong_clock_mean_nothing(done: Project, when: int) -> None:
    lock = done.lock()
    outputs = [done.root / path for path in done.outputs()]
    for path in (*outputs[::2], done.root / "data/raw.txt", done.root / "params.yaml"):
        os.utime(path, (when, when))
    assert NOTHING in done.snakemake()
    assert done.lock() == lock

    done.replace("data/raw.txt", "2", "77")
    os.utime(done.root / "data/raw.txt", (when, when))
    done.snakemake()
    assert done.computed() == ["join", "left", "make", "right"]
    assert "77\n" in done.read("data/numbers.txt")
    done.assert_dvc_clean()
    assert NOTHING in done.snakemake()


def test_a_step_that_writes_times_of_a_wrong_clock_is_done_all_the_same(project: Project) -> None:
    for step, cells, path, when in (
        ("left", LEFT, "product", OLD),
        ("right", RIGHT, "os.path.join(parts, 'count.txt')", FUTURE),
    ):
        project.write_notebook(step, [*cells, f"os.utime({path}, ({when}, {when}))\n"])
    project.nbsnake("generate")
    project.snakemake()
    assert project.computed() == ["join", "left", "make", "right"]
    assert project.locked_steps() == {"join", "left", "make", "right"}
    project.assert_dvc_clean()
    assert NOTHING in project.snakemake()
    assert project.computed() == []


def test_a_deleted_intermediate_comes_back_or_is_computed_when_the_cache_lost_it(
    done: Project,
) -> None:
    lock, right = done.lock(), done.outputs()
    (done.root / "data/numbers.txt").unlink()
    shutil.rmtree(done.root / "data/parts")
    done.nbsnake("sync")
    assert done.lock() == lock, "what is missing is not unlocked, for the cache has it"
    assert done.status()["make"]["state"] == "stale"

    shutil.rmtree(done.root / ".dvc/cache")
    done.snakemake()
    assert {*done.computed()} >= {"make", "right"}
    assert done.outputs() == right
    assert done.lock() == lock
    assert NOTHING in done.snakemake()


def test_a_deleted_source_is_reported_and_what_was_made_of_it_is_never_locked(
    ran: Project, tmp_path: Path
) -> None:
    project = copy_exactly(ran, tmp_path / "project")
    (project.root / "data/raw.txt").unlink()
    project.run("nbsnake", "sync")
    assert project.locked_steps() == set()
    assert "data/raw.txt is missing" in str(project.status()["make"]["reasons"])
    assert "data/raw.txt is missing" in project.snakemake(code=1)
    assert project.computed() == []
    assert project.locked_steps() == set()


def test_results_whose_objects_were_lost_before_the_lock_are_put_back_or_not_locked(
    ran: Project, tmp_path: Path
) -> None:
    project = copy_exactly(ran, tmp_path / "project")
    project.dvc("gc", "--workspace", "--force")  # nothing is locked, so nothing is in use
    project.run("sh", "-c", "nbsnake sync || true")
    lock = project.lock() if project.locked_steps() else b""
    assert objects_in(lock, project) <= set(cache_objects(project))
    project.snakemake()
    assert project.locked_steps() == {"make", "left", "right", "join"}
    assert objects_in(project.lock(), project) <= set(cache_objects(project))
    project.assert_dvc_clean()


@pytest.mark.parametrize(
    "options",
    [
        ("-n", "--cores", "2"),
        ("--dry-run", "--cores", "2"),
        ("--lint",),
        ("--dag",),
        ("--rulegraph",),
        ("--summary",),
        ("--detailed-summary",),
        ("--list",),
        ("--touch", "--cores", "2"),
        ("-t", "--cores", "2"),
        ("--cores", "2", "--unlock"),
        ("-nq", "--cores", "2"),
    ],
    ids=" ".join,
)
def test_what_runs_no_step_never_syncs(
    ran: Project, tmp_path: Path, options: tuple[str, ...]
) -> None:
    project = copy_exactly(ran, tmp_path / "project")
    before = recorded(project)
    project.run("snakemake", *options)
    assert recorded(project) == before
    assert project.computed() == []
    project.nbsnake("sync")
    assert project.locked_steps() == {"make", "left", "right", "join"}
    project.assert_dvc_clean()
