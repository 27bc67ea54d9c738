"""Plain Snakemake leaves what ``dvc repro`` leaves, and both agree on what is done."""

from collections.abc import Callable

import pytest
from diamond import NOTHING
from e2e_project import Project

pytestmark = pytest.mark.e2e


def test_snakemake_leaves_byte_for_byte_what_dvc_repro_leaves(
    new_project: Callable[[str], Project],
) -> None:
    ours, theirs = new_project("ours"), new_project("theirs")
    ours.snakemake()
    theirs.dvc("repro", "--quiet")

    assert ours.lock() == theirs.lock()
    assert ours.files(".dvc/cache/files") == theirs.files(".dvc/cache/files")
    assert ours.files(".dvc/cache/runs") == theirs.files(".dvc/cache/runs")
    assert ours.gitignores() == theirs.gitignores()
    assert ours.outputs() == theirs.outputs()
    assert ours.output_modes() == theirs.output_modes()
    assert ours.git("status", "--short") == theirs.git("status", "--short")

    for copy in (ours, theirs):
        lock = copy.lock()
        assert copy.computed() == ["join", "left", "make", "right"]
        copy.assert_dvc_clean()
        assert "up to date" in copy.dvc("repro")
        assert NOTHING in copy.snakemake()
        assert copy.computed() == []
        assert copy.lock() == lock

    theirs.replace("params.yaml", "factor: 3", "factor: 5")
    theirs.dvc("repro", "--quiet")
    assert theirs.computed() == ["join", "left"]
    lock = theirs.lock()
    assert NOTHING in theirs.snakemake()
    assert theirs.computed() == []
    assert theirs.lock() == lock


def test_independent_steps_run_at_the_same_time(finished: Project) -> None:
    left, right = finished.receipt("left"), finished.receipt("right")
    assert left["started"] < right["ended"]
    assert right["started"] < left["ended"]
    assert finished.receipt("make")["ended"] <= min(left["started"], right["started"])
    assert finished.receipt("join")["started"] >= max(left["ended"], right["ended"])


@pytest.mark.parametrize("kind", ["hardlink", "symlink"])
def test_cache_objects_stay_what_their_names_say_with_links(
    kind: str, project: Project, finished: Project
) -> None:
    project.dvc("config", "cache.type", kind)
    project.snakemake()
    assert project.lock() == finished.lock()
    assert project.outputs() == finished.outputs()
    output = project.root / "joined.txt"
    assert output.is_symlink() if kind == "symlink" else output.stat().st_nlink == 2
    assert project.wrong_objects() == []
    project.computed()

    project.replace("params.yaml", "factor: 3", "factor: 5")
    project.snakemake()
    assert project.computed() == ["join", "left"]
    assert project.wrong_objects() == []
    project.assert_dvc_clean()

    project.replace("params.yaml", "factor: 5", "factor: 3")
    project.snakemake()
    assert project.computed() == []
    assert project.lock() == finished.lock()
    assert project.outputs() == finished.outputs()
    assert project.wrong_objects() == []
