"""Raw data in Git LFS: its content counts; a pointer in its place is reported, never used."""

import shutil
from pathlib import Path

import pytest
from diamond import NOTHING
from e2e_project import Project

pytestmark = [pytest.mark.e2e, pytest.mark.lock]
RAW = "data/raw.txt"
CONTENT = "1 2 3\n"
SKIP = {"GIT_LFS_SKIP_SMUDGE": "1"}
PULL = f"git lfs pull --include={RAW}"


@pytest.fixture(scope="session")
def lfs_env(tmp_path_factory: pytest.TempPathFactory, tool_env: dict[str, str]) -> dict[str, str]:
    """Git with LFS's filters on."""
    if shutil.which("git-lfs") is None:
        pytest.skip("there is no git-lfs: install git-lfs")
    config = tmp_path_factory.mktemp("lfs") / "gitconfig"
    config.write_text(
        '[filter "lfs"]\n'
        "    clean = git-lfs clean -- %f\n"
        "    smudge = git-lfs smudge -- %f\n"
        "    process = git-lfs filter-process\n"
        "    required = true\n"
    )
    return {**tool_env, "GIT_CONFIG_GLOBAL": str(config)}


@pytest.fixture(scope="session")
def published(
    tmp_path_factory: pytest.TempPathFactory, generated: Project, lfs_env: dict[str, str]
) -> Project:
    """Run, locked and pushed: Git and LFS to a bare repository, results to a DVC remote."""
    folder = tmp_path_factory.mktemp("published")
    project = Project(generated.copy_to(folder / "project").root, lfs_env)
    project.git("lfs", "track", RAW)
    project.git("rm", "--cached", "--quiet", RAW)
    project.git("add", ".gitattributes", RAW)
    project.git("commit", "--quiet", "--message", "raw data to LFS")
    assert RAW in project.git("lfs", "ls-files")
    project.snakemake()
    assert project.computed() == ["join", "left", "make", "right"]
    project.dvc("remote", "add", "--default", "--quiet", "store", str(folder / "store"))
    project.dvc("push", "--quiet")
    project.git("add", ".")
    project.git("commit", "--quiet", "--message", "results")
    project.run("git", "init", "--quiet", "--bare", str(folder / "origin.git"))
    project.git("remote", "add", "origin", f"file://{folder}/origin.git")
    project.git("push", "--quiet", "--set-upstream", "origin", "HEAD:refs/heads/main")
    project.git("lfs", "push", "--all", "origin")
    project.run("git", "-C", str(folder / "origin.git"), "symbolic-ref", "HEAD", "refs/heads/main")
    return project


def clone_of(published: Project, root: Path, *, pointers: bool = False) -> Project:
    """A clone with the results pulled; where ``pointers``, without the content of LFS files."""
    clone = Project(root, published.env)
    origin = published.root.with_name("origin.git")
    command = ("git", "clone", "--quiet", f"file://{origin}", str(root))
    published.run(*command, env=SKIP if pointers else {})
    clone.dvc("pull", "--quiet")
    assert clone.read(RAW).startswith("version https://git-lfs") == pointers
    clone.computed()
    return clone


def assert_nothing_happened(project: Project, published: Project) -> None:
    assert project.computed() == []
    assert project.lock() == published.lock()
    assert project.outputs() == published.outputs()
    assert project.git("status", "--short") == ""


def test_a_project_with_data_in_lfs_locks_the_real_content(
    published: Project, finished: Project
) -> None:
    assert published.read(RAW) == CONTENT
    assert published.lock() == finished.lock()
    published.assert_dvc_clean()


def test_a_clone_with_lfs_content_and_pulled_results_has_nothing_to_do(
    published: Project, tmp_path: Path
) -> None:
    clone = clone_of(published, tmp_path / "clone")
    assert NOTHING in clone.snakemake()
    assert_nothing_happened(clone, published)
    clone.assert_dvc_clean()


@pytest.mark.parametrize(
    "command",
    ["snakemake --cores 2", "snakemake --cores 2 --forceall", "nbsnake run -j 2", "nbsnake sync"],
)
def test_a_pointer_in_place_of_data_is_refused_with_the_command_that_mends_it(
    published: Project, tmp_path: Path, command: str
) -> None:
    clone = clone_of(published, tmp_path / "clone", pointers=True)
    assert_refused(clone, published, *command.split())
    clone.nbsnake("status")  # which has no reason to fail
    clone.git("lfs", "pull", f"--include={RAW}")
    assert clone.read(RAW) == CONTENT
    assert NOTHING in clone.snakemake()
    assert {each["state"] for each in clone.status().values()} == {"fresh"}
    assert_nothing_happened(clone, published)


def test_exec_refuses_a_pointer_before_it_runs_the_command(
    published: Project, tmp_path: Path
) -> None:
    argv = published.receipt("make")["argv"]
    assert isinstance(argv, list)
    clone = clone_of(published, tmp_path / "clone", pointers=True)
    shutil.copytree(published.root / ".nbsnake", clone.root / ".nbsnake")
    receipt = clone.receipt("make")
    assert_refused(clone, published, "nbsnake", "exec", "make", "--", *argv)
    assert clone.receipt("make") == receipt


def test_a_result_computed_before_its_source_became_a_pointer_is_not_locked_as_of_the_pointer(
    published: Project, tmp_path: Path
) -> None:
    clone = clone_of(published, tmp_path / "clone", pointers=True)
    (clone.root / "dvc.lock").unlink()
    assert_refused(clone, None, "nbsnake", "sync")
    assert clone.locked_steps() == set()


def assert_refused(clone: Project, published: Project | None, *command: str) -> None:
    """It fails, names the file and the command that fixes it, and leaves all as it is."""
    done = clone.run("sh", "-c", '! "$@"', "sh", *command)
    output = done.stdout + done.stderr
    assert RAW in output
    assert PULL in output, output
    assert "Traceback" not in output
    if published:
        assert_nothing_happened(clone, published)
