"""Nothing is lost: what no run on record wrote is kept before a run removes it."""

import shutil
from pathlib import Path

import pytest
from diamond import NOTHING, PARAMS
from e2e_project import Project

pytestmark = pytest.mark.e2e
LEFT = "results of all/left.txt"


def test_what_lay_at_an_output_before_its_step_ran_can_be_brought_back(project: Project) -> None:
    project.write(LEFT, "the only copy\n")
    printed = project.snakemake()
    assert f"what it is now is kept: nbsnake restore --kept '{LEFT}'" in printed
    assert project.read(LEFT) == "3\n3\n6\n6\n9\n9\n"
    assert LEFT in project.nbsnake("restore", "--kept").stdout
    project.nbsnake("restore", "--kept", LEFT)
    assert project.read(LEFT) == "the only copy\n"
    project.nbsnake("restore", "--kept", LEFT)
    assert project.read(LEFT) == "3\n3\n6\n6\n9\n9\n"
    assert "nothing is kept of none" in project.nbsnake("restore", "--kept", "none", code=2).stderr


def test_what_lay_at_an_output_can_be_brought_back_after_its_step_failed(project: Project) -> None:
    project.write(LEFT, "the only copy\n")
    project.replace("notebooks/left.ipynb", "value * factor", "value / 0")
    project.nbsnake("generate")
    project.snakemake("left", code=1)
    project.nbsnake("restore", "--kept", LEFT)
    assert project.read(LEFT) == "the only copy\n"


def test_an_edit_by_hand_is_kept_and_the_result_is_back_without_a_run(done: Project) -> None:
    (done.root / LEFT).chmod(0o644)
    done.write(LEFT, "edited\n")
    printed = done.snakemake()
    assert f"what it was is kept: nbsnake restore --kept '{LEFT}'" in printed
    assert NOTHING in printed
    assert done.computed() == []
    done.assert_dvc_clean()
    done.nbsnake("restore", "--kept", LEFT)
    assert done.read(LEFT) == "edited\n"


def test_what_git_tracked_is_kept_by_the_run_after_the_advice(project: Project) -> None:
    project.write("joined.txt", "from git\n")
    project.git("add", "--force", "joined.txt")
    project.git("commit", "--quiet", "--message", "joined")
    refused = project.snakemake(code=1)
    assert "run: git rm -r --cached joined.txt, and commit that" in refused
    project.git("rm", "-r", "--quiet", "--cached", "joined.txt")
    project.git("commit", "--quiet", "--message", "not joined")
    assert "nbsnake restore --kept joined.txt" in project.snakemake()
    project.nbsnake("restore", "--kept", "joined.txt")
    assert project.read("joined.txt") == "from git\n"


def test_check_reads_the_cache(done: Project) -> None:
    assert done.nbsnake("check", "--cache").stderr == ""
    objects = sorted((done.root / ".dvc/cache/files").rglob("??/*"))
    files = [path for path in objects if path.is_file()]
    files[0].chmod(0o644)
    files[0].write_bytes(b"x")
    files[1].unlink()
    message = done.nbsnake("check", "--cache", code=1).stderr
    assert "damaged in the cache: " in message
    assert str(files[0].relative_to(done.root)) in message
    assert "missing in the cache: " in message
    assert str(files[1].relative_to(done.root)) in message


def params(repeat: int, factor: int) -> str:
    text = PARAMS.replace("factor: 3", f"factor: {factor}")
    return text.replace("repeat: 2", f"repeat: {repeat}")


@pytest.mark.lock
def test_what_was_ever_pushed_is_computed_nowhere_else(done: Project, tmp_path: Path) -> None:
    done.write("data/more.txt", "4\n")
    done.dvc("add", "--quiet", "data/more.txt")
    done.dvc("remote", "add", "--default", "--quiet", "store", str(tmp_path / "store"))
    for repeat, factor in ((2, 4), (3, 3), (3, 4), (2, 3)):
        done.write("params.yaml", params(repeat, factor))
        done.snakemake()
    assert "runs are shared" in done.nbsnake("push").stderr
    done.git("add", ".")
    done.git("commit", "--quiet", "--message", "all")
    done.git("clone", "--quiet", ".", str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone", done.env)
    done.computed()
    assert "pulled" in clone.nbsnake("pull").stderr
    assert clone.read("data/more.txt") == "4\n"
    shutil.rmtree(tmp_path / "store")
    for repeat, factor in ((2, 3), (3, 4), (2, 4), (3, 3)):
        clone.write("params.yaml", params(repeat, factor))
        assert NOTHING in clone.snakemake()
        numbers = [str(n * factor) for n in (1, 2, 3) for _ in range(repeat)]
        assert clone.read(LEFT).split() == numbers
    assert clone.computed() == []


@pytest.mark.lock
def test_runs_whose_objects_are_gone_are_said_and_not_shared(done: Project, tmp_path: Path) -> None:
    done.dvc("remote", "add", "--default", "--quiet", "store", str(tmp_path / "store"))
    done.replace("params.yaml", "factor: 3", "factor: 4")
    done.snakemake()
    done.dvc("gc", "--workspace", "--force", "--quiet")
    assert "2 older runs are not whole" in done.nbsnake("push").stderr
