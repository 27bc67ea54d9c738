"""Push here, clone there, pull: nothing is left to do, over each kind of remote.

The servers are real ones on the loopback interface, started and stopped by the fixtures.
"""

import getpass
import shutil
from pathlib import Path

import pytest
from diamond import NOTHING
from e2e_project import Project

pytestmark = [pytest.mark.e2e, pytest.mark.remote]


def assert_shared(done: Project, clone: Project) -> None:
    """What one pushes, another one pulls, and has nothing to do; also once the cache is lost.

    What one has run and pushed at any time, another one has not to run.
    """
    for old, new in ((3, 5), (5, 3)):
        done.replace("params.yaml", f"factor: {old}", f"factor: {new}")
        done.snakemake()
    assert "pushed" in done.nbsnake("push").stderr
    assert done.computed() == ["join", "left"]
    assert "in sync" in done.dvc("status", "--cloud")
    done.git("clone", "--quiet", ".", str(clone.root))
    local = done.root / ".dvc/config.local"
    if local.exists():
        shutil.copy(local, clone.root / ".dvc/config.local")
    clone.dvc("pull", "--quiet")
    assert NOTHING in clone.snakemake()
    assert clone.computed() == []
    assert clone.outputs() == done.outputs()

    shutil.rmtree(clone.root / ".dvc/cache")
    for path in ("joined.txt", "data/numbers.txt"):
        (clone.root / path).unlink()
    clone.nbsnake("restore", "--pull")
    assert clone.outputs() == done.outputs()
    assert NOTHING in clone.snakemake()
    assert clone.computed() == []
    clone.assert_dvc_clean()

    clone.replace("params.yaml", "factor: 3", "factor: 5")
    assert "restored left" in clone.nbsnake("restore", "--pull").stderr
    assert NOTHING in clone.snakemake()
    assert clone.computed() == []
    clone.assert_dvc_clean()

    clone.replace("params.yaml", "factor: 5", "factor: 7")
    clone.snakemake()
    assert clone.computed() == ["join", "left"]
    clone.dvc("push", "--quiet")
    clone.git("commit", "--all", "--quiet", "--message", "seven")
    done.git("pull", "--quiet", str(clone.root))
    done.dvc("pull", "--quiet")
    assert NOTHING in done.snakemake()
    assert done.computed() == []


@pytest.fixture
def other(done: Project, tmp_path: Path) -> Project:
    """Where the clone is to be."""
    done.computed()
    return Project(tmp_path / "other", done.env)


def test_a_folder_is_a_remote(done: Project, other: Project, tmp_path: Path) -> None:
    done.dvc("remote", "add", "--default", "--quiet", "store", str(tmp_path / "store"))
    done.git("commit", "--all", "--quiet", "--message", "remote")
    assert_shared(done, other)


def test_s3_is_a_remote(done: Project, other: Project, s3: int) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    for project in (done, other):
        project.env.update(keys, AWS_DEFAULT_REGION="us-east-1")
    done.dvc("remote", "add", "--default", "--quiet", "store", "s3://store/data")
    done.dvc("remote", "modify", "store", "endpointurl", f"http://127.0.0.1:{s3}")
    done.git("commit", "--all", "--quiet", "--message", "remote")
    assert_shared(done, other)


def test_ssh_is_a_remote(done: Project, other: Project, ssh: int, tmp_path: Path) -> None:
    url = f"ssh://{getpass.getuser()}@127.0.0.1:{ssh}{tmp_path}/store"
    done.dvc("remote", "add", "--default", "--quiet", "store", url)
    done.dvc("remote", "modify", "--local", "store", "keyfile", str(tmp_path / "key"))
    done.git("commit", "--all", "--quiet", "--message", "remote")
    assert_shared(done, other)
