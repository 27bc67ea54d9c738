"""A run that has nothing to compute starts no Snakemake, unless only Snakemake can know that."""

import pytest
from e2e_project import Project

pytestmark = pytest.mark.e2e
OWN_RULE = """
rule extra:
    output: "extra.txt"
    shell: "echo extra > {output}"
"""


@pytest.fixture
def logs(done: Project):
    """The logs of Snakemake's runs so far."""
    return lambda: len(done.files(".snakemake/log"))


def test_nothing_to_do_is_said_without_snakemake(done: Project, logs) -> None:
    before = logs()
    assert "nothing to be done: all steps are fresh" in done.nbsnake("run").stderr
    assert "the steps that were asked for are fresh" in done.nbsnake("run", "left").stderr
    assert logs() == before
    done.assert_dvc_clean()


def test_results_of_an_earlier_parameter_come_back_and_are_locked(done: Project, logs) -> None:
    lock = done.read("dvc.lock")
    done.replace("params.yaml", "factor: 3", "factor: 4")
    done.nbsnake("run")
    assert done.computed() == ["join", "left"]
    before = logs()
    done.replace("params.yaml", "factor: 4", "factor: 3")
    printed = done.nbsnake("run").stderr
    assert "restored from the cache: left, join" in printed
    assert "dvc.lock: locked left, join" in printed
    assert logs() == before
    assert done.computed() == []
    assert done.read("dvc.lock") == lock
    done.assert_dvc_clean()
    assert "up to date" in done.dvc("repro")


def test_rules_of_the_user_are_for_snakemake(done: Project, logs) -> None:
    done.write("workflow/rules/extra.smk", OWN_RULE)
    done.nbsnake("run")
    assert logs() == 2


@pytest.mark.parametrize(
    ("path", "old", "new", "starts"),
    [
        ("workflow/Snakefile", "nbsnake.targets()", 'nbsnake.targets(), "extra.txt"', True),
        ("workflow/profiles/default/profile.yaml", "keep-going: true", "forceall: true", True),
        ("workflow/profiles/default/profile.yaml", "keep-going: true", "keep-going: false", False),
    ],
)
def test_settings_that_decide_what_runs_are_for_snakemake(
    done: Project, logs, path: str, old: str, new: str, starts: bool
) -> None:
    before = logs()
    done.write("workflow/rules/extra.smk", OWN_RULE) if "extra" in new else None
    done.replace(path, old, new)
    done.nbsnake("run")
    assert (logs() > before) is starts
    assert (done.computed() != []) is ("forceall" in new)


def test_options_for_snakemake_are_for_snakemake(done: Project, logs) -> None:
    before = logs()
    done.nbsnake("run", "--", "--forceall")
    assert logs() == before + 1
    assert len(done.computed()) == 4


def test_an_output_that_was_deleted_is_computed_when_nothing_keeps_it(done: Project, logs) -> None:
    before = logs()
    done.write(".dvc/config.local", "")
    for path in done.files(".dvc/cache"):
        (done.root / path).unlink()
    (done.root / "joined.txt").unlink()
    done.nbsnake("run")
    assert logs() == before + 1
    assert done.computed() == ["join"]
    done.assert_dvc_clean()
