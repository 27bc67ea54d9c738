"""Files with a hole of any size, which would not fit into memory, end in a message."""

import os
import subprocess
from pathlib import Path

import pytest
from builders import declare, nb_bytes

from nbsnake.job.regular import MOST
from nbsnake.programs import python_call

pytestmark = pytest.mark.trust
HUGE = 64 * MOST  # bytes that take no place on the disk
OWN = (".nbsnake/generated.json", ".nbsnake/plan.json")
READ = (
    *("notebooks/a.ipynb", "notebooks/new.ipynb", "notebooks/helper.py", "notebooks/new.dvc"),
    *("nbsnake.yaml", "params.yaml", "dvc.yaml", "dvc.lock", ".gitignore", ".dvcignore"),
    *("pyproject.toml", "workflow/Snakefile", "workflow/rules/a.smk", "workflow/scripts/a.py"),
)


def called(*words):
    return subprocess.run(python_call("nbsnake", *words), capture_output=True, text=True)


@pytest.fixture
def project(folder):
    called("init")
    Path("notebooks").mkdir()
    Path("notebooks/helper.py").write_text("X = 1\n")
    Path("notebooks/a.ipynb").write_bytes(nb_bytes(declare(":dvc-out: a.txt"), "import helper\n"))
    assert called("generate").returncode == 0
    return folder


@pytest.mark.parametrize("path", READ)
def test_a_huge_file_is_not_read(path, project):
    Path(path).touch()
    os.truncate(path, HUGE)
    done = called("generate")
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 1, 3)
    if done.returncode:
        assert f"{path}: " in done.stderr
        assert "is larger than 1 GiB, and is not read" in done.stderr


@pytest.mark.parametrize("path", OWN)
def test_a_huge_file_of_the_state_is_made_again(path, project):
    Path(path).touch()
    os.truncate(path, HUGE)
    done = called("status")
    assert (done.returncode, done.stdout.split()[:3]) == (0, ["a", "never", "run"])
    assert f"{path} is larger than 1 GiB; it is made again" in done.stderr
    assert not os.path.exists(path) or os.stat(path).st_size < MOST
