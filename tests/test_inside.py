"""At which paths files may be changed, with links of all kinds on the way."""

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbsnake.job.atomic import write_atomically
from nbsnake.job.inside import UnsafePathError, fault, inside, output, plain

NAMES = (
    "a",
    "b",
    "in",
    "out",
    "up",
    "git",
    "self",
    ".",
    "..",
    "",
    ".git",
    ".GIT",
    "workflow",
    "x.dvc",
)
LINKS = {"in": "a", "out": "../outside", "up": "..", "git": ".git/hooks", "self": "self"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A project with links in its root and in a folder; the place beside it."""
    top = tmp_path_factory.mktemp("place")
    for folder in ("project/a/b", "project/.git/hooks", "outside"):
        (top / folder).mkdir(parents=True)
    for name, target in LINKS.items():
        (top / "project" / name).symlink_to(target)
        (top / "project/a" / name).symlink_to(top / "project" / target)
    return top


@given(names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=5))
def test_what_passes_is_written_in_the_project_and_nowhere_else(place, names):
    """The system itself is the witness: the real path of the folder that is written to."""
    path = "/".join(names)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place / "project")
        root = os.path.realpath(".")
        try:
            inside(path)
        except UnsafePathError:
            return
        real = os.path.realpath(os.path.dirname(path) or ".")
        assert f"{real}/".startswith(f"{root}/")
        assert not real.startswith(f"{root}/.git") or path.casefold().startswith(".git")


@given(names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=5))
def test_an_output_belongs_to_no_tool(place, names):
    path = "/".join(names)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place / "project")
        if why := fault(path):
            with pytest.raises(UnsafePathError, match=re.escape(why)):
                output(path)
            return
        real = os.path.relpath(os.path.realpath(os.path.dirname(path) or "."))
        for below in (os.path.normpath(path).casefold(), real):
            assert not f"{below}/".startswith((".git/", "workflow/", "../", "/"))


@pytest.mark.parametrize(
    "path", ["/x", "../x", "a/../../x", "", ".", "./.", "a\0b", "..", "out/x", "a/up/x", "self/x"]
)
def test_paths_that_lead_out_are_refused(place, monkeypatch, path):
    monkeypatch.chdir(place / "project")
    with pytest.raises(UnsafePathError):
        inside(path)
    with pytest.raises((UnsafePathError, ValueError)):
        write_atomically(path, b"evil")


@pytest.mark.parametrize(
    "path",
    [
        *(".git/config", ".GIT/hooks/x", "a/.git/x", ".Git./x", ".g\u200cit/config", "git/x"),
        *(".dvc/config", ".DVC/x", ".nbsnake/x", ".snakemake/x", "workflow/x", "WORKFLOW/x"),
        *("dvc.yaml", "DVC.lock", "params.yaml", "x.dvc", ".gitignore", "a/.gitattributes"),
    ],
)
def test_what_a_tool_owns_is_no_output_in_any_spelling(place, monkeypatch, path):
    monkeypatch.chdir(place / "project")
    assert fault(path)
    with pytest.raises(UnsafePathError):
        output(path)


def test_a_link_leads_from_records_to_no_other_tool(folder):
    """Inside the project, too: git runs what is in its folder of hooks."""
    Path(".git/hooks").mkdir(parents=True)
    Path(".snakemake").mkdir()
    Path(".snakemake/metadata").symlink_to(folder / ".git/hooks")
    with pytest.raises(UnsafePathError, match=r"led by a link to \.git/hooks/x"):
        inside(".snakemake/metadata/x")


def test_links_of_a_project_that_lead_to_its_own_folders_are_followed(folder):
    Path("workflow/profiles/slurm").mkdir(parents=True)
    Path("workflow/profiles/default").symlink_to("slurm")
    Path("real").mkdir()
    Path("data").symlink_to("real")
    write_atomically("data/x", b"1")
    write_atomically("workflow/profiles/default/profile.yaml", b"2")
    assert Path("real/x").read_bytes() == b"1"


def test_the_last_name_of_a_link_is_replaced_and_not_followed(folder):
    Path("victim").write_text("precious\n")
    Path("x").symlink_to("victim")
    write_atomically("x", b"new\n")
    assert not Path("x").is_symlink()
    assert Path("victim").read_text() == "precious\n"
    Path("y").symlink_to("victim")
    with pytest.raises(UnsafePathError, match="is a link"):
        plain("y")
