"""Whatever a project brings: no command writes, removes or changes a file outside of it.

Nor in git's folder, but for its index. The witness sees each call of the commands themselves; a
snapshot of what lies around the project shows what their children did. No command ends in a
traceback, or waits for somebody to write to a pipe.
"""

import os
import re
import shutil
from pathlib import Path

import hostile_project
import pytest
from e2e_project import Project
from watched_pipes import watched_pipes

pytestmark = pytest.mark.e2e
FIRST = int(os.environ.get("SEED", "0"))
OWN_TRACEBACK = re.compile(r'File ".*/nbsnake/(?!job/runner/)')  # that of a step is the step's
FEW, CHUNK = 24, 50
MANY = int(os.environ.get("HOSTILE_PROJECTS", "174"))


@pytest.mark.parametrize("seed", range(FIRST, FIRST + FEW))
def test_nothing_outside_of_a_hostile_project_changes(
    finished: Project, tmp_path: Path, seed: int
) -> None:
    attack(finished, tmp_path, seed)


@pytest.mark.trust
@pytest.mark.parametrize("start", range(FIRST + FEW, FIRST + MANY, CHUNK))
def test_nothing_outside_of_many_hostile_projects_changes(
    finished: Project, tmp_path: Path, start: int
) -> None:
    for seed in range(start, start + CHUNK):
        attack(finished, tmp_path / str(seed), seed)
        shutil.rmtree(tmp_path / str(seed))


def attack(finished: Project, folder: Path, seed: int) -> None:
    folder.mkdir(exist_ok=True)
    project, changes, commands = hostile_project.make(finished, folder / "project", seed)
    log = folder / "witness.log"
    env = {
        "WITNESS_LOG": str(log),
        "WITNESS_ALLOWED": os.pathsep.join(
            [project.env["DVC_SITE_CACHE_DIR"], project.env["XDG_CACHE_HOME"], str(project.counts)]
        ),
        "HOME": str(folder / "home"),
    }
    before = [*snapshot(hostile_project.out(project)), *snapshot(project.root / ".git")]
    for words in commands:
        with watched_pipes(project.root) as opened:
            done = project.run_anyhow("nbsnake", *words, env=env)
        story = f"seed {seed}: {' '.join(words)}\n{changes}\n{done.stdout}{done.stderr}"
        assert not opened, f"it waited for {opened}\n{story}"
        assert not log.exists() or not log.read_text(), f"{log.read_text()}\n{story}"
        after = [*snapshot(hostile_project.out(project)), *snapshot(project.root / ".git")]
        assert after == before, f"{set(after) ^ set(before)}\n{story}"
        assert not OWN_TRACEBACK.search(done.stderr), story
        assert done.returncode in (0, 1, 2, 3), story


def snapshot(top: Path) -> list[tuple[object, ...]]:
    """Every file below a folder with its content, mode and time; git's index may change."""
    found: list[tuple[object, ...]] = []
    for parent, folders, files in os.walk(top):
        for name in sorted((*folders, *files)):
            path = Path(parent, name)
            own = ("index", "index.lock")
            if (top.name == ".git" and name in own) or "objects" in path.parts:
                continue
            status = path.lstat()
            data = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
            times = 0 if path.is_dir() and top.name == ".git" else status.st_mtime_ns
            found.append((str(path), status.st_mode, times, data))
    return found
