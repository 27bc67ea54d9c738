"""A pipe, or a link to one, in the place of any file: no command waits for somebody to write to it.

Nor do the tools that commands call. A device goes the same way: what is opened is a regular file.
"""

import os
from pathlib import Path

import pytest
from e2e_project import Project
from hostile_project import FILES, existing, remove
from watched_pipes import watched_pipes

pytestmark = pytest.mark.e2e

READING = (
    *(["run", "-j", "1"], ["pull"], ["push"], ["compare"], ["report"], ["clean"]),
    *(["diff", "HEAD"], ["exec", "join"]),
)
ABSENT = (
    *(".gitattributes", "data/.gitattributes", "requirements.txt", "uv.lock", "pyproject.toml"),
    *("setup.cfg", "setup.py", "environment.yml", "x.dvc", "sub/dvc.yaml", "Snakefile"),
    *("pipeline.yaml", "notebooks/helper.py", "workflow/profiles/x/config.yaml", "conf.yaml"),
    *(".nbsnake/converted.json", ".nbsnake/objects.json", ".nbsnake/accepted"),
)
PARTS = 8


@pytest.mark.parametrize("is_link", [False, True])
@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("data/numbers.txt", ["pull"]),
        (".gitattributes", ["report"]),
        (".gitattributes", ["init"]),
        ("data/.gitignore", ["clean"]),
        ("Snakefile", ["run", "-j", "1"]),
        (".dvc/config", ["status"]),
    ],
)
def test_no_command_waits_for_a_pipe(
    done: Project, place: str, words: list[str], is_link: bool
) -> None:
    call(done, place, words, is_link=is_link)


@pytest.mark.trust
@pytest.mark.parametrize("part", range(PARTS))
def test_no_command_waits_for_a_pipe_anywhere(finished: Project, tmp_path: Path, part: int) -> None:
    places = sorted({*existing(finished, folders=False), *FILES, *ABSENT})
    for number, place in enumerate(places[part::PARTS]):
        (tmp_path / str(number)).mkdir()
        project = finished.copy_to(tmp_path / str(number) / "project")
        for words in READING:
            call(project, place, words)


def call(project: Project, place: str, words: list[str], *, is_link: bool = False) -> None:
    """Call a command where a pipe is in the place of a file; it opens no pipe, and ends well."""
    path, beside = project.root / place, project.root.with_name("beside")
    remove(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(beside if is_link else path)
    if is_link:
        path.symlink_to(beside)
    with watched_pipes(project.root.parent) as opened:
        ended = project.run_anyhow("nbsnake", *words)
    story = f"{place}: {' '.join(words)}\n{ended.stdout}{ended.stderr}"
    assert not opened, f"it waited for {opened}\n{story}"
    assert "Traceback" not in ended.stderr, story
    assert ended.returncode in (0, 1, 2, 3), story
