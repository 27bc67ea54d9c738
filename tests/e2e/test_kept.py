"""Nothing is lost: what no run on record wrote is kept before a run removes it."""

import pytest
from e2e_project import NOTHING, Project

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
