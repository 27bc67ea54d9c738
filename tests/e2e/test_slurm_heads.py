"""Jobs on a real Slurm whose head was killed before it knew of them."""

import signal
from pathlib import Path

import pytest
from e2e_project import Project, kill_group
from slurm_cluster import wait_until
from slurm_project import ALL, Login, assert_all_locked

pytestmark = [pytest.mark.e2e, pytest.mark.slurm]
ANSWER = """\
#!/bin/sh
export PATH={path}
sbatch "$@" > "{folder}/answer"
case "$*" in *{word}*) touch "{folder}/submitted"; sleep 600 ;; esac
cat "{folder}/answer"
"""


def without_answer(login: Login, folder: Path, word: str) -> dict[str, str]:
    """Variables with which nobody gets the answer to the submission that has this word."""
    programs = folder / "programs"
    programs.mkdir()
    path = login.project.env["PATH"]
    (programs / "sbatch").write_text(ANSWER.format(path=path, folder=folder, word=word))
    (programs / "sbatch").chmod(0o755)
    return {"PATH": f"{programs}:{path}"}


@pytest.mark.parametrize("how", ["run", "submit"])
def test_a_job_of_which_a_killed_head_did_not_get_the_number_is_known(
    login: Login, finished: Project, tmp_path: Path, how: str
) -> None:
    project = login.project
    profile = ["--profile", "slurm"]
    with login.cluster.all_nodes_taken():
        env = without_answer(login, tmp_path, "make")
        head = project.start("nbsnake", how, *profile, **env)
        wait_until("it was submitted", (tmp_path / "submitted").exists, 120)
        kill_group(head, signal.SIGKILL)
        assert len(login.cluster.jobs()) == 2  # with the one that takes the nodes
        assert not (project.root / ".nbsnake/slurm/jobs").exists()
        if how == "submit":
            output = project.nbsnake("submit").stderr
            assert "make" not in output.partition("submitted ")[2]
        else:
            process = project.start("nbsnake", "run", "-j", "2")
            project.wait_until_printed("cancelled 1 waiting job of an earlier run", process)
            assert process.wait(timeout=120) == 0
    login.assert_all_ended()
    assert project.computed() == ALL
    assert_all_locked(project, finished)
