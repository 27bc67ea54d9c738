"""What ``.dvcignore`` says holds in jobs as it holds in ``dvc repro``."""

from collections.abc import Callable

import pytest
import yaml
from diamond import NOTHING
from e2e_project import Project

pytestmark = pytest.mark.e2e
PARTS = "data/.dvcignore"  # right writes data/parts/count.txt and data/parts/inner/*.txt


def locked_parts(project: Project) -> dict[str, object]:
    lock = yaml.safe_load(project.lock())
    parts: dict[str, object] = lock["stages"]["right"]["outs"][0]
    return parts


def test_patterns_hold_as_with_dvc_repro_and_when_they_change(
    new_project: Callable[[str], Project],
) -> None:
    ours, theirs = new_project("ours"), new_project("theirs")
    for copy in (ours, theirs):
        copy.write(PARTS, "/parts/inner/*\n!/parts/inner/0.txt\n")
    ours.snakemake()
    theirs.dvc("repro", "--quiet")
    assert ours.lock() == theirs.lock()
    assert b"nfiles: 2\n" in ours.lock()
    assert ours.files(".dvc/cache/files") == theirs.files(".dvc/cache/files")
    for copy in (ours, theirs):
        copy.computed()
        copy.assert_dvc_clean()
        assert NOTHING in copy.snakemake()

    for copy in (ours, theirs):
        copy.write(PARTS, "/parts/inner/\n")
    assert ours.status()["right"]["state"] == "stale"
    ours.snakemake()
    theirs.dvc("repro", "--quiet")
    # join reads the files that are ignored now too; DVC has not brought them back.
    assert locked_parts(ours) == locked_parts(theirs)
    assert ours.computed() == ["join", "right"]
    ours.assert_dvc_clean()
    assert NOTHING in ours.snakemake()
