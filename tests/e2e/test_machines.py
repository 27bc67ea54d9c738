"""What steps need of their machine is not part of their results."""

import pytest
from diamond import LEFT, NOTHING
from e2e_project import Project

pytestmark = pytest.mark.e2e
NEEDS = """\
needs:
  make: {threads: 2, retries: 1}
  left: {resources: {mem_mb: 100 * attempt, runtime: 5}, group: sides}
  right: {group: sides, conda: a_name}
  join: {container: "docker://python:3.12"}
"""


def test_changing_what_steps_need_makes_nothing_run_and_locks_nothing(done: Project) -> None:
    before = done.lock()
    done.write("nbsnake.yaml", NEEDS)
    output = done.nbsnake("generate").stderr
    assert "workflow/scripts" not in output
    assert "dvc.yaml" not in output
    assert NOTHING in done.snakemake()
    assert "Congratulations" in done.snakemake("--lint")
    done.run("snakefmt", "--check", "workflow")
    done.assert_dvc_clean()
    assert done.lock() == before
    assert done.computed() == []


def test_a_step_that_fails_is_tried_again_as_often_as_it_says(project: Project) -> None:
    project.write("nbsnake.yaml", "needs: {left: {retries: 2}}\n")
    project.write_notebook("left", [*LEFT, "raise ValueError('no luck today')\n"])
    project.nbsnake("generate")
    project.snakemake(code=1)
    assert project.computed().count("left") == 3
